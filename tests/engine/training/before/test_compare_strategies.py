"""Strategies trained in turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import runs
from engine.config import TrainConfig
from engine.control import Control
from engine.errors import DiskFullError, DivergedError, RunError, ThawError
from engine.events import Event, Notice, RunFinished, RunStarted, StrategiesCompared, StrategyCompared
from engine.training.before import compare_strategies as module
from engine.training.before.compare_strategies import compare_strategies
from tests.engine.evaluation.measured import TEN, write
from tests.engine.training.before.stand_ins import config, of
from tests.tiny_photos import make_photos

THREE = ("feature-extraction", "last-blocks", "fine-tuning")


class Runs:
    """Stands for `train`."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.configs: list[TrainConfig] = []
        self.fails: dict[str, ThawError] = {}
        self.unready: dict[str, ThawError] = {}
        self.stop_in = ""

    def train(self, config: TrainConfig, run_dir: Path, *, control: Control, resume: bool, **_: Any) -> Iterator[Event]:
        assert resume
        self.configs.append(config)
        if runs.state(run_dir) != "finished":
            if error := self.unready.get(run_dir.name):
                raise error
            self.begun.append(run_dir.name)
            yield RunStarted(run_dir, config.model, config.strategy, "cpu", 1, ("a",), 1, 1, 1, 1, 1, 1, 1)
            if error := self.fails.get(run_dir.name):
                raise error
            if run_dir.name == self.stop_in:
                control.stop()
                return
            write(run_dir, TEN, strategy=config.strategy, model=config.model, comparison=config.comparison)
        yield RunFinished(run_dir, 2, 2, 1.0, 1.0, 5.0, 1.0, False)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Runs:
    trained = Runs()
    monkeypatch.setattr(module, "train", trained.train)
    return trained


def test_each_strategy_is_a_run_with_the_same_settings_else(trained: Runs, tmp_path: Path) -> None:
    asked = config(seed=7, strategy="custom", trainable=("x",))
    events = list(compare_strategies(asked, tmp_path / "all", strategies=THREE))
    assert trained.begun == list(THREE)
    shared = runs.read_config(tmp_path / "all" / THREE[0]).comparison
    expected = asked.with_changes(trainable=None, comparison=shared)
    assert {one.with_changes(strategy="custom") for one in trained.configs} == {expected} and shared
    assert len(of(RunStarted, events)) == 3 and len(of(StrategyCompared, events)) == 3
    assert isinstance(events[-1], StrategiesCompared)
    assert {run.strategy for run in runs.list_runs(tmp_path / "all")} == set(THREE)


def test_models_are_held_beside_each_other(trained: Runs, tmp_path: Path) -> None:
    events = list(compare_strategies(config(), tmp_path, models=("lenet5", "small_resnet")))
    assert trained.begun == ["lenet5-from-scratch", "small_resnet-from-scratch"]
    assert [row.model for row in of(StrategyCompared, events)] == ["lenet5", "small_resnet"]


def test_the_same_call_goes_on_where_it_was_stopped(trained: Runs, tmp_path: Path) -> None:
    trained.stop_in = "last-blocks"
    control = Control()
    events = list(compare_strategies(config(), tmp_path, strategies=THREE, control=control))
    assert trained.begun == ["feature-extraction", "last-blocks"]
    assert [row.strategy for row in of(StrategyCompared, events)] == ["feature-extraction"]
    trained.stop_in, trained.begun = "", []
    events = list(compare_strategies(config(), tmp_path, strategies=THREE))
    assert trained.begun == ["last-blocks", "fine-tuning"], "what is finished is not trained again"
    assert len(of(StrategyCompared, events)) == 3
    assert len({config.comparison for config in trained.configs}) == 1


def test_one_that_diverges_is_told_and_the_others_go_on(trained: Runs, tmp_path: Path) -> None:
    trained.fails["feature-extraction"] = DivergedError("The loss is no longer a number.")
    events = list(compare_strategies(config(), tmp_path, strategies=THREE))
    assert trained.begun == list(THREE)
    assert [notice.text for notice in of(Notice, events) if notice.kind == "not_trained"] == [
        "mobilenet_v2, feature-extraction: The loss is no longer a number."
    ]
    assert len(of(StrategyCompared, events)) == 2


@pytest.mark.parametrize("place", [0, 1])
def test_what_every_run_would_meet_ends_the_comparison(trained: Runs, tmp_path: Path, place: int) -> None:
    trained.fails[THREE[place]] = DiskFullError("The disk is full.")
    with pytest.raises(DiskFullError):
        list(compare_strategies(config(), tmp_path, strategies=THREE))
    assert trained.begun == list(THREE[: place + 1])


def test_what_keeps_the_first_from_starting_is_an_error_and_what_keeps_a_later_one_is_told(
    trained: Runs, tmp_path: Path
) -> None:
    trained.unready["last-blocks"] = ThawError("There are no weights.")
    assert len(of(StrategyCompared, list(compare_strategies(config(), tmp_path / "a", strategies=THREE)))) == 2
    with pytest.raises(ThawError, match="no weights"):
        list(compare_strategies(config(), tmp_path / "b", strategies=THREE[1:]))


@pytest.mark.usefixtures("trained")
def test_runs_with_other_settings_are_not_mixed(tmp_path: Path) -> None:
    list(compare_strategies(config(), tmp_path, strategies=THREE[:2]))
    list(compare_strategies(config(strategy="fine-tuning"), tmp_path, strategies=THREE))
    with pytest.raises(RunError, match="other settings"):
        list(compare_strategies(config(epochs=5), tmp_path, strategies=THREE))
    with pytest.raises(RunError, match="other settings"):
        list(compare_strategies(config(), tmp_path / THREE[0], strategies=THREE))


@pytest.mark.usefixtures("trained")
def test_a_rate_of_ones_own_is_said_to_hold_for_all(tmp_path: Path) -> None:
    events = list(compare_strategies(config(learning_rate=0.01), tmp_path, strategies=THREE))
    assert isinstance(events[0], Notice) and events[0].kind == "same_rate" and "0.01" in events[0].text


@pytest.mark.long
def test_two_real_runs_stand_beside_each_other(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", photos=10)
    small = config(data=photos, batch_size=8, threads=1, epochs=1)
    events = list(compare_strategies(small, tmp_path / "all", models=("mlp", "small_resnet"), offline=True))
    first, second = of(StrategyCompared, events)
    assert first.trained_parameters == first.parameters and first.parameters != second.parameters
    assert first.train_accuracy is not None and first.val_low < first.val_accuracy <= first.val_high
    assert "is best" in events[-1].sentence
    again = list(compare_strategies(small, tmp_path / "all", models=("mlp", "small_resnet"), offline=True))
    assert of(StrategyCompared, again) == [first, second] and not of(RunStarted, again)
