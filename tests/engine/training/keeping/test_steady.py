"""Photos that go away while a run reads them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.control import Control
from engine.dataset.index import Photo
from engine.dataset.loader import PhotoLoader, PhotosAwayError, folder_is_there
from engine.events import Notice
from engine.training.keeping import steady as room_of_steady
from engine.training.keeping.steady import attended, steady
from tests.tiny_photos import make_photos


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_of_steady, "LOOK_EVERY_SECONDS", 0.001)


@pytest.fixture
def loader(tmp_path: Path) -> Iterator[PhotoLoader]:
    data = make_photos(tmp_path / "drive" / "photos", photos=8)
    photos = [Photo(path, path.parent.name, "train") for path in sorted(data.rglob("*.png"))]
    found = PhotoLoader(photos, ("blue", "green"), 16, "crop", "bilinear", 1)
    yield found
    found.close()


def test_a_drive_that_comes_back_is_waited_for_and_no_photo_is_left_out(loader: PhotoLoader, tmp_path: Path) -> None:
    drive, elsewhere = tmp_path / "drive", tmp_path / "elsewhere"
    groups = [[number] for number in range(16)]
    seen: list[tuple[int, ...]] = []
    told: list[str] = []
    for item in steady(lambda done: loader.batches(groups[done:]), Control()):
        if isinstance(item, Notice):
            told.append(item.kind)
            if item.kind == "photos_away":
                assert str(drive / "photos") in item.text
                shutil.move(elsewhere, drive)
        else:
            seen.append(item.numbers)
            if len(seen) == 3:
                shutil.move(drive, elsewhere)
    assert told == ["photos_away", "photos_back"]
    assert seen == [(number,) for number in range(16)]
    assert not loader.notices, "no photo was told to be left out"


def test_a_stop_ends_the_wait(loader: PhotoLoader, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "drive")
    control = Control()
    told = []
    for item in steady(lambda done: loader.batches([[0], [1]][done:]), control):
        assert isinstance(item, Notice)
        told.append(item.kind)
        control.stop()
    assert told == ["photos_away"]


def test_a_photo_that_is_gone_alone_is_left_out_as_ever(loader: PhotoLoader) -> None:
    loader.dataset[0].path.unlink()
    (batch,) = loader.batches([[0, 1]])
    assert batch.numbers == (1,) and loader.notices[0].kind == "photo_left_out"


def test_who_does_not_wait_gets_a_sentence(loader: PhotoLoader, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "drive")
    with pytest.raises(PhotosAwayError, match="check that their drive is connected"):
        list(loader.batches([[0]]))


def test_a_folder_that_is_a_file_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert folder_is_there(tmp_path)
    assert not folder_is_there(tmp_path / "file") and not folder_is_there(tmp_path / "gone")


def test_a_class_whose_folder_was_deleted_is_left_out_and_not_waited_for(loader: PhotoLoader, tmp_path: Path) -> None:
    drive, root = tmp_path / "drive", tmp_path / "drive" / "photos"
    loader._root = root
    shutil.rmtree(root / "blue")
    (batch,) = loader.batches([range(16)])
    assert batch.numbers == tuple(range(8, 16)) and len(loader.notices) == 8
    shutil.rmtree(root / "green")
    with pytest.raises(PhotosAwayError) as away:  # an empty folder, as it stays where a drive was
        list(loader.batches([[9]]))
    assert away.value.folder == root / "green"
    shutil.rmtree(drive)
    with pytest.raises(PhotosAwayError) as away:
        list(loader.batches([[9]]))
    assert away.value.folder == root


def test_a_pass_is_kept_before_a_pause_tells_what_there_is_to_tell_and_ends_at_a_stop(loader: PhotoLoader) -> None:
    control, did = Control(), list[str]()

    def keep() -> list[Notice]:
        did.append("kept")
        control.resume()
        return []

    for item in attended(lambda done: iter(range(done, 9)), loader, control, keep=keep):
        did.append(item.text if isinstance(item, Notice) else str(item))
        if item == 1:
            loader.notices.append(Notice("told", "photo_left_out"))
            control.pause()
        if item == 2:
            control.stop()
    assert did == ["0", "1", "kept", "told", "2"]
