"""What a curve of losses over rates says."""

from __future__ import annotations

import itertools
import math

import pytest

from engine.training.before import lr_curve
from engine.training.before.lr_curve import Smoothed, steepest, suggestion, sweep_rates, valley


def test_rates_rise_by_one_factor_from_end_to_end() -> None:
    rates = sweep_rates(1000)
    assert len(rates) == lr_curve.MOST_STEPS
    assert rates[0] == pytest.approx(1e-7) and rates[-1] == pytest.approx(10)
    factors = [later / earlier for earlier, later in itertools.pairwise(rates)]
    assert max(factors) == pytest.approx(min(factors))


@pytest.mark.parametrize(("steps_per_epoch", "steps"), [(1, 50), (7, 70), (10, 100), (400, 100)])
def test_few_photos_are_not_seen_more_than_some_ten_times(steps_per_epoch: int, steps: int) -> None:
    assert len(sweep_rates(steps_per_epoch)) == steps


def test_the_mean_of_a_constant_is_that_constant_from_the_first_step() -> None:
    smoothed = Smoothed()
    assert [smoothed.add(0.7) for _ in range(5)] == pytest.approx([0.7] * 5)


def test_a_loss_that_has_risen_fourfold_or_is_no_number_has_diverged() -> None:
    smoothed = Smoothed()
    for _ in range(30):
        smoothed.add(0.5)
    assert not smoothed.has_diverged(1.9) and smoothed.has_diverged(2.1)
    assert smoothed.has_diverged(math.nan) and smoothed.has_diverged(math.inf)


def curve(fall: int, rise: int, steps: int) -> list[float]:
    """Flat to step `fall`, then down evenly to step `rise`, then up again."""
    return [1 - 0.8 * min(1, max(0, (s - fall) / (rise - fall))) + max(0, s - rise) * 0.3 for s in range(steps)]


def test_the_suggestions_lie_on_the_way_down() -> None:
    losses = curve(30, 70, 76)
    found = suggestion(losses)
    assert found is not None
    assert 30 < found.valley < 70 and 30 <= found.steepest < 70
    assert losses[found.valley] == pytest.approx(0.6, abs=0.1)  # halfway down


def test_a_bump_does_not_break_the_valley() -> None:
    losses = curve(30, 70, 76)
    bumped = [loss + 0.06 * (step in (45, 46, 58)) for step, loss in enumerate(losses)]
    assert abs(valley(bumped) - valley(losses)) <= 2


def test_the_steepest_descent_is_found() -> None:
    assert steepest([1.0, 0.99, 0.98, 0.6, 0.2, 0.19, 0.18]) == 3


@pytest.mark.parametrize(
    "losses",
    [[0.7] * 80, [0.7 + 0.01 * step for step in range(80)], [0.7 - 0.0001 * step for step in range(80)], [0.7, 0.2]],
    ids=["flat", "rising", "hardly falling", "diverged at once"],
)
def test_a_curve_that_does_not_fall_suggests_nothing(losses: list[float]) -> None:
    assert suggestion(losses) is None
