"""A run that ends in the middle of an epoch goes on from there, to the bits of one that was never interrupted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import runs
from engine.config import TrainConfig, make_config
from engine.control import Control
from engine.events import EpochFinished, Event, FeaturesComputed, RunStarted, StepFinished
from engine.training import run as run_module
from engine.training.run import train
from tests.tiny_photos import make_photos

STEPS = 4


@pytest.fixture(autouse=True)
def no_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ending has tests of its own and takes seconds; and a cache of its own."""
    monkeypatch.setattr(run_module, "close_run", lambda *_: iter(()))
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four steps of four photos an epoch; two of the photos cannot be read."""
    data = make_photos(tmp_path_factory.mktemp("photos"), photos=8, splits=("train", "val"))
    for bad in (data / "train" / "blue" / "3.png", data / "val" / "green" / "1.png"):
        bad.write_bytes(bad.read_bytes()[:200])
    return data


@pytest.fixture(scope="module")
def asked(photos: Path) -> TrainConfig:
    """With dropout, whose luck must go on as well."""
    return make_config(
        {
            "data": photos, "model": "small_resnet", "strategy": "from-scratch", "epochs": 3, "batch_size": 4,
            "head": "dropout", "device": "cpu", "threads": 1, "image_size": 32, "seed": 5,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def whole(asked: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "close_run", lambda *_: iter(()))
        list(train(asked, folder))
    return folder


def last_of(run_dir: Path) -> dict[str, Any]:
    return dict(torch.load(run_dir / runs.LAST, weights_only=True))


def same(one: Path, other: Path) -> bool:
    first, second = last_of(one), last_of(other)
    moments = [whole["learner"]["optimizer"]["by_name"] for whole in (first, second)]
    return (
        all(torch.equal(first["network"][name], second["network"][name]) for name in second["network"])
        and moments[0].keys() == moments[1].keys()
        and all(torch.equal(moments[0][p][k], moments[1][p][k]) for p in moments[1] for k in moments[1][p])
        and (one / runs.BEST).read_bytes() == (other / runs.BEST).read_bytes()
    )


def numbers_of(run_dir: Path) -> list[tuple[Any, ...]]:
    """What history says, without times."""
    return [
        (row.epoch, row.train_loss, row.train_accuracy, row.val_loss, row.val_accuracy, row.best_epoch)
        for row in runs.read_history(run_dir)
    ]


def cut_at(asked: TrainConfig, run_dir: Path, at: Callable[[Event], bool], stop: bool = False, **options: Any) -> None:
    """Leave a run at the first event of a kind: with a stop, or as if it had been killed."""
    control = Control()
    events = train(asked, run_dir, control=control, **options)
    for event in events:
        if at(event):
            if not stop:
                events.close()
                return
            control.stop()


def step(epoch: int, number: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, StepFinished) and (event.epoch, event.step) == (epoch, number)


def resumed(asked: TrainConfig, run_dir: Path, **options: Any) -> list[StepFinished]:
    return [e for e in train(asked, run_dir, resume=True, **options) if isinstance(e, StepFinished)]


@pytest.mark.parametrize("epoch, number", [(1, 1), (1, STEPS), (2, 3), (3, STEPS)])
def test_a_stop_keeps_the_half_epoch(epoch: int, number: int, asked: TrainConfig, whole: Path, tmp_path: Path) -> None:
    cut_at(asked, tmp_path / "run", step(epoch, number), stop=True)
    assert last_of(tmp_path / "run")["progress"]["epoch"] == epoch - 1
    steps = resumed(asked, tmp_path / "run")
    assert len(steps) == STEPS * (4 - epoch) - number
    assert same(tmp_path / "run", whole)
    assert numbers_of(tmp_path / "run") == numbers_of(whole)


def test_a_run_that_is_killed_again_and_again_loses_one_step_at_most(
    asked: TrainConfig, whole: Path, tmp_path: Path
) -> None:
    asked = asked.with_changes(checkpoint_minutes=1e-9)
    cut_at(asked, tmp_path / "run", step(1, 3))
    for epoch, number in ((1, 4), (2, 2), (2, 4), (3, 1)):
        cut_at(asked, tmp_path / "run", step(epoch, number), resume=True)
    first = resumed(asked, tmp_path / "run")[0]
    assert (first.epoch, first.step) == (3, 1), "the step that was told before it was kept"
    assert same(tmp_path / "run", whole)
    assert numbers_of(tmp_path / "run") == numbers_of(whole)


def test_without_checkpoints_within_epochs_a_killed_run_goes_on_from_the_last_epoch(
    asked: TrainConfig, whole: Path, tmp_path: Path
) -> None:
    asked = asked.with_changes(checkpoint_minutes=0)
    cut_at(asked, tmp_path / "run", step(2, 3))
    first = resumed(asked, tmp_path / "run")[0]
    assert (first.epoch, first.step) == (2, 1)
    assert same(tmp_path / "run", whole)


def test_the_first_epoch_of_a_phase_goes_on_with_the_moments_of_its_own(
    asked: TrainConfig, whole: Path, tmp_path: Path
) -> None:
    """A phase that restarts its schedule begins with no moments; within its first epoch it has some."""
    changes = {"strategy": "fine-tuning", "continue_from": whole, "epochs": 4, "checkpoint_minutes": 1e-9}
    list(train(asked.with_changes(**changes), tmp_path / "whole"))
    cut_at(asked.with_changes(**changes), tmp_path / "run", step(1, 2))
    for epoch in (2, 3, 4):
        cut_at(asked, tmp_path / "run", step(epoch, 2), resume=True)
    resumed(asked, tmp_path / "run")
    assert same(tmp_path / "run", tmp_path / "whole")


def test_phases_that_train_from_what_is_kept_go_on_within_an_epoch(
    photos: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    asked = make_config(
        {
            "data": photos, "model": "mobilenet_v2", "strategy": "last-blocks", "epochs": 2, "batch_size": 4, "seed": 3,
            "image_size": 32, "device": "cpu", "threads": 1, "checkpoint_minutes": 1e-9,
        }
    )  # fmt: skip
    options: dict[str, Any] = {"weights_dir": tiny_weights, "offline": True}
    list(train(asked, tmp_path / "whole", **options))
    cut_at(asked, tmp_path / "run", lambda event: isinstance(event, FeaturesComputed), **options)
    cut_at(asked, tmp_path / "run", step(2, 2), resume=True, **options)
    resumed(asked, tmp_path / "run", **options)
    assert same(tmp_path / "run", tmp_path / "whole")
    assert numbers_of(tmp_path / "run") == numbers_of(tmp_path / "whole")


def test_a_stop_in_validation_keeps_the_epochs_training(asked: TrainConfig, whole: Path, tmp_path: Path) -> None:
    control = Control()
    keep = run_module.answer

    def answer(*arguments: Any, **named: Any) -> Any:
        control.stop()
        return keep(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "answer", answer)
        list(train(asked, tmp_path / "run", control=control))
    assert last_of(tmp_path / "run")["partway"]["sums"]["steps"] == STEPS
    assert [event.epoch for event in resumed(asked, tmp_path / "run")] == [2] * STEPS + [3] * STEPS
    assert same(tmp_path / "run", whole)


def test_a_pause_is_kept_on_the_disk_before_it_begins(asked: TrainConfig, whole: Path, tmp_path: Path) -> None:
    kept: list[int] = []

    class Waiting(Control):
        def wait_while_paused(self) -> None:
            if self.paused:
                kept.append(last_of(tmp_path / "run")["partway"]["sums"]["steps"])
                self.resume()

    control = Waiting()
    events = train(asked, tmp_path / "run", control=control)
    for event in events:
        if step(2, 2)(event):
            control.pause()
        if step(2, STEPS)(event):
            control.pause()  # heard in validation
    assert kept == [2, STEPS]
    assert same(tmp_path / "run", whole)


def test_the_proof_of_frozen_layers_keeps_the_hashes_of_the_beginning(asked: TrainConfig, tmp_path: Path) -> None:
    cut_at(asked, tmp_path / "run", step(1, 2), stop=True)
    before = runs.read_layers(tmp_path / "run")
    cut_at(asked, tmp_path / "run", lambda event: isinstance(event, RunStarted), resume=True)
    cut_at(asked, tmp_path / "run", step(1, 3), resume=True)
    assert runs.read_layers(tmp_path / "run") == before


def test_the_time_of_all_lives_is_counted(asked: TrainConfig, tmp_path: Path) -> None:
    cut_at(asked, tmp_path / "run", step(2, 2), stop=True)
    part = last_of(tmp_path / "run")
    (second,) = [
        e for e in train(asked, tmp_path / "run", resume=True) if isinstance(e, EpochFinished) and e.epoch == 2
    ]
    assert second.seconds > part["partway"]["sums"]["seconds"] > 0
    assert last_of(tmp_path / "run")["progress"]["seconds"] > part["progress"]["seconds"] > 0
