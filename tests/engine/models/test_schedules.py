"""The learning rate over a run, for every schedule."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import TrainConfig, make_config
from engine.models.schedules import END_SHARE, SCHEDULES, START_SHARE, chosen_factor, learning_rate, rates
from engine.models.strategies import find_strategy
from engine.models.timelines import PlannedPhase

SMOOTH = [name for name in SCHEDULES if name not in ("step", "cosine-restarts")]
ENDS = {"cosine": 0.0, "constant": 1.0, "step": 0.01, "exponential": 0.01, "cosine-restarts": 0.0,
        "one-cycle": END_SHARE, "inverse-sqrt": 1 / math.sqrt(1 + 10), "plateau": 1.0}  # fmt: skip


def config(schedule: str, **changes: object) -> TrainConfig:
    made = make_config({"schedule": schedule, "epochs": 10, "warmup_epochs": 0.0} | changes)
    return made.with_changes(**chosen_factor(made))


def curve(settings: TrainConfig, steps_per_epoch: int, drops: int = 0) -> list[float]:
    steps = settings.epochs * steps_per_epoch
    return [learning_rate(settings, 1.0, step, steps, steps_per_epoch, drops) for step in range(steps)]


schedules = st.sampled_from(sorted(SCHEDULES))
anything = st.builds(
    config,
    schedules,
    epochs=st.integers(1, 30),
    warmup_epochs=st.integers(0, 200).map(lambda tenths: tenths / 10),
    step_epochs=st.floats(0, 40),
    restart_epochs=st.floats(0, 40),
    rate_factor=st.none() | st.floats(0.01, 0.99),
)


@given(anything, st.integers(1, 50), st.integers(0, 3))
def test_a_rate_is_never_negative_and_never_above_its_peak(settings: TrainConfig, steps: int, drops: int) -> None:
    assert all(0 <= rate <= 1 + 1e-12 for rate in curve(settings, steps, drops))


@given(anything, st.integers(1, 50))
def test_the_warm_up_rises_step_by_step_to_where_the_schedule_begins(settings: TrainConfig, steps: int) -> None:
    found = curve(settings, steps)
    warmup = min(settings.warmup_epochs * steps, len(found) / 2)
    rising = found[: math.ceil(warmup)]
    assert rising == sorted(set(rising))
    begins = START_SHARE if settings.schedule == "one-cycle" else 1.0
    assert all(0 < rate < begins for rate in rising)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("warmup", [0.0, 2.5])
def test_neighbouring_steps_have_neighbouring_rates(name: str, warmup: float) -> None:
    found = curve(config(name, warmup_epochs=warmup), 200)
    assert max(abs(later - earlier) for earlier, later in itertools.pairwise(found)) < 0.01


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_each_ends_as_it_says(name: str) -> None:
    assert curve(config(name), 2000)[-1] == pytest.approx(ENDS[name], abs=1e-3)
    assert set(ENDS) == set(SCHEDULES)


def test_steps_drop_at_the_thirds_or_where_they_are_told_to() -> None:
    assert [curve(config("step"), 30)[step] for step in (0, 99, 100, 199, 200, 299)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )
    told = curve(config("step", step_epochs=4, rate_factor=0.5), 1)
    assert told == [1.0] * 4 + [0.5] * 4 + [0.25] * 2


def test_each_cosine_is_twice_as_long_as_the_one_before() -> None:
    told = curve(config("cosine-restarts", restart_epochs=1), 10)
    tops = [step for step, rate in enumerate(told) if rate == pytest.approx(1.0)]
    assert tops == [0, 10, 30, 70]
    fitted = curve(config("cosine-restarts", epochs=7), 10)
    assert [step for step, rate in enumerate(fitted) if rate == pytest.approx(1.0)] == [0, 10, 30]


def test_one_cycle_peaks_after_three_tenths() -> None:
    found = curve(config("one-cycle"), 10)
    assert found[0] == pytest.approx(1 / 25) and found[30] == max(found) == pytest.approx(1.0)


def test_a_drop_of_validation_lowers_the_rate_for_the_rest_of_its_phase() -> None:
    settings = config("plateau", learning_rate=1.0, rate_factor=0.5)
    whole = find_strategy("discriminative")
    phase = PlannedPhase("", 1, 10, (0,))
    shares = [rates(settings, whole, phase, epoch, 5, drops=(4, 6))(0, 1) for epoch in (3, 4, 5, 6, 10)]
    assert shares == [1.0, 0.5, 0.5, 0.25, 0.25]
    second = PlannedPhase("", 6, 5, (0,), 0.1)
    anew = [rates(settings, find_strategy("fine-tuning"), second, epoch, 5, (4, 8))(0, 6) for epoch in (6, 7, 8)]
    assert anew == pytest.approx([0.1, 0.1, 0.05])


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_what_was_there_before_is_the_same_to_the_bit(schedule: str) -> None:
    """Runs of earlier versions go on at the same rates."""
    settings = config(schedule, warmup_epochs=0.7)
    for step in range(130):
        warmup = 0.7 * 13
        old = 0.003 * (1 + math.cos(math.pi * (step - warmup) / (130 - warmup))) / 2
        old = 0.003 if schedule == "constant" else old
        old = 0.003 * (step + 1) / (warmup + 1) if step < warmup else old
        assert learning_rate(settings, 0.003, step, 130, 13) == old
