"""Steps that are too large, too small, or beyond all numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.diagnosis.course import Course
from engine.diagnosis.learning import exploding, not_a_number, plateau, rate_too_high, rate_too_low
from tests.engine.diagnosis.courses import course

LEARNS = [(0.6, 0.7, 0.6, 0.7), (0.5, 0.8, 0.5, 0.8), (0.4, 0.85, 0.45, 0.82), (0.35, 0.88, 0.44, 0.83)]
CROWD = 12


def test_a_loss_that_is_no_number_is_told_with_the_step_and_a_tenth_of_the_rate() -> None:
    found = not_a_number(replace(course(LEARNS[:1], learning_rate=0.5), step_losses=(0.7, 3e8)), 2)
    assert (found.kind, found.severity, found.epoch) == ("not-a-number", "grave", 2)
    assert "Epoch 2, after step 2, whose loss was 3.0e+08, at a learning rate of at most 0.5" in found.evidence
    assert found.changes == {"learning_rate": 0.05, "clip_norm": 1.0} and "0.05" in found.remedy
    clipped = not_a_number(course(LEARNS[:1], learning_rate=0.5, clip_norm=0.5), 2)
    assert clipped.changes == {"learning_rate": 0.05}


def test_an_exploding_loss_is_told_before_it_is_no_number() -> None:
    assert exploding(course(LEARNS)) is None
    found = exploding(course([*LEARNS, (9.0, 0.5, 9.0, 0.5)]))
    assert found and found.severity == "grave" and "9.00 in epoch 5" in found.evidence


@pytest.mark.parametrize(
    ("loss", "train_loss", "explodes"), [("bce", 6.8, False), ("bce", 7.0, True), ("focal", 2.0, True)]
)
def test_what_guessing_costs_depends_on_the_loss(loss: str, train_loss: float, explodes: bool) -> None:
    found = exploding(course([(train_loss, 0.5, 1.0, 0.5)], loss=loss))
    assert (found is not None) == explodes


def test_a_training_loss_that_rises_is_a_rate_too_high() -> None:
    found = rate_too_high(course([*LEARNS, (0.55, 0.75, 0.6, 0.8)], learning_rate=0.02))
    assert found and found.changes == {"learning_rate": 0.002}
    assert "from 0.35 (epoch 4) to 0.55 (epoch 5)" in found.evidence


def test_a_training_loss_that_stays_above_guessing_is_grave() -> None:
    found = rate_too_high(course([(3.0, 0.5, 4.0, 0.5), (1.2, 0.5, 2.0, 0.5), (0.95, 0.5, 2.0, 0.5)]))
    assert found and found.severity == "grave" and "above the 0.69" in found.evidence


def test_steps_that_rise_within_an_epoch_are_a_rate_too_high() -> None:
    noisy = tuple(0.6 + 0.1 * (-1) ** step for step in range(CROWD))
    assert rate_too_high(replace(course(LEARNS), step_losses=noisy)) is None
    rising = tuple(loss + 0.08 * step for step, loss in enumerate(noisy))
    found = rate_too_high(replace(course(LEARNS), step_losses=rising))
    assert found and "Within epoch 4" in found.evidence


def test_validation_that_jumps_further_than_its_photos_explain_is_a_rate_too_high() -> None:
    jumping = [(0.5 - 0.01 * n, 0.8, 0.6, 0.9 if n % 2 else 0.6) for n in range(6)]
    found = rate_too_high(course(jumping))
    assert found and "60.0 %, 90.0 %" in found.evidence
    assert rate_too_high(course(jumping, val=4)) is None, "8 photos jump so by luck"
    falling = [(0.6 - 0.05 * n, *row[1:]) for n, row in enumerate(jumping)]
    assert rate_too_high(course(falling)) is None, "it learns all the same"


def test_what_is_unfrozen_may_raise_the_loss() -> None:
    run = course([*LEARNS, (0.55, 0.75, 0.6, 0.8)])
    rows = (*run.history[:-1], replace(run.history[-1], phase=2))
    assert rate_too_high(replace(run, history=rows)) is None


def test_a_schedule_that_starts_anew_may_raise_the_loss_once() -> None:
    rows = [*LEARNS, (0.55, 0.75, 0.6, 0.8)]
    rates = (1e-3, 6e-4, 3e-4, 1e-5, 1e-3)
    rising = tuple(0.6 + 0.1 * (-1) ** step + 0.08 * step for step in range(CROWD))

    def restarted(run: Course) -> Course:
        found = [replace(row, learning_rate=rate) for row, rate in zip(run.history, (*rates, 9e-4), strict=False)]
        return replace(run, history=tuple(found), step_losses=rising if len(found) == 5 else ())

    assert rate_too_high(restarted(course(rows, schedule="cosine-restarts"))) is None
    assert rate_too_high(restarted(course(rows))), "another schedule has no reason to"
    again = rate_too_high(restarted(course([*rows, (0.95, 0.6, 0.6, 0.8)], schedule="cosine-restarts")))
    assert again and "from 0.55 (epoch 5) to 0.95 (epoch 6)" in again.evidence


def test_noise_near_zero_is_no_rise() -> None:
    assert rate_too_high(course([(0.02, 1.0, 0.1, 0.97), (0.01, 1.0, 0.1, 0.97), (0.03, 0.99, 0.1, 0.97)])) is None


def test_a_loss_that_falls_along_a_line_and_hardly_is_a_rate_too_low() -> None:
    slow = [(0.693 - 0.002 * n, 0.52, 0.69, 0.51) for n in range(6)]
    found = rate_too_low(course(slow, learning_rate=1e-5))
    assert found and found.changes == {"learning_rate": 0.001}, "what the strategy usually takes"
    assert "from 0.691 to 0.683" in found.evidence
    lower = [(loss - 0.1, *others) for loss, *others in slow]
    found = rate_too_low(course(lower, learning_rate=0.001))  # type: ignore[arg-type]
    assert found and found.changes == {"learning_rate": 0.01}
    assert rate_too_low(course(slow, learning_rate=0.001)) is None, "at that rate there may be nothing to learn"


def test_a_loss_that_falls_well_or_is_low_already_is_no_rate_too_low() -> None:
    assert rate_too_low(course(LEARNS * 2)) is None
    assert rate_too_low(course([(0.1 - 0.001 * n, 0.97, 0.1, 0.97) for n in range(6)])) is None


def test_a_plateau_is_told_at_a_large_rate_only() -> None:
    flat = [*LEARNS[:3], *[(0.42, 0.84, 0.5, 0.8)] * 5]
    found = plateau(course(flat, schedule="constant"))
    assert found and found.changes == {"schedule": "cosine"} and "Since epoch 3" in found.evidence
    found = plateau(course(flat, learning_rate=0.001))
    assert found and found.changes == {"learning_rate": 0.0001}
    run = course(flat)
    assert plateau(replace(run, history=(*run.history[:-1], replace(run.last, learning_rate=1e-5)))) is None


def test_a_run_that_still_learns_or_has_learned_all_is_on_no_plateau() -> None:
    assert plateau(course([(0.7 - 0.03 * n, 0.8, 0.7 - 0.02 * n, 0.75) for n in range(9)])) is None
    assert plateau(course([(0.02, 1.0, 0.1, 0.97)] * 9)) is None
