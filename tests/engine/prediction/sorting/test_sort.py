from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from engine.control import Control
from engine.errors import LedgerError, ThawError
from engine.events import Event, LeftOut, SortingFinished, SortingPlanned
from engine.prediction.ledger.made_files import MadeFiles
from engine.prediction.ledger.opening import open_ledger, read_ledger
from engine.prediction.sorting import making, places
from engine.prediction.sorting.record import ANOTHER
from engine.prediction.sorting.sort import sort
from engine.prediction.sorting.undo import undo_sorting
from engine.wire import from_json, to_json
from tests.engine import tiny_model
from tests.engine.prediction.sorting.made_ledger import LONG_AGO, make_ledger, names, put, say, tree

PHOTOS = {"a/1.jpg": "red", "b/1.JPG": "red", "a/2.jpg": "unknown", "a/deep/3.jpg": "blue", "bad.jpg": ""}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return make_ledger(tmp_path, PHOTOS)


def finished(events: list[Event]) -> SortingFinished:
    last = events[-1]
    assert isinstance(last, SortingFinished)
    return last


def left(events: list[Event]) -> dict[str, str]:
    return {event.path.name: event.reason for event in events if isinstance(event, LeftOut)}


def test_copies_lie_by_class_with_their_sub_folders_their_bytes_and_times(ledger: Path, tmp_path: Path) -> None:
    before, into = tree(tmp_path / "photos"), tmp_path / "new" / "sorted"
    events = list(sort(ledger, into))
    assert names(into) == [
        "_failed/bad.jpg", "_unknown/a/2.jpg", "blue/a/deep/3.jpg", "red/a/1.jpg", "red/b/1.JPG",
    ]  # fmt: skip
    assert tree(into)["red/b/1.JPG"] == before["b/1.JPG"]
    assert tree(tmp_path / "photos") == before
    done = finished(events)
    assert (done.files, done.bytes, done.kept, done.moved, done.left_out, done.stopped) == (5, 27, 0, 0, 0, False)
    planned = next(event for event in events if isinstance(event, SortingPlanned))
    assert planned.folders == (("_failed", 1, 7), ("_unknown", 1, 5), ("blue", 1, 5), ("red", 2, 10))
    assert all(from_json(to_json(event)) == event for event in events)


def test_flat_they_lie_side_by_side_and_none_over_another(ledger: Path, tmp_path: Path) -> None:
    mine = put(tmp_path / "sorted" / "red" / "1 (2).jpg", b"mine")
    list(sort(ledger, tmp_path / "sorted", flat=True))
    assert names(tmp_path / "sorted" / "red") == ["1 (2).jpg", "1 (3).JPG", "1.jpg"]
    assert mine.read_bytes() == b"mine"


def test_a_persons_word_goes_before_the_models(ledger: Path, tmp_path: Path) -> None:
    for name in ("a/1.jpg", "bad.jpg"):
        say(ledger, tmp_path / "photos" / name, "Green?")
    say(ledger, tmp_path / "photos" / "a/deep/3.jpg", "unknown")
    list(sort(ledger, tmp_path / "sorted"))
    assert names(tmp_path / "sorted") == [
        "Green_/a/1.jpg", "Green_/bad.jpg", "_unknown/a/2.jpg", "_unknown/a/deep/3.jpg", "red/b/1.JPG",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["hardlink", "symlink"])
