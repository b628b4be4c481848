"""Which photos an epoch goes through, and in which order. NumPy only.

Drawn from (seed, epoch) alone, and always as many as there are training photos, so that epochs of runs compare.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.config.photos import Sampling

POWERS: dict[Sampling, float] = {"each": 1.0, "root": 0.5, "balanced": 0.0}
"""A class with n photos is drawn in proportion to n to this power, as in B. Kang et al., "Decoupling Representation and
Classifier for Long-Tailed Recognition" (2020), where 1/2 is the square root of D. Mahajan et al. (2018)."""


def class_shares(counts: Sequence[int], sampling: Sampling) -> np.ndarray:
    """The share of each class in what an epoch draws, from its photos; a class without any has none."""
    there = np.asarray(counts, np.float64)
    weights = np.where(there > 0, there ** POWERS[sampling], 0.0)
    shares: np.ndarray = weights / weights.sum()
    return shares


def draw_epoch(
    numbers: Sequence[int], labels: Sequence[int], sampling: Sampling, seed: int, epoch: int
) -> tuple[int, ...]:
    """The photos of an epoch in order: as many as `numbers`, whose classes (0, 1, …) are `labels`.

    Each class gets its share to within one photo; within a class no photo comes more than once oftener than another. A
    photo that comes several times in an epoch comes in the same view, as one of a heavier class would count more.
    """
    generator = np.random.default_rng([seed, epoch])
    places = np.asarray(numbers, np.int64)
    if sampling != "each":
        of = np.asarray(labels, np.int64)
        wanted = _whole(class_shares(np.bincount(of).tolist(), sampling) * len(places), generator)
        drawn = [_repeated(places[of == label], int(count), generator) for label, count in enumerate(wanted) if count]
        places = np.concatenate(drawn)
    return tuple(generator.permutation(places).tolist())


def _whole(quotas: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """`quotas` as whole numbers with the same sum: the largest remainders are rounded up, equal ones by luck."""
    whole = np.floor(quotas + 1e-9).astype(np.int64)  # 3.0 may come as 2.9999…
    missing = round(float(quotas.sum())) - int(whole.sum())
    order = np.lexsort((generator.random(len(quotas)), -np.round(quotas - whole, 9)))
    whole[order[:missing]] += 1
    return whole


def _repeated(places: np.ndarray, count: int, generator: np.random.Generator) -> np.ndarray:
    """`count` of `places`: all of them as often as they fit, and for the rest some by luck."""
    rest = generator.permutation(places)[: count % len(places)]
    return np.concatenate([np.tile(places, count // len(places)), rest])
