from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.control import Control
from engine.errors import CorrectionsError, DatasetError
from engine.events import CorrectionsApplied, CorrectionsUndone, Event, LeftOut, PhotoMisplaced
from engine.prediction.corrections.apply import apply_corrections
from engine.prediction.corrections.journal import alone_with, journals_folder
from engine.prediction.corrections.pack import pack_corrections
from engine.prediction.corrections.undo import undo_corrections
from tests.engine.prediction.corrections.field import Shot, make_dataset, make_field, take

SHOTS = {
    "card/1.jpg": Shot(10, "red", "red"),
    "card/2.jpg": Shot(30, "red", "green"),
    "card/3.jpg": Shot(50, "red", "wasp"),
    "card/4.jpg": Shot(70, "red", "unknown"),
    "card/5.jpg": Shot(90, "red", "green"),
    "card/6.jpg": Shot(110, "red", "red"),
    "other/1.jpg": Shot(130, "green", "red"),
}

Tree = dict[str, bytes]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pack whose originals are where they were."""
    ledger = make_field(tmp_path_factory.mktemp("field"), SHOTS)
    out = ledger.parent / "x.thaw-corrections"
    list(pack_corrections(ledger, out))
    return out


@pytest.fixture
def elsewhere(packed: Path) -> Iterator[Callable[[], None]]:
    """Takes the originals away, as on another machine; they come back at the end."""
    photos, away = packed.parent / "photos", packed.parent / "away"

    def leave() -> None:
        photos.rename(away)

    yield leave
    if away.exists():
        away.rename(photos)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Photo 5 is in it as blue, photo 6 as red."""
    places = {"red/1.jpg": 200, "red/sub/x.jpg": 110, "green/2.jpg": 210, "blue/3.jpg": 220, "blue/y.jpg": 90}
    return make_dataset(tmp_path / "data", places)


def tree(root: Path) -> Tree:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def applied(events: list[Event]) -> CorrectionsApplied:
    assert isinstance(events[-1], CorrectionsApplied)
    return events[-1]


def test_photos_come_to_the_class_that_a_person_said(packed: Path, dataset: Path) -> None:
    before = tree(dataset)
    *told, finished = apply_corrections(packed, dataset)
    assert applied([finished]).classes == (("green", 1), ("red", 2))
    assert (finished.added, finished.originals, finished.known, finished.misplaced, finished.none) == (3, 3, 1, 1, 1)
    assert (finished.unknown, finished.left_out) == ((("wasp", 1),), 0)
    (misplaced,) = [event for event in told if isinstance(event, PhotoMisplaced)]
    assert misplaced == PhotoMisplaced(dataset / "blue/y.jpg", "blue", "green", dataset / "green/y.jpg")
    after = tree(dataset)
    photos = packed.parent / "photos"
    new = {name: after[name] for name in after.keys() - before.keys()}
    assert new == {
        "red/1 (2).jpg": (photos / "card/1.jpg").read_bytes(),
        "red/1 (3).jpg": (photos / "other/1.jpg").read_bytes(),
        "green/2 (2).jpg": (photos / "card/2.jpg").read_bytes(),
    }
    assert before.items() <= after.items()


def test_a_second_time_nothing_is_added_and_all_can_be_undone(packed: Path, dataset: Path) -> None:
    before = tree(dataset)
    list(apply_corrections(packed, dataset, new_classes=True))
    once = tree(dataset)
    assert "wasp/3.jpg" in once
    assert applied(list(apply_corrections(packed, dataset, new_classes=True))).added == 0
    assert tree(dataset) == once
    dry = list(undo_corrections(packed, dataset, dry_run=True))[-1]
    assert tree(dataset) == once
    done = list(undo_corrections(packed, dataset))[-1]
    assert isinstance(done, CorrectionsUndone) and isinstance(dry, CorrectionsUndone)
    assert (done.removed, done.left) == (dry.removed, dry.left) == (4, 0)
    assert tree(dataset) == before
    assert not (dataset / "wasp").exists()
    assert not list(journals_folder().iterdir())
    with pytest.raises(CorrectionsError, match="no record"):
        list(undo_corrections(packed, dataset))


def test_a_dry_run_says_what_will_be_and_writes_nothing(packed: Path, dataset: Path) -> None:
    before = tree(dataset)
    dry = applied(list(apply_corrections(packed, dataset, dry_run=True)))
    assert tree(dataset) == before
    assert not journals_folder().exists()
    wet = applied(list(apply_corrections(packed, dataset)))
    assert dry.dry_run and not wet.dry_run
    assert (dry.classes, dry.known, dry.misplaced, dry.unknown) == (wet.classes, wet.known, wet.misplaced, wet.unknown)


