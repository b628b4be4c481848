from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import file_lock, runs
from engine.config import TrainConfig
from engine.control import Control
from engine.errors import ConfigError, DivergedError, RunError, RunTakenError, ThawError
from engine.events import Event, RunFinished, SearchFinished, TrialFinished, TrialStarted
from engine.models.catalog import find_model
from engine.models.recipes import choose_recipe
from engine.models.strategies import find_strategy
from engine.training.before import search as module
from engine.training.before.search import search
from tests.engine.training.before.stand_ins import config, epoch_of, of
from tests.engine.training.short_run import small_resnet
from tests.tiny_photos import make_photos


class Runs:
    """Stands for `train`: a run reaches what its weight decay says, and leaves a folder."""

    def __init__(self) -> None:
        self.asked: list[TrainConfig] = []
        self.ended: list[Path] = []
        self.diverge_from = 99

    def train(self, config: TrainConfig, run_dir: Path, *, resume: bool = False, **_: Any) -> Iterator[Event]:
        if resume:
            assert runs.state(run_dir) == "interrupted"
            self.ended.append(run_dir)
            yield RunFinished(run_dir, 4, 4, 0.9, 0.8, 1.0, 10.0, False)
            return
        self.asked.append(config)
        runs.create(run_dir, config)
        for epoch in range(1, config.epochs + 1):
            if len(self.asked) >= self.diverge_from:
                raise DivergedError("The loss is no longer a number.")
            yield epoch_of(epoch, config.epochs, self.reached(config) * epoch / config.epochs)

    @staticmethod
    def reached(config: TrainConfig) -> float:
        return 0.5 if config.weight_decay is None else 0.9 - min(0.8, abs(config.weight_decay - 0.05))


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> Runs:
    trained = Runs()
    monkeypatch.setattr(module, "train", trained.train)
    return trained


def test_the_best_trial_becomes_the_run(trained: Runs, tmp_path: Path) -> None:
    events = list(search(config(), tmp_path / "run", vary=("weight_decay",), trials=8))
    assert trained.asked[0] == config()
    ended = of(TrialFinished, events)
    assert [event.trial for event in ended] == list(range(1, 9))
    last = events[-1]
    assert isinstance(last, SearchFinished) and last.usual_accuracy == 0.5
    finished = [event for event in ended if event.outcome == "finished"]
    assert last.val_accuracy == max(event.val_accuracy for event in finished) > 0.5
    assert last.changes == ended[last.best_trial - 1].changes
    assert runs.read_config(tmp_path / "run").weight_decay == last.changes["weight_decay"]
    assert trained.ended == [tmp_path / "run"]
    assert not list((tmp_path / "run.search").glob("trial-*"))


@pytest.mark.usefixtures("trained")
def test_what_promises_little_is_given_up_early(tmp_path: Path) -> None:
    events = of(TrialFinished, list(search(config(), tmp_path / "run", vary=("weight_decay",), trials=12)))
    pruned = [event for event in events if event.outcome == "pruned"]
    assert pruned and all(event.epochs < 4 and not event.best for event in pruned)
    assert all(event.outcome == "finished" for event in events[:4])


@pytest.mark.usefixtures("trained")
def test_a_stopped_search_whose_run_was_moved_goes_on(tmp_path: Path) -> None:
    control, events = Control(), []
    for event in search(config(), tmp_path / "run", vary=("weight_decay",), trials=6, control=control):
        events.append(event)
        if isinstance(event, TrialStarted) and event.trial == 3:
            control.stop()
    assert len(of(TrialFinished, events)) == 2 and isinstance(events[-1], SearchFinished)
    (tmp_path / "run").rename(tmp_path / "first")
    later = list(search(config(), tmp_path / "run", vary=("weight_decay",), trials=6))
    assert [event.trial for event in of(TrialFinished, later)] == [3, 4, 5, 6]
    assert events[-1].val_accuracy <= later[-1].val_accuracy


def test_a_trial_that_diverges_is_a_failed_one(trained: Runs, tmp_path: Path) -> None:
    trained.diverge_from = 2
    events = list(search(config(), tmp_path / "run", vary=("learning_rate",), trials=3))
    assert [event.outcome for event in of(TrialFinished, events)] == ["finished", "failed", "failed"]
    assert events[-1].best_trial == 1 and events[-1].changes == {}


def test_a_search_of_which_every_trial_diverges_says_so(trained: Runs, tmp_path: Path) -> None:
    trained.diverge_from = 1
    with pytest.raises(ThawError, match="lower learning rate"):
        list(search(config(), tmp_path / "run", trials=2))
    assert len(trained.asked) == 2 and not trained.ended


