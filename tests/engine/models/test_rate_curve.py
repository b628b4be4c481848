"""The rate over a run, as it is drawn before the start."""

from __future__ import annotations

import pytest

from engine.config import make_config
from engine.errors import ThawError
from engine.models.catalog import CATALOG
from engine.models.rate_curve import POINTS, RateCurve, rate_curve
from engine.models.recipes import choose_recipe
from engine.models.schedules import SCHEDULES
from engine.models.strategies import STRATEGIES


def curve(**values: object) -> RateCurve:
    config = make_config(values)
    spec, strategy = CATALOG[config.model], STRATEGIES[config.strategy]
    return rate_curve(choose_recipe(config, spec, strategy), spec, strategy)


@pytest.mark.parametrize("schedule", sorted(SCHEDULES))
@pytest.mark.parametrize("epochs", [1, 7, 10_000])
def test_it_spans_the_run_with_some_hundred_points(schedule: str, epochs: int) -> None:
    found = curve(schedule=schedule, epochs=epochs, learning_rate=0.01)
    assert found.epochs[0] == 0 and found.epochs[-1] == epochs and list(found.epochs) == sorted(set(found.epochs))
    assert len(found.epochs) == len(found.rates) <= POINTS + 20
    assert 0.009 < max(found.rates) <= 0.01 and min(found.rates) >= 0


def test_phases_that_restart_have_schedules_of_their_own() -> None:
    found = curve(strategy="fine-tuning", epochs=10, learning_rate=1.0, warmup_epochs=0)
    second = [rate for epoch, rate in zip(found.epochs, found.rates, strict=True) if epoch >= 2]
    assert found.phases == (2.0,) and found.rates[0] == 1.0 and second[0] == max(second) == pytest.approx(0.1)


@pytest.mark.parametrize("when", ["schedule", "saturation"])
def test_blocks_that_join_change_nothing_for_the_head(when: str) -> None:
    joined = curve(strategy="progressive", unfreeze_when=when, learning_rate=0.5)
    assert joined == curve(strategy="feature-extraction", learning_rate=0.5)


def test_a_timeline_that_does_not_fit_is_a_sentence() -> None:
    with pytest.raises(ThawError, match="lists 2 epochs"):
        curve(unfreeze=(1, 1))