def test_without_the_originals_small_copies_are_added_once(
    packed: Path, dataset: Path, elsewhere: Callable[[], None]
) -> None:
    before = tree(dataset)
    elsewhere()
    finished = applied(list(apply_corrections(packed, dataset)))
    assert (finished.added, finished.originals, finished.known, finished.misplaced) == (3, 0, 1, 1)
    assert applied(list(apply_corrections(packed, dataset))).added == 0
    (journal,) = journals_folder().iterdir()
    away = journal.rename(journal.with_suffix(".away"))
    assert applied(list(apply_corrections(packed, dataset))).added == 0, "a dataset may be taken to another computer"
    away.rename(journal)
    list(undo_corrections(packed, dataset))
    assert tree(dataset) == before


def test_an_original_that_is_another_photo_by_now_is_not_taken(packed: Path, dataset: Path) -> None:
    photo = packed.parent / "photos" / "card/1.jpg"
    content = photo.read_bytes()
    try:
        take(photo, Shot(255, "", None))
        os.truncate(photo, min(len(content), photo.stat().st_size))
        assert applied(list(apply_corrections(packed, dataset, dry_run=True))).originals == 2
    finally:
        photo.write_bytes(content)


def test_nothing_is_added_to_what_measures_a_model(packed: Path, tmp_path: Path) -> None:
    places = {"train/red/1.jpg": 200, "train/green/1.jpg": 210, "val/green/1.jpg": 30, "test/red/1.jpg": 130}
    root = make_dataset(tmp_path / "split", places)
    before = tree(root)
    finished = applied(list(apply_corrections(packed, root, new_classes=True)))
    assert finished.known == 2, "what val and test hold already would leak into train"
    new = tree(root).keys() - before.keys()
    assert new == {"train/red/1 (2).jpg", "train/red/6.jpg", "train/green/5.jpg", "train/wasp/3.jpg"}
    shutil.rmtree(root / "train")
    with pytest.raises(DatasetError, match="no photos to train on"):
        list(apply_corrections(packed, root))


def test_what_a_person_changed_or_needs_is_left_by_undo(packed: Path, dataset: Path) -> None:
    list(apply_corrections(packed, dataset))
    mine = bytes(len((dataset / "green/2 (2).jpg").read_bytes()))
    (dataset / "green/2 (2).jpg").write_bytes(mine)
    (dataset / "red/1 (3).jpg").unlink()
    original = packed.parent / "photos" / "card/1.jpg"
    away = original.rename(original.with_suffix(".away"))
    try:
        *told, done = undo_corrections(packed, dataset)
        original.write_bytes(bytes(away.stat().st_size))  # as the next memory card has one of that name
        other = list(undo_corrections(packed, dataset))[-1]
    finally:
        away.rename(original)
    assert isinstance(done, CorrectionsUndone) and isinstance(other, CorrectionsUndone)
    assert (done.removed, done.gone, done.left) == (other.removed, other.gone, other.left) == (0, 1, 2)
    reasons = {event.path.name: event.reason for event in told if isinstance(event, LeftOut)}
    assert "last copy" in reasons["1 (2).jpg"]
    assert "changed" in reasons["2 (2).jpg"]
    assert list(undo_corrections(packed, dataset))[-1].removed == 1  # type: ignore[attr-defined]
    assert (dataset / "green/2 (2).jpg").read_bytes() == mine


def test_one_thaw_at_a_time_and_a_stop_is_an_end(packed: Path, dataset: Path) -> None:
    before = tree(dataset)
    with alone_with(dataset):
        for verb in (apply_corrections, undo_corrections):
            with pytest.raises(CorrectionsError, match="Another Thaw"):
                list(verb(packed, dataset))
        assert applied(list(apply_corrections(packed, dataset, dry_run=True))).added == 3
    control = Control()
    control.stop()
    assert applied(list(apply_corrections(packed, dataset, control=control))).stopped
    assert tree(dataset) == before


def test_what_a_kill_left_is_undone(packed: Path, dataset: Path) -> None:
    before = tree(dataset)
    events = apply_corrections(packed, dataset)
    for _ in events:
        if len(tree(dataset)) > len(before):
            break
    events.close()
    (journal,) = journals_folder().glob("*.jsonl")
    with journal.open("a") as file:
        file.write('{"path": "red/torn')
    assert list(undo_corrections(packed, dataset))[-1].removed == 1  # type: ignore[attr-defined]
    assert tree(dataset) == before
