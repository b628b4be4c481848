"""The run: what it leaves behind, and that it can be steered, killed and gone on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from engine import runs
from engine.control import Control
from engine.dataset.loader import PhotoLoader
from engine.errors import RunError, ThawError
from engine.events import (
    EpochFinished,
    Event,
    Notice,
    ParityMeasured,
    RunFinished,
    RunStarted,
    StageStarted,
    StepFinished,
)
from engine.model_file import open_model
from engine.training.keeping import checkpoint
from engine.training.run import train
from tests.engine.training.short_run import lenet, same, same_network, same_tensors, short
from tests.tiny_photos import make_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos") / "фото ä", splits=("train", "val", "test"))


def steered(events: Iterable[Event], when: type[Event], act: Any) -> list[Event]:
    """Iterate, calling `act` at the first event of a kind."""
    seen, acted = [], False
    for event in events:
        seen.append(event)
        if isinstance(event, when) and not acted:
            acted = True
            act()
    return seen


def weights_of(run_dir: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load_file(run_dir / runs.BEST)


def test_a_run_leaves_everything_that_was_promised(photos: Path, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    events = list(train(lenet(photos), run_dir))
    kinds = [type(event) for event in events]
    assert kinds.count(RunStarted) == 1 and kinds.count(RunFinished) == 1 and kinds[-1] is RunFinished
    assert kinds.index(RunStarted) < kinds.index(StepFinished) < kinds.index(EpochFinished)
    finished = events[-1]
    assert isinstance(finished, RunFinished) and not finished.stopped
    names = {path.name for path in run_dir.iterdir()}
    assert names - {runs.DIAGNOSIS} == {
        runs.CONFIG, runs.DATASET, runs.HISTORY, runs.BEST, runs.LAST, runs.PREDICTIONS, runs.MODEL, runs.METRICS,
        runs.LOG, runs.LAYERS,
    }  # fmt: skip
    metrics = runs.read_metrics(run_dir)
    assert metrics["val"]["photos"] == metrics["test"]["photos"] == 24
    assert metrics["test_accuracy"] == finished.test_accuracy
    assert metrics["val"]["low"] <= metrics["val_accuracy"] <= metrics["val"]["high"]
    assert {row.split for row in runs.read_predictions(run_dir)} == {"val", "test"}
    assert len(runs.read_history(run_dir)) == 2
    config = runs.read_config(run_dir)
    assert None not in (config.image_size, config.learning_rate, config.threads, config.channels_last)
    manifest = open_model(run_dir / runs.MODEL).manifest
    assert manifest.classes == ("blue", "green")
    assert manifest.metrics["parity"]["same_top1"] == 1.0


def test_the_model_file_answers_as_torch_did(photos: Path, tmp_path: Path) -> None:
    (parity,) = [event for event in train(lenet(photos), tmp_path / "run") if isinstance(event, ParityMeasured)]
    assert parity.photos == 48
    assert parity.same_top1 == 1.0
    assert parity.largest_difference < 1e-4


@pytest.mark.usefixtures("no_export")
def test_a_seed_reproduces_a_run_and_another_does_not(photos: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        list(train(lenet(photos, seed=seed, epochs=1), tmp_path / name))
    assert same_tensors(weights_of(tmp_path / "a"), weights_of(tmp_path / "b"))
    assert not same_tensors(weights_of(tmp_path / "a"), weights_of(tmp_path / "c"))


@pytest.mark.usefixtures("no_export")
def test_validation_and_test_are_never_augmented(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: set[int] = set()
    from engine.dataset import loader  # noqa: PLC0415

    real = loader.draw
    monkeypatch.setattr(loader, "draw", lambda *a: drawn.add(a[3]) or real(*a))
    list(train(lenet(photos, augmentation="strong", epochs=1), tmp_path / "run"))
    _, dataset, _ = runs.read_dataset(tmp_path / "run")
    assert drawn == {number for number, photo in enumerate(dataset) if photo.split == "train"}


@pytest.mark.long
def test_other_presets_and_own_strengths_train_otherwise_and_resume_to_the_same_bits(
    photos: Path, tmp_path: Path
) -> None:
    asked = lenet(photos, augmentation="standard", augmentation_strengths={"noise": 12, "elastic": 0.03}, epochs=2)
    list(train(asked, tmp_path / "whole"))
    control = Control()
    steered(train(asked, tmp_path / "run", control=control), EpochFinished, control.stop)
    assert runs.read_config(tmp_path / "run").augmentation_strengths == {"noise": 12, "elastic": 0.03}
    list(train(lenet(photos), tmp_path / "run", resume=True))
    assert same_tensors(weights_of(tmp_path / "run"), weights_of(tmp_path / "whole"))
    list(train(asked.with_changes(augmentation_strengths=None), tmp_path / "preset"))
    assert not same_network(tmp_path / "preset", tmp_path / "whole")


def test_a_test_folder_is_locked_and_val_is_cut_from_train(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "photos", splits=("train", "test"))
    events = list(train(lenet(data, epochs=1), tmp_path / "run"))
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    assert started.test_photos == 24 and started.val_photos > 0 and started.train_photos + started.val_photos == 24
    _, dataset, _ = runs.read_dataset(tmp_path / "run")
    assert {photo.split for photo in dataset if photo.path.parts[-3] == "test"} == {"test"}


def test_stop_leaves_a_model_and_a_run_that_goes_on_to_the_same_weights(photos: Path, tmp_path: Path) -> None:
    list(train(lenet(photos, epochs=4), tmp_path / "whole"))
    control = Control()
    events = steered(train(lenet(photos, epochs=4), tmp_path / "run", control=control), EpochFinished, control.stop)
    assert isinstance(events[-1], RunFinished) and events[-1].stopped and events[-1].epochs == 1
    assert events[-1].model_file and events[-1].model_file.exists()
    assert runs.state(tmp_path / "run") == "stopped"
    resumed = list(train(lenet(photos), tmp_path / "run", resume=True))
    (started,) = [event for event in resumed if isinstance(event, RunStarted)]
    assert started.first_epoch == 2
    assert runs.state(tmp_path / "run") == "finished"
    assert same(tmp_path / "run", tmp_path / "whole")
    assert [row.epoch for row in runs.read_history(tmp_path / "run")] == [1, 2, 3, 4]


def test_stop_before_the_first_epoch_leaves_no_ghost_of_a_model(photos: Path, tmp_path: Path) -> None:
    control = Control()
    events = steered(train(lenet(photos), tmp_path / "run", control=control), StepFinished, control.stop)
    assert isinstance(events[-1], RunFinished) and events[-1].model_file is None and events[-1].val_accuracy is None
    assert not (tmp_path / "run" / runs.MODEL).exists()
    assert runs.state(tmp_path / "run") == "interrupted"
    assert isinstance(list(train(lenet(photos), tmp_path / "run", resume=True))[-1], RunFinished)


def test_finish_now_ends_whole_with_what_there_is(photos: Path, tmp_path: Path) -> None:
    control = Control()
    asked = lenet(photos, epochs=500, batch_size=4)
    events = steered(train(asked, tmp_path / "run", control=control), StepFinished, control.finish)
    finished = events[-1]
    (step,), (epoch,) = (
        [event for event in events if isinstance(event, kind)] for kind in (StepFinished, EpochFinished)
    )
    assert step.steps > 1 and epoch.learning_rate == step.learning_rate  # of the last step that there was
    assert isinstance(finished, RunFinished) and not finished.stopped and finished.epochs == 1 and finished.model_file
    assert runs.state(tmp_path / "run") == "finished"


def test_resuming_a_finished_run_says_so(photos: Path, tmp_path: Path) -> None:
    list(train(lenet(photos, epochs=1), tmp_path / "run"))
    before = (tmp_path / "run" / runs.MODEL).read_bytes()
    notice, finished = train(lenet(photos), tmp_path / "run", resume=True)
    assert isinstance(notice, Notice) and "finished" in notice.text
    assert isinstance(finished, RunFinished)
    assert (tmp_path / "run" / runs.MODEL).read_bytes() == before


def test_early_stopping(photos: Path, tmp_path: Path) -> None:
    config = lenet(photos, epochs=50, patience=2, learning_rate=1e-9, warmup_epochs=0)
    events = list(train(config, tmp_path / "run"))
    waited = [event.patience_left for event in events if isinstance(event, EpochFinished)]
    finished = events[-1]
    assert isinstance(finished, RunFinished) and finished.epochs < 50 and not finished.stopped
    assert waited[-1] == 0
    assert finished.epochs - finished.best_epoch == 2


def test_a_photo_that_turns_bad_is_told_and_ends_nothing(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "photos", splits=("train", "val"))
    events = train(lenet(data), tmp_path / "run")
    seen: list[Event] = []
    for event in events:
        if isinstance(event, RunStarted):
            (data / "train" / "blue" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
            (data / "val" / "green" / "1.png").unlink()
        seen.append(event)
    told = [
        event.path.name for event in seen if isinstance(event, Notice) and event.kind == "photo_left_out" and event.path
    ]
    assert sorted(told) == ["1.png", "3.png"]
    assert isinstance(seen[-1], RunFinished)
    assert runs.read_metrics(tmp_path / "run")["val"]["photos"] == 23


def test_the_persons_photos_are_not_touched(photos: Path, tmp_path: Path) -> None:
    def picture() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in photos.rglob("*")}

    before = picture()
    list(train(lenet(photos, epochs=1), tmp_path / "run"))
    assert picture() == before


def test_a_loss_that_is_no_number_is_a_sentence(photos: Path, tmp_path: Path) -> None:
    config = lenet(photos, learning_rate=10, optimizer="sgd", momentum=0.99, epochs=50, warmup_epochs=0, weight_decay=1)
    with pytest.raises(ThawError, match="no longer a number"):
        list(train(config, tmp_path / "run"))
    assert "failed" in (tmp_path / "run" / runs.LOG).read_text()


def test_a_crash_between_checkpoint_and_best_loses_nothing(photos: Path, tmp_path: Path) -> None:
    """last.pt says that its epoch is the best, and best.safetensors is not there yet."""
    run_dir = tmp_path / "run"
    control = Control()
    steered(train(lenet(photos, epochs=3), run_dir, control=control), EpochFinished, control.stop)
    assert checkpoint.best_epoch(run_dir) == 1
    expected = weights_of(run_dir)
    (run_dir / runs.BEST).unlink()
    (run_dir / runs.METRICS).unlink()
    events = train(lenet(photos), run_dir, resume=True)
    next(event for event in events if isinstance(event, RunStarted))
    assert same_tensors(weights_of(run_dir), expected)
    events.close()


def test_a_damaged_checkpoint_is_a_sentence(photos: Path, tmp_path: Path) -> None:
    control = Control()
    steered(train(lenet(photos, epochs=3), tmp_path / "run", control=control), EpochFinished, control.stop)
    (tmp_path / "run" / runs.LAST).write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(RunError, match="damaged"):
        list(train(lenet(photos), tmp_path / "run", resume=True))


@pytest.mark.long
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("strategy", ["from-scratch", "fine-tuning"])
def test_killed_and_resumed_is_bit_equal(strategy: str, tmp_path: Path, tiny_weights: Path) -> None:
    """SIGKILL in the middle of the second epoch; the resumed run ends with the weights of the uninterrupted one."""
    data = make_photos(tmp_path / "photos", photos=40, splits=("train", "val"))
    command = [
        sys.executable, "-m", "engine", "train", str(data), "--model", "squeezenet1_0", "--strategy", strategy,
        "--epochs", "4", "--batch-size", "8", "--image-size", "64", "--weights-dir", str(tiny_weights), "--offline",
        "--seed", "3", "--json",
    ]  # fmt: skip
    subprocess.run([*command, "--out", str(tmp_path / "whole")], check=True, capture_output=True)
    child = subprocess.Popen([*command, "--out", str(tmp_path / "run")], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    for line in child.stdout:
        event = json.loads(line)
        if event["event"] == "step_finished" and (event["epoch"], event["step"]) == (2, 3):
            child.send_signal(signal.SIGKILL)
            break
    child.wait()
    child.stdout.close()
    assert child.returncode == -signal.SIGKILL
    assert runs.state(tmp_path / "run") == "interrupted"
    assert not (tmp_path / "run" / runs.MODEL).exists()
    resumed = subprocess.run([*command, "--out", str(tmp_path / "run"), "--resume"], check=True, capture_output=True)
    assert json.loads(resumed.stdout.splitlines()[-1])["epochs"] == 4
    assert same(tmp_path / "run", tmp_path / "whole")


@pytest.mark.skipif(os.name != "posix", reason="SIGINT")
def test_ctrl_c_stops_in_an_orderly_way(photos: Path, tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "engine", "train", str(photos), "--out", str(tmp_path / "run"), "--model", "lenet5",
        "--strategy", "from-scratch", "--epochs", "2000", "--json",
    ]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout
    lines = []
    for line in child.stdout:
        lines.append(json.loads(line))
        if lines[-1]["event"] == "epoch_finished" and lines[-1]["epoch"] == 1:
            child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=120)
    assert child.returncode == 130, told
    assert lines[-1]["event"] == "run_finished" and lines[-1]["stopped"]
    assert told == ""


def test_every_photo_of_a_split_gone_is_a_sentence(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "photos", photos=4, splits=("train", "val"))
    events = train(lenet(data), tmp_path / "run")
    with pytest.raises(ThawError, match="drive"):
        for event in events:
            if isinstance(event, RunStarted):
                for path in data.rglob("*.png"):
                    path.unlink()


def test_a_stop_before_the_start_is_an_ordinary_end_and_leaves_nothing(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the dataset is looked through, and while its photos are hashed, of which no more are then read."""
    read: list[str] = []
    monkeypatch.setattr("engine.training.prepare.content_hash", lambda photo: read.append(photo.path.name) or "x")
    for stage in ("Looking through", "Reading what"):
        control, told = Control(), list[Event]()
        for event in train(short(few_photos), tmp_path / "run", control=control):
            told.append(event)
            if isinstance(event, StageStarted) and event.title.startswith(stage):
                control.stop()
        assert not any(isinstance(event, RunStarted | RunFinished) for event in told)
        assert not (tmp_path / "run").exists() and not read


def test_what_fails_before_the_start_leaves_no_photos_open(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, close = list[PhotoLoader](), PhotoLoader.close
    monkeypatch.setattr(PhotoLoader, "close", lambda self: (closed.append(self), close(self)))
    with pytest.raises(ThawError, match="no layer named"):
        list(train(short(few_photos, trainable=("no such layer",)), tmp_path / "run"))
    assert len(closed) == 1
