from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.control import Control
from engine.events import Event, LeftOut, SortingProgress, SortingUndone
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.sorting import record, steering
from engine.prediction.sorting.sort import KINDS, sort
from engine.prediction.sorting.undo import undo_sorting
from tests.engine.prediction.sorting.made_ledger import make_ledger, names, put, say, tree

PHOTOS = {"a/1.jpg": "red", "b/1.JPG": "red", "a/2.jpg": "unknown", "a/deep/3.jpg": "blue", "bad.jpg": ""}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return make_ledger(tmp_path, PHOTOS)


def undone(events: list[Event]) -> tuple[int, int, int]:
    """Removed, gone, left."""
    last = events[-1]
    assert isinstance(last, SortingUndone)
    return last.removed, last.gone, last.left


def test_undo_leaves_the_target_as_it_was_and_twice_does_no_harm(ledger: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    put(into / "red" / "a" / "mine.txt")
    before, photos = tree(into), tree(tmp_path / "photos")
    list(sort(ledger, into))
    assert undone(list(undo_sorting(ledger, dry_run=True))) == (5, 0, 0)
    assert undone(list(undo_sorting(ledger))) == (5, 0, 0)
    assert tree(into) == before and tree(tmp_path / "photos") == photos
    assert undone(list(undo_sorting(ledger))) == (0, 0, 0)
    assert tree(into) == before


def test_what_a_person_changed_replaced_or_removed_is_theirs(ledger: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    list(sort(ledger, into))
    edited, replaced = into / "red" / "a" / "1.jpg", into / "red" / "b" / "1.JPG"
    edited.write_bytes(b"1.jpX")  # as large as it was
    replaced.unlink()
    replaced.symlink_to(tmp_path / "photos" / "bad.jpg")
    (into / "_failed" / "bad.jpg").unlink()
    mine = put(into / "_failed" / "notes.txt")
    events = list(undo_sorting(ledger))
    assert undone(events) == (2, 1, 2)
    assert [event.path for event in events if isinstance(event, LeftOut)] == [edited, replaced]
    assert names(into) == ["_failed/notes.txt", "red/a/1.jpg", "red/b/1.JPG"] and mine.exists()
    edited.write_bytes(b"1.jpg")
    assert undone(list(undo_sorting(ledger))) == (0, 0, 0), "it is left for good"


def test_the_last_copy_of_a_photo_stays_unless_told(ledger: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    list(sort(ledger, into, kind="copy"))
    (tmp_path / "photos" / "a" / "1.jpg").unlink()
    assert undone(list(undo_sorting(ledger))) == (4, 0, 1)
    assert names(into) == ["red/a/1.jpg"]
    assert undone(list(undo_sorting(ledger, even_last=True))) == (1, 0, 0)
    assert not into.exists()


def test_a_hard_link_that_is_the_last_name_of_a_photo_stays(ledger: Path, tmp_path: Path) -> None:
    list(sort(ledger, tmp_path / "sorted", kind="hardlink"))
    (tmp_path / "photos" / "bad.jpg").unlink()
    assert undone(list(undo_sorting(ledger))) == (4, 0, 1)
    assert names(tmp_path / "sorted") == ["_failed/bad.jpg"]


def test_a_photo_of_another_card_is_not_the_one_that_was_copied(tmp_path: Path) -> None:
    first, edited = photo_taken(tmp_path / "photos" / "1.jpg", 3), photo_taken(tmp_path / "photos" / "2.jpg", 3)
    ledger, into = make_ledger(tmp_path, {"1.jpg": "red", "2.jpg": "red"}), tmp_path / "sorted"
    list(sort(ledger, into))
    photo_taken(first, 4)
    photo_taken(edited, 3, "with keywords")
    assert undone(list(undo_sorting(ledger))) == (1, 0, 1)
    assert names(into) == ["red/1.jpg"]
    assert undone(list(undo_sorting(ledger, even_last=True))) == (1, 0, 0)


def photo_taken(path: Path, day: int, words: str = "") -> Path:
    """A photo whose EXIF says that it was taken on that day of May; every one is of another time."""
    exif = Image.Exif()
    exif[0x010E] = words
    exif.get_ifd(0x8769)[0x9003] = f"2024:05:{day:02} 10:00:00"
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    os.utime(path, (1, 100 * day + len(words)))
    return path


def test_one_folder_of_several_is_undone(ledger: Path, tmp_path: Path) -> None:
    list(sort(ledger, tmp_path / "one"))
    list(sort(ledger, tmp_path / "two"))
    assert undone(list(undo_sorting(ledger, into=tmp_path / "one"))) == (5, 0, 0)
    assert not (tmp_path / "one").exists() and len(names(tmp_path / "two")) == 5
    assert undone(list(undo_sorting(ledger))) == (5, 0, 0)


def test_copies_on_a_drive_that_is_away_stay_on_record(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into = tmp_path / "drive" / "sorted"
    list(sort(ledger, into))
    (tmp_path / "drive").rename(tmp_path / "away")
    with monkeypatch.context() as patch:
        patch.setattr("engine.prediction.sorting.making.device_of", lambda _: "another")
        assert undone(list(undo_sorting(ledger))) == (0, 0, 5)
    (tmp_path / "away").rename(tmp_path / "drive")
    assert undone(list(undo_sorting(ledger))) == (5, 0, 0)
    list(sort(ledger, into))
    shutil.rmtree(into)
    assert undone(list(undo_sorting(ledger))) == (0, 5, 0), "the drive is there, so the files are not"


def test_stop_ends_it_and_it_goes_on_later(ledger: Path, tmp_path: Path) -> None:
    list(sort(ledger, tmp_path / "sorted"))
    control = Control()
    events: list[Event] = []
    for event in undo_sorting(ledger, control=control):
        events.append(event)
        if isinstance(event, SortingProgress):
            control.finish()
    last = events[-1]
    assert isinstance(last, SortingUndone) and last.stopped and last.removed == 1
    assert undone(list(undo_sorting(ledger))) == (4, 0, 0)
    assert not (tmp_path / "sorted").exists()


class Killed(BaseException):
    """A process that ends without another statement."""


@pytest.mark.parametrize("moment", ["before", "part", "after", "noted"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("then", ["undo", "sort"])
def test_a_kill_at_any_moment_leaves_nothing_that_undo_does_not_know(
    moment: str, kind: str, then: str, ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`noted`: the ledger lost what it was told since it was last forced to the disk."""
    into, real = tmp_path / "sorted", record.make

    def make_and_die(file: record.MadeFile, content: bytes) -> os.stat_result:
        third = file.photo == 3
        if third and moment == "before":
            raise Killed
        if third and moment == "part":
            file.path.with_name(file.part).write_bytes(b"half of i")
            raise Killed
        made = real(file, content)
        if third and moment == "after":
            raise Killed
        return made

    def lose(opened: Ledger, remove: bool = False) -> None:  # noqa: ARG001
        opened._connection.rollback()
        opened._connection.close()
        assert opened._lock is not None
        opened._lock.release()

    with monkeypatch.context() as patch:
        patch.setattr(record, "make", make_and_die)
        patch.setattr(steering, "SECONDS_BETWEEN_PROGRESS", 0)
        patch.setattr(record.Record, "_settle", lambda *_: None)
        patch.setattr(record.MadeFiles, "is_done", lambda *_: None)
        patch.setattr(Ledger, "close", lose)
        generator = sort(ledger, into, kind=kind)  # type: ignore[arg-type]
        with pytest.raises(Killed):
            for number, _ in enumerate(generator):
                if moment == "noted" and number == 4:
                    generator.throw(Killed())
    assert into.exists()
    if then == "sort":
        list(sort(ledger, into, kind=kind))  # type: ignore[arg-type]
        assert len(names(into)) == 5 and not [name for name in names(into) if name.endswith(".part")]
    list(undo_sorting(ledger))
    assert not into.exists()


STEP = st.tuples(
    st.sampled_from(["sort", "undo", "say", "add"]), st.sampled_from(KINDS), st.booleans(), st.integers(0, 12)
)


@settings(max_examples=15, deadline=None)
@given(st.lists(STEP, max_size=6))
def test_whatever_is_done_the_photos_stay_and_undo_takes_all_away(steps: list[tuple[str, str, bool, int]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = make_ledger(folder, PHOTOS)
        put(folder / "sorted" / "red" / "1.jpg", b"mine")
        put(folder / "photos" / "later.jpg")
        before, photos = tree(folder / "sorted"), tree(folder / "photos")
        for what, kind, flat, number in steps:
            if what == "say":
                say(ledger, folder / "photos" / list(PHOTOS)[number % 5], ("red", "Red", "blue")[number % 3])
            elif what == "add":
                make_ledger(folder, {"later.jpg": "blue"})
            else:
                play(what, ledger, folder / "sorted", kind, flat, number)
            assert tree(folder / "photos") == photos
        list(undo_sorting(ledger))
        assert tree(folder / "sorted") == before
        assert tree(folder / "photos") == photos


def play(what: str, ledger: Path, into: Path, kind: str, flat: bool, number: int) -> None:
    """Sort or undo, and end it after so many events."""
    events = sort(ledger, into, kind=kind, flat=flat) if what == "sort" else undo_sorting(ledger)  # type: ignore[arg-type]
    for _ in zip(range(number), events, strict=False):
        pass
    events.close()


SORT = "import sys\nfrom pathlib import Path\nimport engine\nlist(engine.sort(Path(sys.argv[1]), Path(sys.argv[2])))\n"


@pytest.mark.parametrize("photos", [150, pytest.param(5000, marks=pytest.mark.long)])
def test_a_sorting_that_is_killed_is_gone_on_with_and_undone(photos: int, tmp_path: Path) -> None:
    many = {f"{number % 7}/{number}.jpg": ("red", "green", "blue")[number % 3] for number in range(photos)}
    ledger, into = make_ledger(tmp_path, many), tmp_path / "sorted"
    put(into / "red" / "0" / "0.jpg", b"mine")
    before, originals = tree(into), tree(tmp_path / "photos")
    child = subprocess.Popen([sys.executable, "-c", SORT, str(ledger), str(into)])
    while child.poll() is None and sum(1 for _ in into.rglob("*.jpg")) < photos // 3:
        time.sleep(0.01)
    child.kill()
    child.wait()
    list(sort(ledger, into))
    assert len(names(into)) == photos + 1
    list(undo_sorting(ledger))
    assert tree(into) == before and tree(tmp_path / "photos") == originals
