from __future__ import annotations

import csv
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.control import Control
from engine.events import Event, Notice, Prediction, PredictionFinished, Watching
from engine.prediction import results, stream, tally, watch
from engine.prediction.batch import predict
from engine.prediction.classify import Answer, Found
from engine.prediction.seen import Seen
from engine.prediction.walk import PhotoWalk
from engine.prediction.watch import Watch
from tests.engine import tiny_model
from tests.engine.prediction.test_walk import make_photo


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(watch, "SECOND_TRY_SECONDS", 0.05)
    monkeypatch.setattr(stream, "SECONDS_BETWEEN_LOOKS", 0.01)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_model.make(tmp_path / "m.thaw").path


@pytest.fixture
def card(tmp_path: Path) -> Path:
    for number, colour in enumerate(("red", "lime", "blue")):
        make_photo(tmp_path / "card" / "DCIM" / f"{number}.png", colour)
    return tmp_path / "card"


Step = Callable[[], object]


def watched(model: Path, paths: list[Path], out: Path | None, *steps: Step, **asked: object) -> list[Event]:
    """The events of a batch that watches. Each time that everything has its answer and no file is on its way, the next
    of the steps is taken; after the last one it is told to finish."""
    control, events, left = Control(), [], list(steps)
    for event in predict(model, paths, out, watch=True, control=control, threads=2, **asked):  # type: ignore[arg-type]
        events.append(event)
        if isinstance(event, Watching) and not event.coming:
            if left:
                left.pop(0)()
            else:
                control.finish()
    return events


def told(events: list[Event]) -> list[tuple[str, str]]:
    return [(one.path.name, one.label or one.error) for one in events if isinstance(one, Prediction)]


def rows(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(Path(row["path"]).name, row["label"]) for row in csv.DictReader(file)]


def test_photos_are_classified_as_they_come(model: Path, card: Path, tmp_path: Path) -> None:
    events = watched(
        model, [card], tmp_path / "out.csv",
        lambda: make_photo(card / "DCIM" / "3.png", "blue"),
        lambda: make_photo(card / "new folder" / "4.png", "red"),
    )  # fmt: skip
    expected = [("0.png", "red"), ("1.png", "green"), ("2.png", "blue"), ("3.png", "blue"), ("4.png", "red")]
    assert sorted(told(events)) == expected == sorted(rows(tmp_path / "out.csv"))
    finished = events[-1]
    assert isinstance(finished, PredictionFinished)
    assert (finished.photos, finished.failed, finished.stopped) == (5, 0, False)
    (*_, resumed) = predict(model, [card], tmp_path / "out.csv", resume=True)
    assert (resumed.photos, resumed.kept) == (5, 5)  # type: ignore[union-attr]


def test_another_photo_of_the_same_name_is_classified_and_both_have_a_row(
    model: Path, card: Path, tmp_path: Path
) -> None:
    photo = card / "DCIM" / "0.png"

    def paint() -> None:
        make_photo(photo, "blue")
        os.utime(photo, (5, 5))

    events = watched(model, [card], tmp_path / "out.csv", paint)
    assert [label for name, label in told(events) if name == "0.png"] == ["red", "blue"]
    assert rows(tmp_path / "out.csv")[0] == ("0.png", "red") and rows(tmp_path / "out.csv")[3:] == [("0.png", "blue")]
    told_of = [event for event in events if isinstance(event, Notice | Watching)]
    assert isinstance(told_of[-1], Watching) and isinstance(told_of[-2], Notice), (
        "said when all there is has its answer"
    )
    assert told_of[-2].kind == "others" and told_of[-2].text.startswith("1 photo is another than before")


