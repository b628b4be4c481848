"""What keeps a run from beginning, or from going on, is a sentence, and nothing is lost by it."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest

from engine import file_lock, runs
from engine.errors import DatasetError, RunError, RunTakenError, ThawError, WeightsError
from engine.events import EpochFinished, Notice, RunStarted
from engine.training import device
from engine.training.run import train
from tests.engine.training.short_run import cut_at, lenet, resumed, same, short, step
from tests.tiny_photos import make_photos


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_photos(tmp_path_factory.mktemp("photos"), splits=("train", "val"))


def test_a_folder_with_a_run_is_refused_without_resume(photos: Path, tmp_path: Path) -> None:
    cut_at(lenet(photos), tmp_path / "run", lambda event: isinstance(event, RunStarted))
    with pytest.raises(RunError, match="resume"):
        next(train(lenet(photos), tmp_path / "run"))


def test_a_run_that_another_process_trains_is_left_alone(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_lock, "PATIENCE_SECONDS", 0.0)
    run_dir = tmp_path / "run"
    events = train(short(few_photos, epochs=2), run_dir)
    next(event for event in events if isinstance(event, EpochFinished))
    assert runs.state(run_dir) == "running" and runs.summarise(run_dir).state == "running"  # type: ignore[union-attr]
    before = {path.name: path.read_bytes() for path in run_dir.iterdir()}
    for resume in (False, True):
        with pytest.raises(
            RunTakenError, match=rf"trained by another Thaw \(process {os.getpid()} on .*wait for its end"
        ):
            next(train(short(few_photos), run_dir, resume=resume))
    with pytest.raises(RunError, match=r"is being trained .*stop it first"):
        runs.delete(run_dir)
    with pytest.raises(RunError, match="once it ends"):
        runs.extension_of(run_dir, 3)
    assert {path.name: path.read_bytes() for path in run_dir.iterdir()} == before
    events.close()
    assert runs.state(run_dir) == "interrupted" and not (run_dir / runs.LOCK).exists()


def test_a_drive_without_locks_is_said_and_trained_on(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.runs.lock.take", lambda _path: None)
    notice = next(train(short(few_photos), tmp_path / "run"))
    assert isinstance(notice, Notice) and notice.kind == "no_locks"


def test_what_cannot_be_is_a_sentence(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "_devices_here", lambda: {"cpu": True, "cuda": False, "mps": False})
    with pytest.raises(ThawError, match="exactly 28 pixels, not 64"):
        list(train(lenet(photos, image_size=64), tmp_path / "a"))
    with pytest.raises(ThawError, match="no model named"):
        list(train(lenet(photos, model="magic"), tmp_path / "b"))
    with pytest.raises(WeightsError, match="no pretrained weights"):
        list(train(lenet(photos, strategy="fine-tuning"), tmp_path / "c"))
    with pytest.raises(WeightsError, match="offline"):
        list(train(lenet(photos, model="resnet50", strategy="fine-tuning"), tmp_path / "d", offline=True))
    with pytest.raises(DatasetError):
        list(train(lenet(tmp_path / "absent"), tmp_path / "e"))
    with pytest.raises(ThawError, match="not available"):
        list(train(lenet(photos, device="mps"), tmp_path / "f"))


def test_a_place_where_no_run_can_be_is_refused_before_a_photo_is_read(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reader in ("engine.training.prepare.content_hash", "engine.photos.read", "engine.photos.read_whole"):
        monkeypatch.setattr(reader, lambda *_, **__: pytest.fail("a photo was read"))
    (tmp_path / "file").write_text("mine")
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(RunError, match="“file” is a file and not a folder; choose another folder"):
            list(train(lenet(photos), place))
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and (tmp_path / "file").read_text() == "mine"


@pytest.mark.usefixtures("no_export")
def test_a_run_on_a_drive_that_can_only_be_read_by_now_goes_on_when_it_can_be_written(
    photos_with_bad_ones: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, run_dir = short(photos_with_bad_ones), tmp_path / "run"
    cut_at(asked, run_dir, step(2, 2), stop=True)
    before = {path.name: path.read_bytes() for path in run_dir.iterdir()}

    def refused(real: Any, writes: Any) -> Any:
        def call(path: Any, *rest: Any, **named: Any) -> Any:
            if not isinstance(path, int) and run_dir in Path(path).parents and writes(*rest):
                raise OSError(errno.EROFS, "Read-only file system", str(path))
            return real(path, *rest, **named)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refused(os.open, lambda flags, *_: flags & os.O_CREAT))
        patch.setattr(io, "open", refused(io.open, lambda mode="r", *_: "r" not in mode))
        for name in ("unlink", "replace"):
            patch.setattr(os, name, refused(getattr(os, name), lambda *_: True))
        with pytest.raises(RunError, match=r"cannot be written .*Read-only file system.*make it writable, and resume"):
            list(train(asked, run_dir, resume=True))
    assert {path.name: path.read_bytes() for path in run_dir.iterdir()} == before
    resumed(asked, run_dir)
    assert same(run_dir, whole)
