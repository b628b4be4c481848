from __future__ import annotations

import contextlib
import csv
import errno
import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from engine import model_file
from engine.control import Control
from engine.errors import ModelFileError, RunError, ThawError
from engine.events import Event, Notice, Prediction, PredictionFinished, PredictionProgress
from engine.photos import read
from engine.prediction import batch, tally
from engine.prediction.batch import predict
from engine.prediction.ledger.files import place_beside
from engine.prediction.ledger.opening import read_ledger
from engine.prediction.ledger.verdicts import say
from engine.prediction.runtime import Classifier
from engine.wire import from_json, to_json
from tests.engine import tiny_model
from tests.engine.prediction.test_walk import lock, make_photo
from tests.shared_data import shared


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_model.make(tmp_path / "m.thaw").path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """30 photos, red, green and blue by turns, in two folders with the same names."""
    root = tmp_path / "photos"
    for number in range(15):
        for folder in ("a", "b"):
            make_photo(root / folder / f"{number}.png", ("red", "lime", "blue")[number % 3])
    return root


def answers(events: list[Event]) -> list[Prediction]:
    return [event for event in events if isinstance(event, Prediction)]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_photo_is_a_row_in_the_order_of_the_walk(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    events = list(predict(model, [photos], out, threads=3))
    expected = [photos / folder / f"{number}.png" for folder in "ab" for number in range(15)]
    assert [answer.path for answer in answers(events)] == expected
    assert [answer.label for answer in answers(events)] == ["red", "green", "blue"] * 10
    assert [row["path"] for row in rows(out)] == [str(path) for path in expected]
    for answer, row in zip(answers(events), rows(out), strict=True):
        assert (row["label"], row["confidence"]) == (answer.label, f"{answer.confidence:.6f}")
        assert [row[f"top{rank}_confidence"] for rank in (1, 2, 3)] == [f"{share:.6f}" for _, share in answer.top]
    finished = events[-1]
    assert isinstance(finished, PredictionFinished)
    assert (finished.photos, finished.failed, finished.skipped, finished.stopped) == (30, 0, 0, False)
    assert (finished.out, finished.images_per_second > 0) == (out, True)
    assert all(from_json(to_json(event)) == event for event in events)


def test_the_answer_is_that_of_the_classifier(model: Path, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (90, 60, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noise.png")
    (answer,) = answers(list(predict(model, [tmp_path / "noise.png"])))
    seen = read(tmp_path / "noise.png", tiny_model.SIZE, "crop").pixels
    expected = Classifier(model_file.open_model(model)).probabilities(seen[None])[0]
    assert dict(answer.top) == pytest.approx(dict(zip(tiny_model.CLASSES, expected, strict=True)), abs=1e-7)
    assert answer.confidence == answer.top[0][1] == max(share for _, share in answer.top)


def test_one_bad_photo_in_the_middle_ends_nothing(model: Path, photos: Path, tmp_path: Path) -> None:
    bad = photos / "a" / "7.png"
    bad.write_bytes(bad.read_bytes()[:60])
    (photos / "a" / "8.png").write_bytes(b"")
    events = list(predict(model, [photos], tmp_path / "out.csv"))
    broken = [answer for answer in answers(events) if answer.error]
    assert [answer.path.name for answer in broken] == ["7.png", "8.png"]
    assert all((answer.label, answer.confidence, answer.top) == ("", 0.0, ()) for answer in broken)
    assert [row["path"] for row in rows(tmp_path / "out.csv") if row["error"]] == [
        str(answer.path) for answer in broken
    ]
    assert (events[-1].photos, events[-1].failed) == (30, 2)  # type: ignore[attr-defined]
    assert [answer.label for answer in answers(events)][9:12] == ["red", "green", "blue"]


def test_a_row_is_on_disk_before_its_event(model: Path, photos: Path, tmp_path: Path) -> None:
    seen = 0
    for event in predict(model, [photos], tmp_path / "out.csv"):
        if isinstance(event, Prediction):
            seen += 1
            assert rows(tmp_path / "out.csv")[seen - 1]["path"] == str(event.path)
    assert seen == 30


@pytest.mark.usefixtures("little_ahead")
def test_stop_keeps_what_is_written(model: Path, photos: Path, tmp_path: Path) -> None:
    control, events = Control(), []
    for event in predict(model, [photos], tmp_path / "out.csv", control=control, threads=1):
        events.append(event)
        if len(answers(events)) == 4:
            control.stop()
    finished = events[-1]
    assert isinstance(finished, PredictionFinished) and finished.stopped
    assert 4 <= finished.photos < 30
    assert len(rows(tmp_path / "out.csv")) == finished.photos == len(answers(events))
    assert threads_left() == []


def test_a_stop_after_the_last_photo_stopped_nothing(
    model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    totals, counting = [], batch._counting

    @contextlib.contextmanager
    def kept(*asked: Any) -> Iterator[Any]:
        with counting(*asked) as total:
            totals.append(total)
            yield total

    monkeypatch.setattr(batch, "_counting", kept)
    control, events = Control(), []
    for event in predict(model, [photos], control=control):
        events.append(event)
        if len(answers(events)) == 30:
            while totals[0]() is None:
                time.sleep(0.01)
            control.stop()
    assert not events[-1].stopped


def test_pause_waits_and_resume_goes_on(model: Path, photos: Path) -> None:
    control, resumed, events = Control(), threading.Event(), []
    control.pause()
    timer = threading.Timer(0.3, lambda: (resumed.set(), control.resume()))
    timer.start()
    for event in predict(model, [photos], control=control):
        assert resumed.is_set() or not isinstance(event, Prediction)
        events.append(event)
    timer.join()
    assert len(answers(events)) == 30
    assert not events[-1].stopped  # type: ignore[attr-defined]


def test_whoever_leaves_early_leaves_no_thread_behind(model: Path, photos: Path, tmp_path: Path) -> None:
    job = predict(model, [photos], tmp_path / "out.csv")
    next(job)
    job.close()
    assert threads_left() == []
    assert rows(tmp_path / "out.csv")


def threads_left() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(("predict", "count"))]


def test_below_the_threshold_the_label_is_unknown_and_the_classes_are_still_told(model: Path, tmp_path: Path) -> None:
    make_photo(tmp_path / "grey.png", "grey")
    make_photo(tmp_path / "red.png", "red")
    grey, red = answers(list(predict(model, [tmp_path / "grey.png", tmp_path / "red.png"], threshold=0.5)))
    assert (grey.label, grey.error) == ("unknown", "")
    assert grey.confidence == pytest.approx(1 / 3, abs=1e-5)
    assert len(grey.top) == 3
    assert red.label == "red"


def test_the_models_own_threshold_for_a_class_counts(tmp_path: Path) -> None:
    model = tiny_model.make(tmp_path / "m.thaw", thresholds={"red": 0.99999}).path
    make_photo(tmp_path / "red.png", "red")
    make_photo(tmp_path / "blue.png", "blue")
    found = answers(list(predict(model, [tmp_path / "red.png", tmp_path / "blue.png"])))
    assert [answer.label for answer in found] == ["unknown", "blue"]


def test_top_is_as_long_as_wanted_and_never_longer_than_the_classes(model: Path, photos: Path, tmp_path: Path) -> None:
    (answer,) = answers(list(predict(model, [photos / "a" / "0.png"], tmp_path / "one.csv", top=1)))
    assert len(answer.top) == 1
    list(predict(model, [photos / "a" / "0.png"], tmp_path / "many.csv", top=50))
    header = (tmp_path / "many.csv").read_text().splitlines()[0]
    assert "top3,top3_confidence,human" in header


def test_an_unreadable_folder_below_is_told_at_once_and_again_at_the_end(
    model: Path, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock(monkeypatch, "a")
    events: list[Event] = []
    with pytest.raises(ThawError, match="Permission denied"):
        for event in predict(model, [photos], tmp_path / "out.csv"):
            events.append(event)
    assert any(isinstance(event, Notice) for event in events)
    assert isinstance(events[-1], PredictionFinished)
    assert len(rows(tmp_path / "out.csv")) == 15


@pytest.mark.parametrize("locked", [True, False])
def test_no_photo_at_all_is_an_error_and_leaves_no_table(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locked: bool
) -> None:
    empty = tmp_path / "empty"
    (empty / "inner").mkdir(parents=True)
    (empty / "notes.txt").write_text("notes")
    if locked:
        lock(monkeypatch, "inner")
    with pytest.raises(ThawError, match="Permission denied" if locked else "There is no photo in .* 1 other"):
        list(predict(model, [empty], tmp_path / "out.csv"))
    assert not (tmp_path / "out.csv").exists()


def test_nothing_begins_where_something_is_wrong(model: Path, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.toml").touch()
    (tmp_path / "taken.csv").write_text("mine")
    with pytest.raises(ModelFileError):
        list(predict(tmp_path / "absent.thaw", [photos]))
    with pytest.raises(RunError, match="resume or finish"):
        list(predict(tmp_path / "run", [photos]))
    with pytest.raises(ThawError, match="There is no photo or folder"):
        list(predict(model, [photos, tmp_path / "absent"]))
    with pytest.raises(ThawError, match="exists already"):
        list(predict(model, [photos], tmp_path / "taken.csv"))
    for wrong in ({"top": 0}, {"threshold": 1.5}, {"threshold": float("nan")}):
        with pytest.raises(ThawError, match="must"):
            list(predict(model, [photos], **wrong))  # type: ignore[arg-type]
    assert (tmp_path / "taken.csv").read_text() == "mine"


def test_a_named_file_that_vanished_is_a_row(model: Path, photos: Path) -> None:
    gone, there = answers(list(predict(model, [photos / "gone.jpg", photos / "a" / "0.png"])))
    assert "does not exist" in gone.error
    assert there.label == "red"


def test_the_total_is_told_once_it_is_counted_and_never_exceeded(
    model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tally, "SECONDS_BETWEEN_PROGRESS", 0.0)
    progress = [event for event in predict(model, [photos], threads=1) if isinstance(event, PredictionProgress)]
    assert (progress[-1].done, progress[-1].total, progress[-1].seconds_left) == (30, 30, 0.0)
    assert all(event.total in (None, 30) for event in progress)
    assert all((event.total is None) == (event.seconds_left is None) for event in progress)


def test_a_model_whose_network_is_damaged_leaves_what_is_there(model: Path, photos: Path, tmp_path: Path) -> None:
    out, bad = tmp_path / "answers.csv", tmp_path / "bad.thaw"
    list(predict(model, [photos], out))
    before = {path: path.read_bytes() for path in (out, place_beside(out))}
    model_file.write(bad, model_file.open_model(model).manifest, {"model.onnx": b"no network"})
    with pytest.raises(ThawError, match="cannot be loaded"):
        list(predict(bad, [photos], out, replace=True))
    assert {path: path.read_bytes() for path in (out, place_beside(out))} == before
    with pytest.raises(ThawError, match="cannot be loaded"):
        list(predict(bad, [photos], tmp_path / "new.csv"))
    assert not list(tmp_path.glob("new*"))


def test_a_model_that_answers_no_number_is_a_row_with_an_error(
    model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Classifier, "logits", lambda _, pixels: np.full((len(pixels), 3), np.nan, np.float32))
    found = answers(list(predict(model, [photos / "a"])))
    assert {answer.error for answer in found} == {"The model gave no usable answer for this photo."}


def test_names_that_are_not_utf8_are_predicted(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "ünï 犬"
    try:
        make_photo(folder / os.fsdecode(b"caf\xe9.png"), "blue")
    except OSError:
        pytest.skip("this file system takes no names that are not UTF-8")
    list(predict(model, [folder], tmp_path / "out.csv"))
    (row,) = rows(tmp_path / "out.csv")
    assert (row["label"], row["path"]) == ("blue", str(folder) + "/caf\\xe9.png")


def test_messy_files_are_rows_and_end_nothing(model: Path, tmp_path: Path) -> None:
    messy = shared("data/messy")
    events = list(predict(model, [messy], tmp_path / "out.csv"))
    found = answers(events)
    assert all(bool(answer.label) != bool(answer.error) for answer in found)
    assert len(found) + events[-1].skipped == len(list(messy.iterdir()))  # type: ignore[attr-defined]
    assert len(rows(tmp_path / "out.csv")) == len(found) >= 50
    turned = [answer for answer in found if answer.path.name.startswith("exif_rot__Landscape_")]
    assert len(turned) == 8
    assert len({answer.label for answer in turned}) == 1
    assert max(answer.confidence for answer in turned) - min(answer.confidence for answer in turned) < 0.01


def test_no_torch_and_no_qt_in_the_process(model: Path, photos: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from engine.prediction.batch import predict\n"
        f"list(predict(Path({str(model)!r}), [Path({str(photos)!r})], Path({str(tmp_path / 'out.csv')!r})))\n"
        "print([name for name in ('torch', 'torchvision', 'timm', 'onnx', 'PySide6') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_stop_before_the_first_photo_leaves_no_empty_ledger(model: Path, photos: Path, tmp_path: Path) -> None:
    control, ledger = Control(), tmp_path / "batch.thaw-ledger"
    control.stop()
    (finished,) = predict(model, [photos], ledger=ledger, control=control)
    assert isinstance(finished, PredictionFinished) and finished.stopped and not ledger.exists()


# --- the ledger -----------------------------------------------------------------------------------------------------


def test_only_new_changed_and_failed_photos_are_run_again(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    bad = photos / "a" / "7.png"
    good = bad.read_bytes()
    bad.write_bytes(b"")
    list(predict(model, [photos], out))
    bad.write_bytes(good)
    os.utime(photos / "a" / "3.png", (1, 1))
    make_photo(photos / "b" / "99.png", "blue")
    events = list(predict(model, [photos], out, resume=True))
    assert [str(one.path.relative_to(photos)) for one in answers(events)] == ["a/3.png", "a/7.png", "b/99.png"]
    assert (events[-1].photos, events[-1].kept, events[-1].failed) == (31, 28, 0)  # type: ignore[attr-defined]
    table = {row["path"]: row for row in rows(out)}
    assert len(table) == len(rows(out)) == 31
    assert list(table)[:15] == [str(photos / "a" / f"{n}.png") for n in range(15)]
    assert table[str(photos / "a" / "3.png")]["label"] == "red"
    assert table[str(bad)]["error"] == ""
    assert not any(isinstance(event, Notice) for event in events)


def test_the_photos_of_two_memory_cards_in_one_place_all_have_a_row(model: Path, tmp_path: Path) -> None:
    card, out = tmp_path / "card", tmp_path / "out.csv"
    for name, colours in (("first", ("red", "lime")), ("second", ("blue", "red"))):
        for number, colour in enumerate(colours):
            make_photo(tmp_path / name / f"IMG_{number}.png", colour)
            os.utime(tmp_path / name / f"IMG_{number}.png", (100 * len(name) + number,) * 2)

    def classified(name: str) -> list[Event]:
        (tmp_path / name).rename(card)
        events = list(predict(model, [card], out, resume=True))
        card.rename(tmp_path / name)
        return events

    classified("first")
    ledger = read_ledger(tmp_path / "out.thaw-ledger")
    say(ledger, {1: "green"})
    ledger.close()
    events = classified("second")
    (told,) = [event for event in events if isinstance(event, Notice)]
    assert told.kind == "others" and told.text.startswith("2 photos are others than before at the same place")
    for name in ("first", "second", "first"):
        assert answers(classified(name)) == []
    assert [(Path(row["path"]).name, row["label"], row["human"]) for row in rows(out)] == [
        ("IMG_0.png", "red", "green"), ("IMG_1.png", "green", ""), ("IMG_0.png", "blue", ""), ("IMG_1.png", "red", ""),
    ]  # fmt: skip


def test_an_answer_outlives_its_photo(model: Path, photos: Path, tmp_path: Path) -> None:
    named, out = [photos / "a" / "0.png", photos / "a" / "1.png"], tmp_path / "out.csv"
    list(predict(model, named, out))
    before = out.read_text()
    named[1].unlink()
    (*_, finished) = predict(model, named, out, resume=True)
    assert finished.failed == 1 and out.read_text() == before  # type: ignore[union-attr]


@pytest.mark.usefixtures("little_ahead")
def test_a_batch_that_was_cut_ends_with_the_table_of_one_that_was_not(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    list(predict(model, [photos], tmp_path / "whole.csv"))
    out = tmp_path / "cut.csv"
    job = predict(model, [photos], out, threads=1)
    for event in job:
        if isinstance(event, Prediction) and event.path.name == "6.png":
            break
    job.close()
    torn = out.read_text()
    out.write_text(torn[: len(torn) - 5])  # as after a power failure
    events = list(predict(model, [photos], out, resume=True))
    assert 0 < len(answers(events)) < 30
    assert out.read_text() == (tmp_path / "whole.csv").read_text()


def test_other_thresholds_on_resume_need_no_photo(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    list(predict(model, [photos], out))
    events = list(predict(model, [photos], out, resume=True, by_class={"red": 1.0}))
    assert answers(events) == []
    assert [row["label"] for row in rows(out)] == ["unknown", "green", "blue"] * 10


def test_a_table_without_its_ledger_is_never_gone_on_with(model: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "diary.csv"
    out.write_text("mine")
    with pytest.raises(ThawError, match="no ledger beside it"):
        list(predict(model, [photos], out, resume=True))
    assert out.read_text() == "mine"
    assert not (tmp_path / "diary.thaw-ledger").exists()


def test_resume_begins_where_there_is_nothing_yet(model: Path, photos: Path, tmp_path: Path) -> None:
    list(predict(model, [photos], tmp_path / "out.csv", resume=True))
    assert len(rows(tmp_path / "out.csv")) == 30


def test_results_among_the_photos_are_no_finds(model: Path, photos: Path) -> None:
    (*_, finished) = predict(model, [photos], photos / "out.csv")
    assert (finished.photos, finished.skipped) == (30, 0)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["out.xlsx", "out.jsonl"])
def test_other_tables_are_there_at_the_end_also_after_a_stop(
    model: Path, photos: Path, tmp_path: Path, name: str
) -> None:
    control = Control()
    for event in predict(model, [photos], tmp_path / name, control=control, threads=1):
        if isinstance(event, Prediction) and event.path.name == "4.png":
            control.stop()
    assert (tmp_path / name).stat().st_size > 0
    (*_, finished) = predict(model, [photos], tmp_path / name, resume=True)
    assert (finished.photos, finished.kept > 0) == (30, True)  # type: ignore[union-attr]


def test_hashes_are_told_when_asked_for(model: Path, photos: Path) -> None:
    photo = photos / "a" / "0.png"
    (answer,) = answers(list(predict(model, [photo], hashed=True)))
    assert answer.sha256 == hashlib.sha256(photo.read_bytes()).hexdigest()
    assert answer.size == photo.stat().st_size
    (answer,) = answers(list(predict(model, [photo])))
    assert answer.sha256 == ""


def test_the_time_is_split_into_what_it_went_to(model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "SECONDS_BETWEEN_PROGRESS", 0.0)
    (*_, last) = [event for event in predict(model, [photos]) if isinstance(event, PredictionProgress)]
    assert last.reading + last.decoding + last.network == pytest.approx(1)
    assert min(last.reading, last.decoding, last.network) > 0


def test_a_persons_own_file_of_the_ledgers_name_is_never_written_over(
    model: Path, photos: Path, tmp_path: Path
) -> None:
    list(predict(model, [photos], tmp_path / "out.csv"))
    (tmp_path / "out.jsonl").write_text("mine")
    with pytest.raises(ThawError, match="no table of this batch"):
        list(predict(model, [photos], tmp_path / "out.jsonl", resume=True))
    assert (tmp_path / "out.jsonl").read_text() == "mine"
    list(predict(model, [photos], tmp_path / "out.csv", resume=True))
    assert len(rows(tmp_path / "out.csv")) == 30


def test_a_photo_that_the_drive_refused_once_is_read_again(
    model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, refused = Path.open, list[str]()

    def refusing(path: Path, *given: object, **named: object) -> object:
        if path.suffix == ".png" and (path.name != "3.png" or refused.count(path.name) < 1):
            refused.append(path.name)
            if path.name in ("3.png", "4.png"):
                raise OSError(errno.EIO, "Input/output error")
        return real(path, *given, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", refusing)
    found = answers(list(predict(model, [photos / "a"])))
    assert [answer.path.name for answer in found if answer.error] == ["4.png"]
    assert (refused.count("3.png"), refused.count("4.png")) == (1, 2)


def test_what_cannot_both_be_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ThawError, match="Either go on with the answers"):
        next(predict(tmp_path / "m.thaw", [tmp_path], tmp_path / "o.csv", resume=True, replace=True))
    with pytest.raises(ThawError, match="both the table and the ledger"):
        next(predict(tmp_path / "m.thaw", [tmp_path], tmp_path / "o.thaw-ledger"))


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_a_folder_that_is_called_otherwise_gets_no_second_rows(tmp_path: Path) -> None:
    model, out = tiny_model.make(tmp_path / "m.thaw").path, tmp_path / "o.csv"
    make_photo(tmp_path / "photos" / "a.png")
    (tmp_path / "link").symlink_to(tmp_path / "photos")
    list(predict(model, [tmp_path / "photos"], out))
    make_photo(tmp_path / "photos" / "b.png", "blue")
    (*_, finished) = predict(model, [tmp_path / "link"], out, resume=True)
    assert isinstance(finished, PredictionFinished) and (finished.photos, finished.kept) == (2, 1)
    assert len(out.read_text(encoding="utf-8").splitlines()) == 3


def test_a_hash_that_was_not_asked_for_before_is_there_when_it_is(model: Path, tmp_path: Path) -> None:
    photo, out = make_photo(tmp_path / "a.png"), tmp_path / "o.csv"
    for hashed, kept, sha256 in ((False, 0, ""), (True, 0, "hash"), (True, 1, "hash"), (False, 1, "hash")):
        (*_, finished) = predict(model, [photo], out, resume=True, hashed=hashed)
        assert isinstance(finished, PredictionFinished) and finished.kept == kept
        (row,) = rows(out)
        assert row["sha256"] == sha256.replace("hash", hashlib.sha256(photo.read_bytes()).hexdigest())