def test_a_slow_upload_never_becomes_an_error(
    model: Path, card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SECOND_TRY_SECONDS", 5.0)
    content, target = make_photo(tmp_path / "whole.png", "lime").read_bytes(), card / "DCIM" / "slow.png"

    def upload() -> None:
        with target.open("wb", buffering=0) as file:
            for place in range(0, len(content), 8):
                file.write(content[place : place + 8])
                time.sleep(0.012)

    uploading = threading.Thread(target=upload)
    events = watched(model, [card], tmp_path / "out.csv", uploading.start)
    uploading.join()
    assert [one for one in told(events) if one[0] == "slow.png"] == [("slow.png", "green")]


def test_an_upload_that_came_to_a_halt_is_tried_again_before_it_is_an_error(
    model: Path, card: Path, tmp_path: Path
) -> None:
    whole = make_photo(tmp_path / "whole.png", "lime").read_bytes()
    cut = card / "DCIM" / "cut.png"
    events = watched(model, [card], tmp_path / "out.csv", lambda: cut.write_bytes(whole[:60]))
    (error,) = [one.error for one in events if isinstance(one, Prediction) and one.path == cut]
    assert "cut off" in error or "damaged" in error


def test_a_folder_that_is_not_there_yet_is_waited_for_and_told_once(model: Path, card: Path, tmp_path: Path) -> None:
    away = tmp_path / "away"
    card.rename(away)
    back = threading.Timer(0.2, lambda: away.rename(card))
    control, events = Control(), []
    for event in predict(model, [card], tmp_path / "out.csv", watch=True, control=control):
        events.append(event)
        if isinstance(event, Notice) and event.kind == "drive":
            back.start()
        if isinstance(event, Watching) and event.done == 3:
            control.stop()
    assert [event.kind for event in events if isinstance(event, Notice)] == ["drive", "drive-back"]
    assert len(told(events)) == len(rows(tmp_path / "out.csv")) == 3


def test_a_card_that_goes_away_comes_back_without_running_anything_twice(model: Path, card: Path) -> None:
    away = card.with_name("away")
    control, events = Control(), []
    for event in predict(model, [card], watch=True, control=control):
        events.append(event)
        if isinstance(event, Watching) and event.done == 3 and not event.coming and card.exists():
            card.rename(away)
        if isinstance(event, Notice) and event.kind == "drive":
            make_photo(away / "DCIM" / "3.png", "blue")
            away.rename(card)
        if isinstance(event, Prediction) and event.path.name == "3.png":
            control.finish()
    assert sorted(name for name, _ in told(events)) == ["0.png", "1.png", "2.png", "3.png"]
    assert [event.kind for event in events if isinstance(event, Notice)] == ["drive", "drive-back"]


def test_a_table_that_cannot_grow_is_there_while_it_goes_on(
    model: Path, card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "SECONDS_BETWEEN_TABLES", 0.0)
    out, seen = tmp_path / "out.xlsx", []
    watched(model, [card], out, lambda: (seen.append(out.stat().st_size), make_photo(card / "3.png")))
    assert seen[0] > 0 and out.stat().st_size > 0


def test_a_changed_photo_has_one_row_before_the_end(
    model: Path, card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "SECONDS_BETWEEN_TABLES", 0.0)
    out, seen = tmp_path / "out.csv", []
    watched(
        model, [card], out,
        lambda: os.utime(card / "DCIM" / "0.png", (5, 5)),
        lambda: (seen.append(rows(out)), make_photo(card / "DCIM" / "9.png", "red")),
    )  # fmt: skip
    assert len(seen[0]) == 3
    assert len(rows(out)) == 4


def test_a_table_that_another_program_holds_is_told_and_the_watch_goes_on(
    model: Path, card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "SECONDS_BETWEEN_TABLES", 0.0)
    write, tries = results.write_table, []

    def held(*arguments: object, **others: object) -> None:
        tries.append(arguments)
        if len(tries) == 1:
            raise results.ThawError("The table is held.")
        write(*arguments, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(results, "write_table", held)
    events = watched(model, [card], tmp_path / "out.xlsx")
    assert [event.text for event in events if isinstance(event, Notice)] == ["The table is held."]
    assert (tmp_path / "out.xlsx").exists()


def test_nothing_came_and_the_next_watch_goes_on(model: Path, tmp_path: Path) -> None:
    (tmp_path / "card").mkdir()
    assert told(watched(model, [tmp_path / "card"], tmp_path / "out.csv")) == []
    make_photo(tmp_path / "card" / "0.png")
    assert told(watched(model, [tmp_path / "card"], tmp_path / "out.csv", resume=True)) == [("0.png", "red")]


def test_a_stop_ends_the_wait_and_leaves_no_thread(model: Path, card: Path) -> None:
    control = Control()
    for event in predict(model, [card], watch=True, control=control):
        if isinstance(event, Watching):
            control.pause()
            threading.Timer(0.05, control.stop).start()
    assert isinstance(event, PredictionFinished)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(("predict", "count"))]


def test_time_in_which_nothing_came_is_none_of_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(tally.time, "monotonic", lambda: clock[0])
    counted = tally.Tally(Control())
    for now, idle in ((103.0, False), (110.0, True), (150.0, True), (190.0, True), (191.0, False), (200.0, True)):
        clock[0] = now
        counted.waited(idle)
    assert counted.paused == 80.0


# --- one look -------------------------------------------------------------------------------------------------------


@pytest.fixture
def looking(card: Path) -> Callable[[], list[str]]:
    """What each further look gives."""
    source = Watch([card], (), threading.Event(), lambda: False)
    return lambda: [found.path.name for found in source.look(lambda _: False)]


def test_a_fresh_photo_counts_at_the_second_look(looking: Callable[[], list[str]], card: Path) -> None:
    assert looking() == []
    make_photo(card / "3.png")
    assert looking() == ["0.png", "1.png", "2.png"]
    assert looking() == ["3.png"]
    assert looking() == []


def test_what_a_program_has_not_finished_fetching_is_no_photo_yet(looking: Callable[[], list[str]], card: Path) -> None:
    part = make_photo(card / "3.png.part")
    assert (looking(), looking(), looking()) == ([], ["0.png", "1.png", "2.png"], [])
    part.rename(card / "3.png")
    assert (looking(), looking()) == ([], ["3.png"])


def test_an_old_photo_counts_at_once(looking: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "OLD_SECONDS", -5.0)
    assert looking() == ["0.png", "1.png", "2.png"]


def test_an_answer_for_a_photo_that_changed_meanwhile_does_not_count(card: Path) -> None:
    photo = card / "DCIM" / "0.png"
    status = photo.stat()
    source = Watch([card], (), threading.Event(), lambda: False)
    right, old = Found(photo, status.st_size, status.st_mtime_ns), Found(photo, status.st_size, 7)
    gone = Found(card / "gone.png", 5, 5)
    answers = [Answer(right), Answer(old), Answer(gone, None, "does not exist")]
    assert source.taken(answers) == [Answer(right)]


def test_a_folder_whose_time_is_the_same_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a/0.png", "a/inner/1.png", "b/2.png"):
        make_photo(tmp_path / name)
    for folder in ("", "a", "a/inner", "b"):
        os.utime(tmp_path / folder, (1000, 1000))
    seen, read = Seen(), []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: read.append(Path(path).name) or scandir(path))

    def look() -> list[str]:
        found = list(PhotoWalk([tmp_path], seen=seen))
        for path in found:
            seen.add(str(path), path.stat().st_size, path.stat().st_mtime_ns)
        return [path.name for path in found]

    assert look() == ["0.png", "1.png", "2.png"]
    seen.through = False
    read.clear()
    assert (look(), read) == ([], [])
    make_photo(tmp_path / "a" / "inner" / "3.png")
    assert (look(), read) == (["3.png"], ["inner"])
    make_photo(tmp_path / "b" / "2.png", "blue")
    os.utime(tmp_path / "b" / "2.png", (5, 5))
    os.utime(tmp_path / "b", (1000, 1000))
    assert look() == []
    seen.through = True
    assert look() == ["2.png"]