def test_what_keeps_a_run_from_starting_ends_the_search(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(*_: Any, **__: Any) -> Iterator[Event]:
        raise ThawError("There are no photos.")
        yield

    monkeypatch.setattr(module, "train", refused)
    with pytest.raises(ThawError, match="no photos"):
        list(search(config(), tmp_path / "run"))


def test_nothing_is_written_over_a_run(trained: Runs, tmp_path: Path) -> None:
    runs.create(tmp_path / "run", config())
    with pytest.raises(RunError, match="already; resume it, or"):
        list(search(config(), tmp_path / "run"))
    assert not trained.asked


@pytest.mark.usefixtures("trained")
def test_where_the_best_became_a_run_before_it_is_said(tmp_path: Path) -> None:
    list(search(config(), tmp_path / "run", vary=("learning_rate",), trials=2))  # all trials reach the same
    (tmp_path / "run").rename(tmp_path / "first")
    with pytest.raises(RunError, match="became a run before"):
        list(search(config(), tmp_path / "run", vary=("learning_rate",), trials=3))


@pytest.mark.usefixtures("trained")
def test_a_search_goes_on_with_its_own_settings_only(tmp_path: Path) -> None:
    list(search(config(), tmp_path / "run", trials=1))
    (tmp_path / "run").rename(tmp_path / "first")
    with pytest.raises(RunError, match="began with other settings"):
        list(search(config(epochs=5), tmp_path / "run", trials=2))


def test_only_what_can_be_varied_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot vary “seed”; it can vary augmentation"):
        list(search(config(), tmp_path / "run", vary=("seed",)))


def test_rates_are_tried_around_what_suits_the_trial(trained: Runs, tmp_path: Path) -> None:
    list(search(config(), tmp_path / "run", vary=("learning_rate", "strategy"), trials=10))
    assert len({asked.strategy for asked in trained.asked}) > 2
    for asked in trained.asked[1:]:
        usual = choose_recipe(
            asked.with_changes(learning_rate=None), find_model(asked.model), find_strategy(asked.strategy)
        ).learning_rate
        assert usual and asked.learning_rate and 0.09 < asked.learning_rate / usual < 11


@pytest.mark.long
def test_a_real_search_leaves_a_finished_run(tmp_path: Path) -> None:
    photos = make_photos(tmp_path / "photos", photos=10)
    small = small_resnet(photos)
    events = list(search(small, tmp_path / "run", vary=("learning_rate",), trials=2, offline=True))
    assert runs.state(tmp_path / "run") == "finished"
    assert [type(event) for event in events[-2:]] == [RunFinished, SearchFinished]
    assert runs.read_metrics(tmp_path / "run")["val_accuracy"] == events[-1].val_accuracy


def test_a_search_that_another_process_makes_is_left_alone(
    trained: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_lock, "PATIENCE_SECONDS", 0.0)
    first = search(config(), tmp_path / "run", trials=2)
    next(first)
    with pytest.raises(RunTakenError, match="search in"):
        next(search(config(), tmp_path / "run", trials=2))
    assert len(trained.asked) <= 1
    first.close()


def test_a_folder_that_is_not_empty_is_refused_before_any_trial(trained: Runs, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    list(search(config(), tmp_path / "run", trials=1))  # an empty one may be there
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes").write_text("")
    for taken in (tmp_path / "other", tmp_path / "other" / "notes"):
        with pytest.raises(RunError, match="no empty folder"):
            list(search(config(), taken, trials=1))
    assert len(trained.asked) == 1


def test_a_search_that_goes_on_does_not_propose_what_it_has_tried(trained: Runs, tmp_path: Path) -> None:
    killed = search(config(), tmp_path / "run", vary=("weight_decay",), trials=9)
    next(event for event in killed if isinstance(event, TrialFinished) and event.trial == 2)
    killed.close()
    list(search(config(), tmp_path / "run", vary=("weight_decay",), trials=3))
    assert len({asked.weight_decay for asked in trained.asked}) == 3


def test_a_stop_before_a_trial_has_begun_ends_with_the_best_so_far_and_is_heard_to_the_end(
    trained: Runs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    control, heard = Control(), list[Control]()

    def train(config: TrainConfig, run_dir: Path, **named: Any) -> Iterator[Event]:
        heard.append(named["control"])
        if len(trained.asked) == 1 and not named.get("resume"):
            control.stop()
        else:
            yield from trained.train(config, run_dir, **named)

    monkeypatch.setattr(module, "train", train)
    *_, last = search(config(), tmp_path / "run", trials=3, control=control)
    assert isinstance(last, SearchFinished) and last.trials == 1 and heard == [control] * 3
