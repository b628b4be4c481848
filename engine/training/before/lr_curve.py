"""What a sweep of learning rates says: the rates to try, the smoothed loss, and the rate to take. Arithmetic only."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

LOWEST, HIGHEST = 1e-7, 10.0
"""The ends of the sweep, as in fastai; 10 is the largest learning rate that a run takes."""
MOST_STEPS, LEAST_STEPS = 100, 50
MOST_EPOCHS = 10
"""How often a sweep goes through the training photos: a network that knows few photos by heart learns nothing of
rates."""
REMEMBERED = 0.9
"""Weight of the past in the smoothed loss. fastai's 0.98 remembers fifty of a hundred steps, which moves the curve a
decade to the right; over ten steps it moves by less than half a decade."""
DIVERGED = 4.0
"""A smoothed loss so many times the best has diverged (fastai, after Smith 2017)."""
LEAST_FALL = 0.05
"""A curve that nowhere falls by this share of the loss at its beginning says nothing."""


def sweep_rates(steps_per_epoch: int) -> list[float]:
    """The rates of a sweep, equally far apart on a logarithmic scale: a hundred, or fewer where the photos are few."""
    steps = min(MOST_STEPS, max(LEAST_STEPS, MOST_EPOCHS * steps_per_epoch))
    return [LOWEST * (HIGHEST / LOWEST) ** (step / (steps - 1)) for step in range(steps)]


class Smoothed:
    """An exponential mean of losses, corrected for its beginning at zero as Adam's moments are (Kingma and Ba 2015)."""

    def __init__(self) -> None:
        self._mean = self._weight = 0.0
        self.best = math.inf

    def add(self, loss: float) -> float:
        """Take a loss; returns the mean so far."""
        self._mean = REMEMBERED * self._mean + (1 - REMEMBERED) * loss
        self._weight = REMEMBERED * self._weight + (1 - REMEMBERED)
        now = self._mean / self._weight
        self.best = min(self.best, now)
        return now

    def has_diverged(self, now: float) -> bool:
        return not math.isfinite(now) or now > DIVERGED * self.best


@dataclass(frozen=True)
class Suggestion:
    """Places in the sweep: the `valley` is what is taken, `steepest` is shown beside it."""

    valley: int
    steepest: int


def suggestion(losses: Sequence[float]) -> Suggestion | None:
    """What smoothed losses at equally spaced (logarithmic) rates say, None where they nowhere fall.

    `losses` end before the divergence. The first tenth, in which the mean settles, is left out as in fastai.
    """
    first = len(losses) // 10
    seen = losses[first:]
    if len(seen) < 5 or seen[0] - min(seen) < LEAST_FALL * abs(seen[0]):
        return None
    return Suggestion(first + valley(seen), first + steepest(seen))


def steepest(losses: Sequence[float]) -> int:
    """The place after which the loss falls fastest, over the two steps around it (Smith 2017)."""
    falls = [later - earlier for earlier, later in zip(losses, losses[2:], strict=False)]
    return 1 + min(range(len(falls)), key=falls.__getitem__)


def valley(losses: Sequence[float]) -> int:
    """A place halfway down the longest descent: fastai's default, `valley`.

    The descent is the longest falling subsequence, which a bump does not break; the place is half of its length from
    its start (fastai: a third and half of a third), where the loss falls and is well before its rise.
    """
    lengths = [1] * len(losses)
    for here, earlier in itertools.combinations(range(len(losses)), 2):
        if losses[earlier] < losses[here]:
            lengths[earlier] = max(lengths[earlier], lengths[here] + 1)
    end = max(range(len(losses)), key=lengths.__getitem__)
    start = end - lengths[end]
    third = (end - start) // 3
    return max(0, start) + third + third // 2
