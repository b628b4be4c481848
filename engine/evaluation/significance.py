"""Whether one model is better than another on the same photos, or was only lucky."""

from __future__ import annotations

import math
from collections.abc import Sequence

LUCK = 0.05
"""Differences that chance alone brings about at least so often are said to be luck, as is usual."""


def mcnemar(first_only: int, second_only: int) -> float:
    """The exact two-sided p-value of McNemar's test: of the photos that only one of two models gets right, each
    falls to either with probability 1/2 where they are equally good, so `first_only` is binomial.

    Q. McNemar, Note on the sampling error of the difference between correlated proportions, Psychometrika 12 (1947),
    153-157; for classifiers T. G. Dietterich, Approximate statistical tests for comparing supervised classification
    learning algorithms, Neural Computation 10 (1998), 1895-1923.
    """
    n, fewer = first_only + second_only, min(first_only, second_only)
    terms = (
        math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2))
        for k in range(fewer + 1)
    )
    return min(1.0, 2 * math.fsum(terms))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """The p-values adjusted for their number, in the same order: none of them misleads more often than one test would.

    S. Holm, A simple sequentially rejective multiple test procedure, Scand. J. Statistics 6 (1979), 65-70.
    """
    adjusted, least = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = least
    return tuple(adjusted)


def verdict(first: str, second: str, first_only: int, second_only: int, p_value: float) -> str:
    """The difference of two models in a sentence, the better one first."""
    if not first_only and not second_only:
        return f"{first} and {second} are right on the same photos."
    if second_only > first_only:
        first, second, first_only, second_only = second, first, second_only, first_only
    chance = "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"
    luck = "this may be luck" if p_value >= LUCK else "this is hardly luck"
    return (
        f"{first} is right on {first_only} photo{'s' * (first_only != 1)} that {second} gets wrong, {second} on "
        f"{second_only} that {first} gets wrong: {luck} ({chance})."
    )
