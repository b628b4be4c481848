"""Extending a finished run: a new one that goes on where it ended, and leaves it alone."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import runs
from engine.config import TrainConfig, make_config
from engine.control import Control
from engine.errors import RunError
from engine.events import EpochFinished, Event, RunStarted, StepFinished
from engine.training import run as run_module
from engine.training.keeping.extended import begin_extension
from engine.training.run import train
from engine.training.run_parts import Run
from tests.engine.training.short_run import lenet, same_network, stopped_after
from tests.tiny_photos import make_photos


def closed(run: Run, control: Control, _start: float) -> Iterator[Event]:
    """The end of a run without its model file, which takes seconds and is not looked at here."""
    runs.write_metrics(run.folder, {"stopped": control.stopping})
    yield from ()


@pytest.fixture(scope="module", autouse=True)
def quick_end() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "close_run", closed)
        yield


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), photos=6, splits=("train", "val"))


def settings(data: Path, **changes: Any) -> TrainConfig:
    return lenet(data, **({"batch_size": 4, "schedule": "constant"} | changes))


@pytest.fixture(scope="module")
def two(photos: Path) -> Path:
    """A finished run of two epochs at a constant rate."""
    list(train(settings(photos), photos.parent / "two"))
    return photos.parent / "two"


def picture(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_two_epochs_and_one_are_the_bits_of_three(photos: Path, two: Path, tmp_path: Path) -> None:
    before = picture(two)
    events = list(train(runs.extension_of(two, 1), tmp_path / "longer"))
    assert picture(two) == before, "the extended run is not touched"
    list(train(settings(photos, epochs=3), tmp_path / "three"))
    (started,) = [event for event in events if isinstance(event, RunStarted)]
    assert started.first_epoch == 3
    assert same_network(tmp_path / "longer", tmp_path / "three")
    assert (tmp_path / "longer" / runs.BEST).read_bytes() == (tmp_path / "three" / runs.BEST).read_bytes()
    history = runs.read_history(tmp_path / "longer")
    assert [row.epoch for row in history] == [1, 2, 3] and history[:2] == runs.read_history(two)
    assert (tmp_path / "longer" / runs.DATASET).read_bytes() == before[runs.DATASET]
    assert runs.read_config(tmp_path / "longer").extends == two
    assert runs.state(tmp_path / "longer") == "finished"


def test_an_extension_that_is_stopped_goes_on_by_itself(two: Path, tmp_path: Path) -> None:
    config = runs.extension_of(two, 2)
    stopped_after(3, config, tmp_path / "run")
    assert runs.state(tmp_path / "run") == "stopped"
    list(train(config, tmp_path / "run", resume=True))
    assert [row.epoch for row in runs.read_history(tmp_path / "run")] == [1, 2, 3, 4]


def test_the_schedule_is_laid_over_all_epochs(photos: Path, tmp_path: Path) -> None:
    config = settings(photos, schedule="cosine", warmup_epochs=0)
    list(train(config, tmp_path / "two"))
    extended = list(train(runs.extension_of(tmp_path / "two", 2), tmp_path / "longer"))
    whole = list(train(config.with_changes(epochs=4), tmp_path / "four"))
    rates = [[event.learning_rate for event in events if isinstance(event, StepFinished) and event.epoch > 2]
             for events in (extended, whole)]  # fmt: skip
    assert rates[0] == rates[1] and rates[0][0] > runs.read_history(tmp_path / "two")[-1].learning_rate


def finished(folder: Path, epochs: int, **changes: Any) -> Path:
    """A finished run without a network: what stands in it is all that its extension is decided from."""
    config = make_config({"data": folder.parent, "model": "resnet18", "epochs": epochs, "strategy": "custom"} | changes)
    runs.create(folder, config)
    runs.write_metrics(folder, {"stopped": False})
    done = {"epoch": epochs, "best_epoch": 1}
    torch.save({"progress": done, "network": {}}, folder / runs.LAST)
    for epoch in range(1, epochs + 1):
        numbers = (1, 1.0, 0.5, 1.0, 0.5, 0.1, 1.0, 9.0, 1, 0.5)
        runs.append_history(folder, EpochFinished(epoch, epochs, *numbers, None, None))
    return folder


def test_what_has_begun_to_train_is_not_frozen_again(tmp_path: Path) -> None:
    """Ninety epochs more would else be a plan of a hundred, in which the head trains alone until the twentieth."""
    old = finished(tmp_path / "old", 10, strategy="fine-tuning")
    begin_extension(runs.extension_of(old, 90), tmp_path / "new")
    config = runs.read_config(tmp_path / "new")
    assert config.epochs == 100 and config.unfreeze == (3, 3, 3, 3, 3, 1)
    old = finished(tmp_path / "head", 2, strategy="feature-extraction")
    begin_extension(runs.extension_of(old, 9), tmp_path / "more")
    assert runs.read_config(tmp_path / "more").unfreeze is None


def test_a_run_that_ran_out_of_patience_gets_the_epochs_it_is_asked_for(tmp_path: Path) -> None:
    begin_extension(runs.extension_of(finished(tmp_path / "old", 4, patience=3), 2), tmp_path / "new")
    assert runs.read_config(tmp_path / "new").patience == 0
    begin_extension(runs.extension_of(finished(tmp_path / "other", 4, patience=4), 2), tmp_path / "newer")
    assert runs.read_config(tmp_path / "newer").patience == 4


def test_what_cannot_be_extended_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    old = finished(tmp_path / "old", 2)
    for change, says in (({"batch_size": 5}, "Batch size"), ({"epochs": 2}, "2 epochs already")):
        with pytest.raises(RunError, match=says):
            next(train(runs.extension_of(old, 1).with_changes(**change), tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    with pytest.raises(RunError, match="already"):
        next(train(runs.extension_of(old, 1), old))
    runs.write_metrics(old, {"stopped": True})
    with pytest.raises(RunError, match="resume it"):
        runs.extension_of(old, 1)
    (old / runs.LAST).unlink()
    runs.write_metrics(old, {"stopped": False})
    with pytest.raises(RunError, match=r"no last\.pt"):
        runs.extension_of(old, 1)
    with pytest.raises(RunError, match="no run in"):
        runs.extension_of(tmp_path / "nothing", 1)


def test_an_extension_that_cannot_start_leaves_no_folder(tmp_path: Path, two: Path, photos: Path) -> None:
    moved = photos.with_name("moved")
    photos.rename(moved)
    try:
        with pytest.raises(RunError, match="gone"):
            list(train(runs.extension_of(two, 1), tmp_path / "new"))
    finally:
        moved.rename(photos)
    assert not (tmp_path / "new").exists()


def test_what_lies_in_the_folder_is_not_taken_for_the_copy_of_a_run(tmp_path: Path) -> None:
    old = finished(tmp_path / "old", 2)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / runs.DATASET).write_text("my own")
    with pytest.raises(RunError, match="move that file away"):
        begin_extension(runs.extension_of(old, 1), tmp_path / "new")
    assert picture(tmp_path / "new") == {runs.DATASET: b"my own"}


def test_a_copy_that_a_full_disk_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, copied = finished(tmp_path / "old", 2), list[str]()

    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        copied.append(source.name)
        if len(copied) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("engine.training.keeping.extended.shutil.copyfile", full)
    with pytest.raises(RunError, match="No space left"):
        begin_extension(runs.extension_of(old, 1), tmp_path / "new")
    assert len(copied) == 2 and not (tmp_path / "new").exists()
