"""How long work takes, told from a little of it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from engine.training.before.pace import measured_pace


class Work:
    """Work on a clock of its own: each piece takes what the list says."""

    def __init__(self, seconds: list[float], units: int = 4) -> None:
        self.now, self.done, self._seconds, self._units = 0.0, 0, seconds, units

    def pieces(self) -> Iterator[int]:
        for took in self._seconds:
            self.now += took
            self.done += 1
            yield self._units

    def clock(self) -> float:
        return self.now


def pace(seconds: list[float], budget: float) -> tuple[float, int]:
    work = Work(seconds)
    return measured_pace(work.pieces(), budget, work.clock).seconds_per_unit, work.done


def test_a_steady_pace_is_known_after_the_warm_ups_and_a_few_pieces() -> None:
    assert pace([9.0, 5.0, *[1.0] * 100], 1000) == (pytest.approx(0.25), 5)


def test_an_unsteady_pace_is_measured_until_time_is_up() -> None:
    found, pieces = pace([1.0, 1.0, *itertools.islice(itertools.cycle([0.5, 1.5]), 100)], 20)
    assert found == pytest.approx(0.25, rel=0.1) and 18 <= pieces <= 23


def test_slow_pieces_have_one_warm_up_and_at_least_one_measured() -> None:
    found, pieces = pace([60.0, 40.0, 40.0, 40.0], 10)
    assert found == pytest.approx(10.0) and pieces == 2


@pytest.mark.parametrize(("seconds", "found"), [([3.0], 0.75), ([3.0, 1.0], 0.25), ([3.0, 2.0, 1.0], 0.25), ([], 0.0)])
def test_of_little_work_the_last_of_it_counts(seconds: list[float], found: float) -> None:
    assert pace(seconds, 100)[0] == pytest.approx(found)


def test_pieces_of_which_nothing_could_be_read_do_not_count() -> None:
    work = Work([1.0] * 4, units=0)
    assert measured_pace(work.pieces(), 100, work.clock).seconds_per_unit == 0.0
