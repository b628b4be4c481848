from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.control import Control
from engine.events import Event, Notice, Prediction, PredictionFinished
from engine.prediction import drives, stream
from engine.prediction.batch import predict
from engine.prediction.drives import Drives
from tests.engine import tiny_model
from tests.engine.prediction.test_walk import make_photo


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drives, "SECONDS_BETWEEN", 0.01)
    monkeypatch.setattr(stream, "SECONDS_BETWEEN_LOOKS", 0.01)
    monkeypatch.setattr(stream, "CHUNK", 2)  # so that not all is read before the card is pulled


def test_a_file_that_is_gone_from_a_drive_that_is_there_is_not_waited_for(tmp_path: Path) -> None:
    watch = Drives([tmp_path], lambda: False)
    assert not watch.comes_back(tmp_path / "gone.jpg")
    assert watch.news() == []


def test_what_was_never_there_is_not_waited_for(tmp_path: Path) -> None:
    watch = Drives([tmp_path / "never"], lambda: False)
    assert not watch.comes_back(tmp_path / "never" / "a.jpg")


def test_nobody_waits_once_the_work_ended(tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.mkdir()
    watch = Drives([card], lambda: True)
    card.rename(tmp_path / "pulled")
    assert not watch.comes_back(card / "a.jpg")
    assert "is gone" in watch.news()[0]


def test_a_named_photo_that_was_deleted_is_not_waited_for_and_one_on_a_card_that_was_pulled_is(tmp_path: Path) -> None:
    deleted, pulled = make_photo(tmp_path / "a.png"), make_photo(tmp_path / "card" / "b.png")
    watch = Drives([deleted, pulled], lambda: True)
    deleted.unlink()
    assert not watch.comes_back(deleted)
    assert watch.news() == [] and not watch.away
    pulled.parent.rename(tmp_path / "pulled")
    assert not watch.comes_back(pulled)
    assert "b.png” is gone" in watch.news()[0]


def test_an_empty_folder_on_another_device_is_a_drive_that_was_pulled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drives, "_device", lambda _: 1)
    watch = Drives([tmp_path], lambda: tries.append(1) is not None or len(tries) > 3)
    tries: list[int] = []
    monkeypatch.setattr(drives, "_device", lambda _: 2)
    assert not watch.comes_back(tmp_path / "a.jpg")
    make_photo(tmp_path / "a.jpg")  # it came back, as another device
    tries.clear()
    assert watch.comes_back(tmp_path / "a.jpg")
    assert [text.split("”")[1].split(":")[0].split(";")[0] for text in watch.news()] == [" is gone", " is back"]


def card_of(root: Path, number: int) -> Path:
    for folder in ("a", "b"):
        for photo in range(number // 2):
            make_photo(root / folder / f"{photo}.png", ("red", "lime", "blue")[photo % 3])
    return root


def gone_at(model: Path, card: Path, out: Path, after: int, then: Callable[[Control], None]) -> list[Event]:
    """The events of a batch whose card is pulled after so many answers; `then` is called once that was told."""
    control, events, pulled = Control(), [], card.with_name("pulled")
    for event in predict(model, [card], out, control=control, threads=2):
        events.append(event)
        if sum(isinstance(one, Prediction) for one in events) == after and card.exists():
            card.rename(pulled)
        if isinstance(event, Notice) and "is gone" in event.text:
            then(control)
    return events


def test_a_card_that_is_pulled_is_told_waited_for_and_gone_on_with(tmp_path: Path) -> None:
    card, model = card_of(tmp_path / "card", 80), tiny_model.make(tmp_path / "m.thaw").path
    pushed = threading.Timer(0.1, lambda: card.with_name("pulled").rename(card))
    events = gone_at(model, card, tmp_path / "out.csv", 5, lambda _: pushed.start())
    pushed.join()
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert len(notices) == 2 and "connect its drive again" in notices[0] and "is back" in notices[1]
    found = [event for event in events if isinstance(event, Prediction)]
    assert (len(found), sum(bool(one.error) for one in found)) == (80, 0)
    assert len({one.path for one in found}) == 80
    assert isinstance(events[-1], PredictionFinished)


def test_a_stop_ends_the_wait_for_a_card(tmp_path: Path) -> None:
    card, model = card_of(tmp_path / "card", 80), tiny_model.make(tmp_path / "m.thaw").path
    events = gone_at(model, card, tmp_path / "out.csv", 5, Control.stop)
    finished = events[-1]
    assert isinstance(finished, PredictionFinished) and finished.stopped
    assert finished.photos < 80
    card.with_name("pulled").rename(card)
    (*_, finished) = predict(model, [card], tmp_path / "out.csv", resume=True)
    assert (finished.photos, finished.failed) == (80, 0)  # type: ignore[union-attr]
