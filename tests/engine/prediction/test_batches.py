from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine.control import Control
from engine.errors import LedgerError
from engine.events import Prediction
from engine.model_file import ModelFile
from engine.prediction.batch import predict
from engine.prediction.ledger import batches, course
from engine.prediction.ledger.opening import about_model, open_ledger, read_ledger
from engine.prediction.rules import LiveRules, Rules
from tests.engine import tiny_model
from tests.tiny_photos import draw_photo


@pytest.fixture
def model(tmp_path: Path) -> ModelFile:
    return tiny_model.make(tmp_path / "m.thaw")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(6):
        draw_photo(tmp_path / "photos" / f"{number}.png", (200, 30, 30), number)
    return tmp_path / "photos"


def classify(model: ModelFile, paths: Sequence[Path], ledger: Path, stop_after: int = 0, **how: object) -> None:
    control = Control()
    done = 0
    for event in predict(model.path, paths, ledger=ledger, control=control, threads=1, **how):  # type: ignore[arg-type]
        done += isinstance(event, Prediction)
        if stop_after and done >= stop_after:
            control.stop()


@pytest.mark.usefixtures("little_ahead")
def test_a_batch_says_what_was_asked_and_how_far_it_came(model: ModelFile, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "batches"
    place = batches.free_name(folder, (photos,), "Colours")
    classify(model, (photos,), place, stop_after=1)
    (cut,) = batches.batches_in(folder, 10)
    assert cut.cut and cut.course.paths == (photos,) and cut.course.model == model.path
    assert 0 < cut.photos < 6
    begun = cut.course.begun
    classify(model, (photos,), place, resume=True)
    (whole,) = batches.batches_in(folder, 10)
    assert not whole.cut and whole.course.finished and whole.photos == whole.course.total == 6
    assert whole.course.begun == begun and whole.rules is not None


def test_a_batch_is_found_by_its_paths_and_its_model(model: ModelFile, photos: Path, tmp_path: Path) -> None:
    folder, identity = tmp_path / "batches", about_model(model).identity
    assert batches.batch_of(folder, (photos,), identity) is None
    place = batches.free_name(folder, (photos,), "Colours")
    assert place.name.startswith("photos 2") and place.name.endswith(" Colours.thaw-ledger")
    classify(model, (photos,), place)
    again = batches.free_name(folder, (photos,), "Colours")
    assert again.name.endswith(" Colours 2.thaw-ledger")
    classify(model, (photos,), again)
    os.utime(place, (time.time() - 100, time.time() - 100))
    found = batches.batch_of(folder, (photos,), identity)
    assert found is not None and found.path == again
    assert batches.batch_of(folder, (photos / "0.png",), identity) is None
    assert batches.batch_of(folder, (photos,), "another") is None
    (folder / "broken.thaw-ledger").write_bytes(b"nothing")
    assert [one.path for one in batches.batches_in(folder, 10)] == [again, place]


def test_a_deleted_batch_can_be_put_back_until_it_is_swept(model: ModelFile, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "batches"
    place = batches.free_name(folder, (photos,), "a/b: c")
    classify(model, (photos,), place)
    trashed = batches.delete(place)
    assert batches.batches_in(folder, 10) == []
    batches.sweep(folder)
    assert batches.put_back(trashed) == place and len(batches.batches_in(folder, 10)) == 1
    trashed = batches.delete(place)
    classify(model, (photos,), place)
    with pytest.raises(LedgerError, match="another of that name"):
        batches.put_back(trashed)
    batches.sweep(folder, days=0)
    assert list(trashed.parent.iterdir()) == []


def test_what_is_closed_or_deleted_while_it_is_looked_for_is_no_fault(
    model: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a look has seen may be gone a moment later: the journals of a ledger that is closed, or all of it."""
    place, gone = tmp_path / "a%20b#.thaw-ledger", tmp_path / "gone.thaw-ledger"
    open_ledger(place, model).close()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "exists", lambda _path: True)
        assert batches.put_back(batches.delete(place)) == place
        patch.setattr(Path, "glob", lambda folder, _pattern: iter((folder / gone.name,)))
        patch.setattr(Path, "is_file", lambda _path: True)
        assert batches.batches_in(tmp_path, 10) == []
        with pytest.raises(LedgerError):
            read_ledger(gone)
    assert not gone.exists()
    read_ledger(place).close()


@pytest.mark.usefixtures("little_ahead")
def test_rules_may_change_while_a_batch_runs(model: ModelFile, photos: Path, tmp_path: Path) -> None:
    classes = model.manifest.classes
    live = LiveRules(Rules(classes, (0.0,) * 3))
    place = tmp_path / "a.thaw-ledger"
    labels = []
    for event in predict(model.path, (photos,), ledger=place, threads=1, live_rules=live):
        if isinstance(event, Prediction):
            labels.append(event.label)
            live.now = Rules(classes, (1.0,) * 3)
    assert live.used is live.now
    assert labels[0] == "red" and labels[-1] == "unknown"
    ledger = read_ledger(place)
    assert {one.label for one in ledger.predictions(1)} == {"unknown"}
    ledger.close()


def test_names_that_are_no_utf8_survive(model: ModelFile, tmp_path: Path) -> None:
    odd = tmp_path / "caf\udce9"
    place = batches.free_name(tmp_path / "batches", (odd,), "m")
    place.name.encode()
    ledger = open_ledger(place, model)
    course.begin(ledger, (odd,), model.path)
    told = course.read(ledger)
    assert told is not None and told.paths == (odd,)
    ledger.close()


def test_long_names_in_other_scripts_become_one_that_a_drive_takes(tmp_path: Path) -> None:
    place = batches.free_name(tmp_path, (Path("/") / ("写" * 70),), "é" * 90)
    place.with_name(f"{place.name}-journal").touch()
    assert place.name.startswith("写写写") and place.name.endswith("éé.thaw-ledger")


def test_what_another_adds_to_is_not_deleted(model: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.file_lock.PATIENCE_SECONDS", 0.0)
    ledger = open_ledger(tmp_path / "a.thaw-ledger", model)
    with pytest.raises(LedgerError, match=r"is at work on “a\.thaw-ledger”"):
        batches.delete(ledger.path)
    assert ledger.path.exists()
    ledger.close()
    batches.delete(ledger.path)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".thaw"] == [batches.TRASH]
