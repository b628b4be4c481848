"""From the pace of pieces to the whole run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.training.before import estimate
from engine.training.before.estimate import Counts, PhaseCost, RunCost

REST = RunCost(before=7.0, checkpoint=0.5, proof=0.1, answer=0.02, python=0.07, layers=100, parameters=2_000_000)
COUNTS = Counts(drawn=200, val=40, test=30, parity=70)


def test_the_parts_are_the_run() -> None:
    phases = [PhaseCost(2, 30.0, 0.001, 0.0005), PhaseCost(8, 0.0, 0.1, 0.02)]
    parts = dict(estimate.parts(phases, REST, COUNTS))
    assert parts["Computing the frozen layers, once"] == 30
    assert parts["Training"] == pytest.approx(160.4)
    assert parts["Validation and checkpoints"] == pytest.approx(11.44)
    assert parts["Testing"] == pytest.approx(1.5)
    assert parts["Writing the model file and comparing it"] == pytest.approx(8.6)
    epoch = estimate.seconds_per_epoch(phases, REST, COUNTS)
    assert 10 * epoch == pytest.approx(parts["Training"] + parts["Validation and checkpoints"])


def test_exporting_is_as_slow_as_the_machine() -> None:
    assert estimate.export_seconds(REST) == pytest.approx(5.7)
    assert estimate.export_seconds(replace(REST, python=0.14)) == pytest.approx(11.4)


@pytest.mark.parametrize(
    ("count", "chosen"), [(1, [0]), (3, [0, 1, 2]), (4, [0, 2, 3]), (8, [0, 4, 7]), (20, [0, 10, 19])]
)
def test_both_ends_of_a_long_plan_are_measured(count: int, chosen: list[int]) -> None:
    assert estimate.chosen_phases(count, 3) == chosen


def test_a_phase_between_two_costs_what_lies_between() -> None:
    first, last = PhaseCost(0, 20.0, 0.01, 0.004, 1000), PhaseCost(0, 0.0, 0.09, 0.02, 0)
    found = estimate.all_phases({0: first, 4: last}, [1, 1, 2, 1, 5])
    assert [phase.epochs for phase in found] == [1, 1, 2, 1, 5]
    assert found[0] == replace(first, epochs=1) and found[4] == replace(last, epochs=5)
    assert [phase.step_seconds for phase in found] == pytest.approx([0.01, 0.03, 0.05, 0.07, 0.09])
    assert found[2].once == pytest.approx(10) and found[2].kept_bytes == 500
