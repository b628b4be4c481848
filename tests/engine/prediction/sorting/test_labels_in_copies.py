from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from engine.errors import ThawError
from engine.events import Event, SortingFinished
from engine.prediction.ledger.made_files import MadeFiles
from engine.prediction.sorting import record
from engine.prediction.sorting.embedding import NOT_SIMPLE, OTHER_FORMAT
from engine.prediction.sorting.sort import sort
from engine.prediction.sorting.undo import undo_sorting
from engine.prediction.sorting.xmp import packet
from engine.terminal_sorting import sentence
from engine.wire import from_json, to_json
from tests.engine.prediction.sorting.made_ledger import LONG_AGO, make_ledger, names, put, say, tree
from tests.engine.prediction.sorting.test_embedding import keywords, saved
from tests.engine.prediction.sorting.test_xmp import DC

PHOTOS = {"a/1.jpg": "red", "2.png": "blue", "3.jpg": "unknown", "tagged.jpg": "red", "4.gif": "red", "bad.jpg": ""}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    for name in ("a/1.jpg", "3.jpg"):
        put(photos / name, saved("JPEG"))
    put(photos / "2.png", saved("PNG"))
    put(photos / "tagged.jpg", saved("JPEG", packet(["of a person's own"])))
    return make_ledger(tmp_path, PHOTOS)


def finished(events: list[Event]) -> SortingFinished:
    assert isinstance(events[-1], SortingFinished)
    return events[-1]


def subject(path: Path) -> list[str]:
    return keywords(path.read_bytes())[f"{DC}subject"]


def test_copies_have_their_label_inside_and_are_else_the_photos(ledger: Path, tmp_path: Path) -> None:
    into, before = tmp_path / "sorted", tree(tmp_path / "photos")
    done = finished(list(sort(ledger, into, label_in_copies=True)))
    assert tree(tmp_path / "photos") == before
    assert (done.files, done.labelled, dict(done.unlabelled)) == (6, 2, {NOT_SIMPLE: 1, OTHER_FORMAT: 1})
    assert from_json(to_json(done)) == done
    assert "2 copies have their label inside\n  1 have none: " in sentence(done)
    assert subject(into / "red/a/1.jpg") == ["red"] and subject(into / "blue/2.png") == ["blue"]
    for copy, photo in (("red/a/1.jpg", "a/1.jpg"), ("blue/2.png", "2.png")):
        assert (into / copy).stat().st_mtime_ns == LONG_AGO
        with Image.open(into / copy) as one, Image.open(tmp_path / "photos" / photo) as other:
            assert one.tobytes() == other.tobytes() and one.info["exif"] == other.info["exif"]
    for copy, photo in (("_unknown/3.jpg", "3.jpg"), ("red/tagged.jpg", "tagged.jpg"), ("red/4.gif", "4.gif")):
        assert (into / copy).read_bytes() == (tmp_path / "photos" / photo).read_bytes()


def test_they_are_known_again_move_and_are_undone(ledger: Path, tmp_path: Path) -> None:
    into = tmp_path / "sorted"
    put(into / "red" / "mine.txt")
    before = tree(into)
    list(sort(ledger, into, label_in_copies=True))
    assert finished(list(sort(ledger, into))).kept == 6
    say(ledger, tmp_path / "photos" / "2.png", "green")
    moved = finished(list(sort(ledger, into, label_in_copies=True)))
    assert (moved.files, moved.moved, moved.kept) == (1, 1, 5)
    assert subject(into / "green/2.png") == ["green"] and not (into / "blue").exists()
    edited = into / "red" / "a" / "1.jpg"
    edited.write_bytes(edited.read_bytes() + b"x")
    list(undo_sorting(ledger))
    assert {name for name in tree(into) if name not in before} == {"red/a", "red/a/1.jpg"}


def test_a_kill_before_it_was_noted_leaves_nothing_that_undo_does_not_know(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(MadeFiles, "is_done", lambda *_: None)
        patch.setattr(record.Record, "_settle", lambda *_: None)
        list(sort(ledger, tmp_path / "sorted", label_in_copies=True))
    assert len(names(tmp_path / "sorted")) == 6
    list(undo_sorting(ledger))
    assert not (tmp_path / "sorted").exists()


@pytest.mark.parametrize("kind", ["hardlink", "symlink"])
def test_links_are_the_photos_so_no_label_goes_into_them(kind: str, ledger: Path, tmp_path: Path) -> None:
    with pytest.raises(ThawError, match="labels go into copies only"):
        list(sort(ledger, tmp_path / "sorted", kind=kind, label_in_copies=True))  # type: ignore[arg-type]
    assert not (tmp_path / "sorted").exists()
