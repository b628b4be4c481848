from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import ThawError
from engine.events import Event, LeftOut, SidecarsFinished
from engine.prediction.hierarchy import Hierarchy
from engine.prediction.ledger.deciding import use_rules
from engine.prediction.ledger.opening import read_ledger
from engine.prediction.rules import Rules
from engine.prediction.sorting.sidecars import write_sidecars
from engine.prediction.sorting.sort import sort
from engine.prediction.sorting.undo import undo_sorting
from tests.engine.prediction.sorting.made_ledger import make_ledger, names, put, say, tree
from tests.engine.prediction.sorting.test_xmp import DC, DIGIKAM, LR, properties

PHOTOS = {"a/1.jpg": "red", "a/1.png": "red", "a/2.jpg": "unknown", "3.jpg": "blue", "bad.jpg": ""}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return make_ledger(tmp_path, PHOTOS)


def counts(events: list[Event]) -> tuple[int, int, int, int]:
    """Written, kept, without a label, left out."""
    last = events[-1]
    assert isinstance(last, SidecarsFinished)
    return last.files, last.kept, last.unlabelled, last.left_out


def left(events: list[Event]) -> list[str]:
    return [event.path.name for event in events if isinstance(event, LeftOut)]


@pytest.mark.parametrize(
    ("naming", "written", "without"),
    [("digikam", ["3.jpg.xmp", "a/1.jpg.xmp", "a/1.png.xmp"], []), ("lightroom", ["3.xmp", "a/1.xmp"], ["1.png"])],
)
def test_sidecars_lie_beside_the_photos_and_undo_takes_them_away(
    naming: Any, written: list[str], without: list[str], ledger: Path, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    before = tree(photos)
    assert counts(list(write_sidecars(ledger, naming=naming, dry_run=True))) == (len(written), 0, 2, len(without))
    assert tree(photos) == before
    events = list(write_sidecars(ledger, naming=naming))
    assert counts(events) == (len(written), 0, 2, len(without)) and left(events) == without
    assert sorted(set(names(photos)) - set(before)) == written
    assert properties((photos / written[0]).read_bytes())[f"{DC}subject"] == ("Bag", ["blue"])
    assert counts(list(write_sidecars(ledger, naming=naming)))[:2] == (0, len(written))
    list(undo_sorting(ledger))
    assert tree(photos) == before


@pytest.mark.parametrize("ending", [".xmp", ".XMP"])
def test_no_sidecar_is_written_over(ending: str, ledger: Path, tmp_path: Path) -> None:
    mine = put(tmp_path / "photos" / "a" / f"1.jpg{ending}", b"mine")
    events = list(write_sidecars(ledger))
    assert left(events) == ["1.jpg"] and mine.read_bytes() == b"mine"
    list(undo_sorting(ledger))
    assert mine.read_bytes() == b"mine"


def test_what_a_person_says_later_replaces_only_what_is_as_it_was_written(ledger: Path, tmp_path: Path) -> None:
    list(write_sidecars(ledger))
    one, other = tmp_path / "photos" / "a" / "1.jpg", tmp_path / "photos" / "3.jpg"
    edited = put(other.with_name("3.jpg.xmp"), b"<x>by another program</x>")
    for photo in (one, other):
        say(ledger, photo, "green")
    events = list(write_sidecars(ledger))
    assert counts(events) == (1, 1, 2, 1) and left(events) == ["3.jpg"]
    assert properties(one.with_name("1.jpg.xmp").read_bytes())[f"{DC}subject"] == ("Bag", ["green"])
    list(undo_sorting(ledger))
    assert edited.exists() and not one.with_name("1.jpg.xmp").exists()


def test_groups_are_told(ledger: Path, tmp_path: Path) -> None:
    opened = read_ledger(ledger, to_decide=True)
    use_rules(opened, Rules(("red", "green", "blue"), (0, 0, 0), Hierarchy({"red": "warm", "warm": "colours"})))
    opened.close()
    list(write_sidecars(ledger))
    told = properties((tmp_path / "photos" / "a" / "1.jpg.xmp").read_bytes())
    assert told[f"{DIGIKAM}TagsList"][1] == ["colours/warm/red"]
    assert told[f"{LR}hierarchicalSubject"][1] == ["colours|warm|red"]


def test_photos_and_sidecars_are_undone_apart(ledger: Path, tmp_path: Path) -> None:
    list(write_sidecars(ledger))
    list(sort(ledger, tmp_path / "sorted"))
    list(undo_sorting(ledger, only="sidecars"))
    assert not list((tmp_path / "photos").rglob("*.xmp")) and len(names(tmp_path / "sorted")) == 5
    list(write_sidecars(ledger))
    list(undo_sorting(ledger, only="photos"))
    assert len(list((tmp_path / "photos").rglob("*.xmp"))) == 3 and not (tmp_path / "sorted").exists()


def test_what_cannot_be_is_a_sentence(ledger: Path) -> None:
    with pytest.raises(ThawError, match="not as “picasa”"):
        list(write_sidecars(ledger, naming="picasa"))  # type: ignore[arg-type]
    with pytest.raises(ThawError, match="not “all”"):
        list(undo_sorting(ledger, only="all"))  # type: ignore[arg-type]
