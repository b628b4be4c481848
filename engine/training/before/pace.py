"""How long a piece of work takes, told from as little of it as says so."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

WARM_UPS = 2
LEAST, MOST = 3, 40
"""Pieces that are measured, at least and at most."""
STEADY = 0.04
"""A mean whose standard error is this share of it is known well enough."""


@dataclass
class Pace:
    """What has been measured: units of work and the seconds that they took."""

    units: int = 0
    seconds: float = 0.0

    @property
    def seconds_per_unit(self) -> float:
        return self.seconds / self.units if self.units else 0.0


def measured_pace(pieces: Iterable[int], seconds: float, clock: Callable[[], float] = time.perf_counter) -> Pace:
    """The pace of an iterable that works when it is asked for its next piece, and says of how many units that was.

    The first pieces are warm-ups, and it goes on until the pace is steady or `seconds` are over. Of work that is all
    done before, the last pieces are taken, be they warm-ups; Pace() where there was none.
    """
    began = now = clock()
    found: list[tuple[int, float]] = []
    for units in pieces:
        before, now = now, clock()
        if units:
            found.append((units, now - before))
        # where a piece takes long, one warm-up is enough: there is more than one chance to warm up within it
        warm = WARM_UPS if now - began < seconds / 2 else 1
        measured = found[warm:]
        if len(measured) >= MOST or (len(measured) >= LEAST and _is_steady(measured)):
            break
        if measured and now - began > seconds:
            break
    else:
        warm = min(WARM_UPS, max(0, len(found) - 1))
        measured = found[warm:]
    return Pace(sum(units for units, _ in measured), sum(took for _, took in measured))


def _is_steady(measured: list[tuple[int, float]]) -> bool:
    each = [took / units for units, took in measured]
    return statistics.stdev(each) / math.sqrt(len(each)) <= STEADY * statistics.mean(each)