def test_links_lead_to_the_photos(kind: Any, ledger: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    assert finished(list(sort(ledger, into, kind=kind))).bytes == 0
    linked = into / "red" / "a" / "1.jpg"
    assert linked.samefile(tmp_path / "photos" / "a" / "1.jpg") and linked.is_symlink() == (kind == "symlink")
    list(undo_sorting(ledger))
    assert not into.exists() and len(names(tmp_path / "photos")) == 5


@pytest.mark.parametrize(("kind", "function"), [("hardlink", "link"), ("symlink", "symlink")])
def test_a_drive_without_links_is_a_sentence_and_nothing_stays(
    kind: Any, function: str, ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, function, refuse)
    with pytest.raises(ThawError, match=r"no (hard|symbolic) links in .*sort copies instead"):
        list(sort(ledger, tmp_path / "sorted", kind=kind))
    list(undo_sorting(ledger))
    assert not (tmp_path / "sorted").exists()


def test_copies_need_no_hard_links(ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert finished(list(sort(ledger, tmp_path / "sorted"))).files == 5
    assert not [name for name in names(tmp_path / "sorted") if name.endswith(".part")]


def test_a_dry_run_changes_nothing(ledger: Path, tmp_path: Path) -> None:
    before = tree(tmp_path)
    planned = list(sort(ledger, tmp_path / "sorted", dry_run=True))[-1]
    assert isinstance(planned, SortingPlanned) and (planned.files, planned.bytes) == (5, 27)
    assert tree(tmp_path) == before


def test_what_is_gone_or_changed_is_told_and_left_out(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "photos" / "a" / "2.jpg").unlink()
    put(tmp_path / "photos" / "bad.jpg", b"mended by now")
    events = list(sort(ledger, tmp_path / "sorted"))
    assert {name: reason.split(";")[0] for name, reason in left(events).items()} == {
        "2.jpg": "It is not there any more.",
        "bad.jpg": "It changed since it was classified",
    }
    assert (finished(events).files, finished(events).left_out) == (3, 2)


def test_a_photo_that_changes_while_it_is_copied_is_left_out(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copyfileobj

    def copy_and_change(source: Any, *arguments: Any) -> None:
        copy(source, *arguments)
        if source.name.endswith("2.jpg"):
            put(Path(source.name), b"2.jpX", LONG_AGO + 1)

    monkeypatch.setattr(shutil, "copyfileobj", copy_and_change)
    events = list(sort(ledger, tmp_path / "sorted"))
    assert list(left(events)) == ["2.jpg"] and "_unknown/a/2.jpg" not in names(tmp_path / "sorted")


def test_photos_on_a_drive_that_is_away_are_a_sentence(ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").rename(tmp_path / "elsewhere")
    with pytest.raises(ThawError, match="connect their drive"):
        list(sort(ledger, tmp_path / "sorted"))
    assert not (tmp_path / "sorted").exists()


@pytest.mark.parametrize("into", ["photos", "photos/sorted", "photos/a", "link", "link/x/y"])
def test_nothing_is_put_among_photos(into: str, ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "photos" / "b")
    before = tree(tmp_path / "photos")
    with pytest.raises(ThawError, match=r"is inside .*photos.* were classified|holds photos"):
        list(sort(ledger, tmp_path / into))
    assert tree(tmp_path / "photos") == before


def test_a_classs_folder_that_is_the_photos_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, {"1.jpg": "blue", "2.jpg": "red"}, root="red")
    before = tree(tmp_path)
    with pytest.raises(ThawError, match="is inside"):
        list(sort(ledger, tmp_path))
    assert {name for name in set(tree(tmp_path)) - set(before) if not name.startswith("answers")} == set()


def test_a_single_photos_own_folder_is_refused(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, {"1.jpg": "blue"}, root="photos")
    opened = open_ledger(ledger, tiny_model.make(tmp_path / "m.thaw"), resume=True)
    with opened.statements() as run:
        run("DELETE FROM about WHERE key = 'named'")
    opened.close()
    with pytest.raises(ThawError, match="is inside"):
        list(sort(ledger, tmp_path / "photos"))
    with pytest.raises(ThawError, match="holds photos that were classified"):
        places.check_target(tmp_path / "photos", [tmp_path / "photos" / "1.jpg"])
    places.check_target(tmp_path / "photos" / "x", [tmp_path / "photos" / "1.jpg"])


def test_room_is_looked_at_before_the_first_copy(ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.prediction.sorting.places.free_bytes", lambda _: 10**6)
    with pytest.raises(ThawError, match=r"has 2 MB free; free 2 MB there"):
        list(sort(ledger, tmp_path / "sorted"))
    assert not (tmp_path / "sorted").exists()


def test_a_full_disk_in_the_middle_keeps_what_was_done(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = making.make, []

    def fill(file: Any, content: bytes) -> os.stat_result:
        calls.append(file)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, content)

    monkeypatch.setattr("engine.prediction.sorting.record.make", fill)
    with pytest.raises(ThawError, match="is full"):
        list(sort(ledger, tmp_path / "sorted"))
    assert len(names(tmp_path / "sorted")) == 2
    again = finished(list(sort(ledger, tmp_path / "sorted")))
    assert (again.files, again.kept) == (3, 2)


def test_again_only_what_is_new_or_missing_is_copied(ledger: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    list(sort(ledger, into))
    (into / "red" / "a" / "1.jpg").unlink()
    (into / "red" / "b" / "1.JPG").write_bytes(b"retouched")
    make_ledger(tmp_path, {"c/4.jpg": "red"})
    events = list(sort(ledger, into, kind="symlink", flat=True))
    assert (finished(events).files, finished(events).kept, left(events)) == (2, 4, {})
    assert names(into / "red") == ["1.jpg", "4.jpg", "b/1.JPG"]


def test_what_has_another_class_by_now_moves_and_what_was_edited_stays(ledger: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    list(sort(ledger, into))
    put(into / "red" / "b" / "1.JPG", b"retouched")
    for name in ("a/1.jpg", "b/1.JPG", "a/deep/3.jpg"):
        say(ledger, tmp_path / "photos" / name, "green")
    events = list(sort(ledger, into))
    assert finished(events).files == 3 and finished(events).moved == 2
    assert list(left(events)) == ["1.JPG"]
    assert names(into) == [
        "_failed/bad.jpg", "_unknown/a/2.jpg", "green/a/1.jpg", "green/a/deep/3.jpg", "green/b/1.JPG", "red/b/1.JPG",
    ]  # fmt: skip
    assert not (into / "blue").exists() and not (into / "red" / "a").exists()


def test_the_photo_that_takes_anothers_place_gets_a_copy_of_its_own(ledger: Path, tmp_path: Path) -> None:
    list(sort(ledger, tmp_path / "sorted"))
    photo, first = tmp_path / "photos" / "a" / "1.jpg", b"1.jpg"
    put(photo, b"of another card", LONG_AGO + 1)
    make_ledger(tmp_path, {"a/1.jpg": "blue"})
    assert finished(list(sort(ledger, tmp_path / "sorted"))).files == 1
    assert names(tmp_path / "sorted") == [
        "_failed/bad.jpg", "_unknown/a/2.jpg", "blue/a/1.jpg", "blue/a/deep/3.jpg", "red/a/1.jpg", "red/b/1.JPG",
    ]  # fmt: skip
    assert (tmp_path / "sorted" / "blue" / "a" / "1.jpg").read_bytes() == b"of another card"
    assert (tmp_path / "sorted" / "red" / "a" / "1.jpg").read_bytes() == first
    away = list(sort(ledger, tmp_path / "elsewhere"))
    assert left(away) == {"1.jpg": ANOTHER} and finished(away).files == 5
    put(photo, first)
    assert finished(list(sort(ledger, tmp_path / "elsewhere"))).files == 1, "the first card is back"


def test_stop_is_an_ordinary_end_and_sorting_again_goes_on(ledger: Path, tmp_path: Path) -> None:
    control = Control()
    events: list[Event] = []
    for event in sort(ledger, tmp_path / "sorted", control=control):
        events.append(event)
        if event.__class__.__name__ == "SortingProgress":
            control.stop()
    assert finished(events).stopped and finished(events).files == len(names(tmp_path / "sorted")) == 1
    opened = read_ledger(ledger)
    assert MadeFiles(opened, to_write=False).unfinished() == []
    opened.close()
    assert finished(list(sort(ledger, tmp_path / "sorted"))).files == 4


def test_others_can_write_to_the_ledger_while_files_are_made(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, told = making.make, []

    def make_and_say(file: Any, content: bytes) -> os.stat_result:
        viewer = sqlite3.connect(ledger, timeout=0)
        viewer.execute("INSERT OR REPLACE INTO verdict VALUES (?, 'red', 'now')", (file.photo,))
        viewer.commit()
        viewer.close()
        told.append(file)
        return real(file, content)

    monkeypatch.setattr("engine.prediction.sorting.record.make", make_and_say)
    list(sort(ledger, tmp_path / "sorted"))
    assert len(told) == 5


def test_an_older_ledger_knows_no_named_folder_and_takes_the_one_that_holds_all(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, {"a/x/1.jpg": "red", "a/y/2.jpg": "red"})
    opened = open_ledger(ledger, tiny_model.make(tmp_path / "m.thaw"), resume=True)
    with opened.statements() as run:
        run("DELETE FROM about WHERE key = 'named'")
    opened.close()
    list(sort(ledger, tmp_path / "sorted"))
    assert names(tmp_path / "sorted") == ["red/x/1.jpg", "red/y/2.jpg"]


def test_names_that_are_no_text_are_sorted(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, {os.fsdecode(b"caf\xe9/\xff.jpg"): "red", "14:22.jpg": "red"})
    assert finished(list(sort(ledger, tmp_path / "sorted"))).files == 2
    assert names(tmp_path / "sorted") == ["red/14_22.jpg", "red/caf_udce9/_udcff.jpg"]
    list(undo_sorting(ledger))
    assert not (tmp_path / "sorted").exists()


def test_what_cannot_be_is_a_sentence(ledger: Path, tmp_path: Path) -> None:
    put(tmp_path / "file")
    with pytest.raises(ThawError, match="is a file"):
        list(sort(ledger, tmp_path / "file"))
    with pytest.raises(LedgerError, match="There are no answers"):
        list(sort(tmp_path / "absent", tmp_path / "sorted"))
    with pytest.raises(ThawError, match="not as “move”"):
        list(sort(ledger, tmp_path / "sorted", kind="move"))  # type: ignore[arg-type]
    opened = open_ledger(ledger, tiny_model.make(tmp_path / "m.thaw"), resume=True)
    with pytest.raises(LedgerError, match="is at work on"):
        list(sort(ledger, tmp_path / "sorted"))
    opened.close()
    list(sort(ledger, tmp_path / "sorted"))
    with pytest.raises(LedgerError, match="only it can undo"):
        open_ledger(ledger, tiny_model.make(tmp_path / "m.thaw"), replace=True)
    list(undo_sorting(ledger))
    open_ledger(ledger, tiny_model.make(tmp_path / "m.thaw"), replace=True).close()
