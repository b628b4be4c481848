"""A run goes on with the photos that it began with, or says which are others."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from engine import runs
from engine.control import Control
from engine.dataset.index import Photo, load
from engine.errors import ChangedPhotosError, DatasetError
from engine.events import Event, Notice, RunStarted, StageStarted
from engine.training.keeping import contents
from engine.training.keeping.contents import check_contents, content_hash, write_contents
from engine.training.run import train
from tests.engine.training.short_run import lenet, stopped_after
from tests.tiny_photos import draw_photo, make_photos

LATER_NS = 2**62


def recorded(folder: Path, count: int = 5) -> list[Photo]:
    """A run directory that knows photos of so many bytes."""
    folder.mkdir()
    photos = [Photo(folder / f"{number}.jpg", "a", "train") for number in range(count)]
    for photo in photos:
        photo.path.write_bytes(b"photo of " + photo.path.name.encode())
    write_contents(folder, photos, [content_hash(photo) for photo in photos], folder, LATER_NS)
    return photos


def checked(folder: Path, accept: bool = False) -> list[Event]:
    return list(check_contents(folder, 2, accept, Control()))


def test_photos_as_they_were_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(tmp_path / "run")
    monkeypatch.setattr(contents, "content_hash", lambda _: pytest.fail("a photo was read"))
    assert checked(tmp_path / "run") == []


def test_a_photo_that_was_copied_anew_is_compared_and_the_same(tmp_path: Path) -> None:
    photos = recorded(tmp_path / "run")
    os.utime(photos[2].path, (1, 1))
    assert [type(event) for event in checked(tmp_path / "run")] == [StageStarted]


def test_changed_photos_are_named_and_refused_until_they_are_accepted(tmp_path: Path) -> None:
    photos = recorded(tmp_path / "run")
    before = (tmp_path / "run" / runs.DATASET).read_bytes()
    for photo in photos[1:]:
        photo.path.write_bytes(b"other content")
    with pytest.raises(ChangedPhotosError, match=r"4 photos \(1.jpg, 2.jpg, 3.jpg and 1 more\) of this run changed"):
        checked(tmp_path / "run")
    assert (tmp_path / "run" / runs.DATASET).read_bytes() == before
    notices = [event for event in checked(tmp_path / "run", accept=True) if isinstance(event, Notice)]
    assert [notice.kind for notice in notices] == ["photos_changed"]
    _, _, hashes = runs.read_dataset(tmp_path / "run")
    assert list(hashes) == [content_hash(photo) for photo in photos]
    assert not any(isinstance(event, Notice) for event in checked(tmp_path / "run"))


def test_photos_that_are_gone_are_told_and_end_nothing(tmp_path: Path) -> None:
    photos = recorded(tmp_path / "run")
    photos[3].path.unlink()
    (notice,) = checked(tmp_path / "run")
    assert isinstance(notice, Notice) and notice.kind == "photos_gone" and "1 photo (3.jpg)" in notice.text


def test_a_file_that_was_just_written_has_no_stamp(tmp_path: Path) -> None:
    """It may change again within the same tick of the disk's clock."""
    path = tmp_path / "new.jpg"
    path.write_bytes(b"a")
    modified = path.stat().st_mtime_ns
    assert contents.stamp_of(path, modified) is None
    assert contents.stamp_of(path, modified + 1) == (1, modified)


def test_a_run_of_an_earlier_version_is_compared_by_its_hashes(tmp_path: Path) -> None:
    photos = recorded(tmp_path / "run")
    table = tmp_path / "run" / runs.DATASET
    rows = [line.split(",") for line in table.read_text().splitlines()]
    table.write_text("\n".join(",".join(row[:4]) for row in rows) + "\n")
    assert runs.read_stamps(tmp_path / "run") == (None,) * 5
    assert not any(isinstance(event, Notice) for event in checked(tmp_path / "run"))
    photos[0].path.write_bytes(b"other")
    with pytest.raises(ChangedPhotosError):
        checked(tmp_path / "run")


@pytest.mark.usefixtures("no_model_file")
def test_a_refused_run_keeps_its_model(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "photos", photos=4, splits=("train", "val"))
    asked = lenet(data, batch_size=4)
    stopped_after(1, asked, tmp_path / "run")
    assert runs.state(tmp_path / "run") == "stopped"
    (tmp_path / "run" / runs.MODEL).write_bytes(b"a model")
    draw_photo(data / "train" / "blue" / "1.png", (1, 2, 3), 99)
    with pytest.raises(ChangedPhotosError, match=r"1\.png"):
        list(train(asked, tmp_path / "run", resume=True))
    assert runs.state(tmp_path / "run") == "stopped" and (tmp_path / "run" / runs.MODEL).is_file()
    list(train(asked, tmp_path / "run", resume=True, accept_changes=True))
    assert runs.state(tmp_path / "run") == "finished"


def test_a_class_that_is_emptied_between_a_look_at_the_photos_and_the_start_is_told(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "photos", classes=3, photos=4)
    assert load(data).classes == ("blue", "green", "red")
    events = train(lenet(data, epochs=1), tmp_path / "run")
    told: list[str] = []
    for event in events:
        if event == StageStarted("Looking through the dataset"):
            for path in (data / "red").iterdir():
                path.unlink()
        if isinstance(event, Notice):
            told.append(event.text)
        if isinstance(event, RunStarted):
            break
    events.close()
    assert any("“red” holds no photos" in text for text in told)
    assert {photo.label for photo in runs.read_dataset(tmp_path / "run")[1]} == {"blue", "green"}


def test_a_dataset_of_which_one_class_is_left_at_the_start_is_a_sentence(tmp_path: Path) -> None:
    data = make_photos(tmp_path / "photos", photos=4)
    with pytest.raises(DatasetError, match="“blue”"):
        for event in train(lenet(data), tmp_path / "run"):
            if event == StageStarted("Looking through the dataset"):
                shutil.rmtree(data / "green")
    assert runs.state(tmp_path / "run") == "absent"
