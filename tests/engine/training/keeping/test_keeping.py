"""A run that ends in the middle of an epoch goes on from there, to the bits of one that was never interrupted."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import runs
from engine.config import TrainConfig, make_config
from engine.control import Control
from engine.events import EpochFinished, FeaturesComputed, RunStarted, StepFinished
from engine.training import prepare
from engine.training import run as run_module
from engine.training.run import train
from tests.engine.training.short_run import (
    STEPS,
    cut_at,
    epochs_of,
    last_of,
    notices_of,
    numbers_of,
    resumed,
    same,
    short,
    step,
)

pytestmark = pytest.mark.usefixtures("no_export")


@pytest.fixture
def asked(photos_with_bad_ones: Path) -> TrainConfig:
    return short(photos_with_bad_ones)


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
    photos_with_bad_ones: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    asked = make_config(
        {
            "data": photos_with_bad_ones, "model": "mobilenet_v2", "strategy": "last-blocks", "epochs": 2,
            "batch_size": 4, "seed": 3, "image_size": 32, "device": "cpu", "threads": 1, "checkpoint_minutes": 1e-9,
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


def test_a_batch_of_which_one_photo_can_be_read_is_passed_over_and_a_resume_passes_it_over_too(
    few_photos: Path, tmp_path: Path
) -> None:
    """Batch norm cannot train on one photo."""
    data = shutil.copytree(few_photos, tmp_path / "photos")
    (data / "train" / "blue" / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    asked = short(data, batch_size=2, epochs=2)
    events = list(train(asked, tmp_path / "whole"))
    first = [event.step for event in events if isinstance(event, StepFinished) and event.epoch == 1]
    assert len(first) == 3 and set(first) < {1, 2, 3, 4}
    assert len(epochs_of(events)) == 2 and len(notices_of(events, "photo_left_out")) == 1
    for number in first:
        cut_at(asked, tmp_path / f"cut-{number}", step(1, number), stop=True)
        resumed(asked, tmp_path / f"cut-{number}")
        assert same(tmp_path / f"cut-{number}", tmp_path / "whole")
        assert numbers_of(tmp_path / f"cut-{number}") == numbers_of(tmp_path / "whole")


def test_a_run_goes_on_with_the_threads_it_began_with_on_a_machine_with_others(
    asked: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, before = asked.with_changes(threads=None, epochs=2), torch.get_num_threads()
    monkeypatch.setattr(prepare, "cpu_threads", lambda: 2)
    try:
        list(train(asked, tmp_path / "whole"))
        cut_at(asked, tmp_path / "run", step(2, 2), stop=True)
        assert runs.read_config(tmp_path / "run").threads == 2
        torch.set_num_threads(1)
        monkeypatch.setattr(prepare, "cpu_threads", lambda: 7)
        resumed(asked, tmp_path / "run")
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    assert same(tmp_path / "run", tmp_path / "whole")
