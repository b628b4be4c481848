"""Which photos an epoch draws."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config.photos import Sampling
from engine.dataset.sampling import class_shares, draw_epoch

DATASETS = st.lists(st.integers(0, 4), min_size=1, max_size=80)  # a class for each photo
SEEDS = st.integers(0, 2**31 - 1)
EVERY: list[Sampling] = ["each", "root", "balanced"]


def drawn(labels: list[int], sampling: Sampling, seed: int = 0, epoch: int = 1) -> tuple[int, ...]:
    """Photos are numbered from 100, as a split in the middle of a dataset."""
    return draw_epoch([100 + place for place in range(len(labels))], labels, sampling, seed, epoch)


@given(DATASETS, st.sampled_from(EVERY), SEEDS, st.integers(1, 50))
def test_an_epoch_is_as_long_as_ever_and_depends_on_seed_and_epoch_alone(
    labels: list[int], sampling: Sampling, seed: int, epoch: int
) -> None:
    one = drawn(labels, sampling, seed, epoch)
    np.random.seed(epoch)  # a global state that must not matter
    assert one == drawn(labels, sampling, seed, epoch)
    assert len(one) == len(labels) and set(one) <= {100 + place for place in range(len(labels))}


@given(DATASETS, st.sampled_from(EVERY), SEEDS)
def test_each_class_has_its_share_and_no_photo_comes_much_oftener_than_another(
    labels: list[int], sampling: Sampling, seed: int
) -> None:
    counts = np.bincount(labels, minlength=5).tolist()
    photos = Counter(drawn(labels, sampling, seed))
    per_class = Counter(labels[number - 100] for number in photos.elements())
    for label, share in enumerate(class_shares(counts, sampling)):
        assert abs(per_class[label] - share * len(labels)) < 1 + 1e-6
        times = [photos[100 + place] for place, of in enumerate(labels) if of == label]
        assert not times or max(times) - min(times) <= 1


@given(st.lists(st.integers(1, 40), min_size=2, max_size=5))
def test_shares_are_those_of_the_papers(counts: list[int]) -> None:
    assert class_shares(counts, "each") == pytest.approx(np.array(counts) / sum(counts))
    assert class_shares(counts, "balanced") == pytest.approx(np.full(len(counts), 1 / len(counts)))
    roots = np.sqrt(counts)
    assert class_shares(counts, "root") == pytest.approx(roots / roots.sum())


def test_each_photo_once_is_the_order_that_runs_always_had() -> None:
    before = np.random.default_rng([3, 2]).permutation(np.arange(100, 120)).tolist()
    assert list(drawn([0, 1] * 10, "each", seed=3, epoch=2)) == before


def test_epochs_and_seeds_draw_others() -> None:
    labels = [0] * 30 + [1] * 4
    drawings = {drawn(labels, "balanced", seed, epoch) for seed in (0, 1) for epoch in (1, 2, 3)}
    assert len(drawings) == 6
    left_out = [set(range(100, 130)) - set(drawn(labels, "balanced", 0, epoch)) for epoch in (1, 2)]
    assert left_out[0] != left_out[1], "the large class's photos take turns"
