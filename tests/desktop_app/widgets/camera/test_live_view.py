from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from desktop_app.settings import Settings
from desktop_app.widgets.camera.live_view import NOTHING_YET, LiveView
from desktop_app.widgets.camera.verdict import LOADING, NOTHING
from desktop_app.widgets.figures import percent
from engine.errors import ThawError
from engine.events import Prediction
from engine.prediction.picture import PictureAnswer
from engine.prediction.rules import UNKNOWN
from tests.desktop_app.widgets.camera.fake_cameras import Answers, FakeCameras, colour_at, halves, picture

CROP = (0.25, 0.125, 0.75, 0.875)


@pytest.fixture
def cameras() -> FakeCameras:
    return FakeCameras("Desk")


@pytest.fixture
def answers() -> Iterator[Answers]:
    answers = Answers()
    yield answers
    answers.gate.set()


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    return window


@pytest.fixture
def view(window: QWidget, cameras: FakeCameras, answers: Answers, settings: Settings) -> Iterator[LiveView]:
    view = opened(window, cameras, answers, settings)
    yield view
    if isValid(view):
        view.reject()


def opened(window: QWidget, cameras: FakeCameras, answers: Answers, settings: Settings) -> LiveView:
    view = LiveView(cameras, answers, settings, window)
    view.open()
    return view


def label(view: LiveView) -> str:
    """The first word of it."""
    return view.verdict.label.whole().strip().partition(" ")[0]


def at_left(view: LiveView) -> str:
    """The colour that is shown at the left side of the picture."""
    shown = view.stage.grab().toImage()
    return colour_at(shown, shown.width() // 4, shown.height() // 2)


# --- what it shows ----------------------------------------------------------------------------------------------------


def test_label_and_bars_follow_the_picture(qtbot: QtBot, view: LiveView, cameras: FakeCameras) -> None:
    assert cameras.running == ["Desk"] and label(view) == ""
    for colour in ("red", "green", "blue"):
        cameras.show(picture(colour))
        qtbot.waitUntil(lambda colour=colour: label(view) == colour)
        assert view.verdict.bars.accessibleName().count(f"{colour} 90.0") == 1
    assert view.verdict.bars.accessibleName().startswith("Most likely: red 5.0"), "bars keep their places"


def test_until_the_model_is_loaded_it_says_so(
    qtbot: QtBot, view: LiveView, cameras: FakeCameras, answers: Answers
) -> None:
    answers.gate.clear()
    assert not view.save.isEnabled() and view.save.toolTip() == view.hold.toolTip() == NOTHING_YET
    cameras.show(picture("red"))
    assert view.verdict.label.whole() == LOADING and view.save.isEnabled()
    answers.gate.set()
    qtbot.waitUntil(lambda: label(view) == "red")


def test_an_unknown_says_from_where_on_the_class_counts(view: LiveView) -> None:
    prediction = Prediction(Path(), UNKNOWN, 0.6, (("bees", 0.6), ("ants", 0.4)))
    view._on_answered(PictureAnswer(prediction, prediction.top, 0.9, CROP))
    assert view.verdict.label.whole() == UNKNOWN and view.verdict._sign.isVisible()
    assert view.verdict.why.whole() == f"“bees” counts from {percent(0.9)} on"
    assert view.verdict.frame.isVisible(), "a part of the picture is not seen by the model"
    known = Prediction(Path(), "bees", 0.95, (("bees", 0.95), ("ants", 0.05)))
    view._on_answered(PictureAnswer(known, known.top, 0.9, (0.0, 0.0, 1.0, 1.0)))
    assert view.verdict.why.whole() == NOTHING and not view.verdict._sign.isVisible()
    assert not view.verdict.frame.isVisible()


def test_the_mirror_is_for_the_eye_only(
    qtbot: QtBot, view: LiveView, cameras: FakeCameras, answers: Answers, settings: Settings
) -> None:
    view.mirrored.setChecked(False)
    cameras.show(halves("red", "blue"))
    assert at_left(view) == "red"
    view.mirrored.setChecked(True)
    assert at_left(view) == "blue" and settings.camera_mirrored
    cameras.show(halves("red", "green"))
    assert at_left(view) == "green"
    qtbot.waitUntil(lambda: len(answers.seen) == 2)
    assert all(colour_at(seen, 5, 20) == "red" for seen in answers.seen)


# --- hold and save ----------------------------------------------------------------------------------------------------


def test_space_holds_the_picture_and_lets_it_go_on(
    qtbot: QtBot, view: LiveView, cameras: FakeCameras, answers: Answers
) -> None:
    cameras.show(picture("red"))
    qtbot.waitUntil(lambda: label(view) == "red")
    qtbot.keyClick(view.stage, Qt.Key.Key_Space)
    assert view.hold.isChecked() and view.hold.text() == "Go on" and view.pace.text() == "Held"
    for _ in range(3):
        cameras.show(picture("green"))
    qtbot.wait(20)
    assert (label(view), at_left(view), answers.colours()) == ("red", "red", ["red"])
    qtbot.keyClick(view.stage, Qt.Key.Key_Space)
    assert view.hold.text() == "Hold" and view.pace.text() == ""
    cameras.show(picture("green"))
    qtbot.waitUntil(lambda: label(view) == "green")


def test_the_picture_that_is_held_is_the_one_that_was_answered(
    qtbot: QtBot, view: LiveView, cameras: FakeCameras, answers: Answers
) -> None:
    answers.gate.clear()
    for colour in ("red", "green", "blue"):
        cameras.show(picture(colour))
    view.hold.setChecked(True)
    answers.gate.set()
    qtbot.waitUntil(lambda: label(view) == "blue")
    assert at_left(view) == "blue"


def test_a_picture_is_saved_where_the_person_says_as_the_camera_saw_it(
    view: LiveView, cameras: FakeCameras, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.mirrored.setChecked(True)
    cameras.show(halves("red", "blue"))

    def choose(*_: object) -> tuple[str, str]:
        assert view.hold.isChecked(), "what is in sight is what is saved"
        return str(tmp_path / "mine"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    view.save.click()
    assert not view.hold.isChecked()
    saved = QImage(str(tmp_path / "mine.jpg"))
    assert (saved.width(), saved.height()) == (64, 48)
    assert (colour_at(saved, 10, 20), colour_at(saved, 54, 20)) == ("red", "blue")
    assert view.banner.text() == f"Saved to {tmp_path / 'mine.jpg'}."
    assert (tmp_path / "mine.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_no_file_is_replaced_unasked_and_a_full_disk_is_told(
    view: LiveView, cameras: FakeCameras, tmp_path: Path
) -> None:
    cameras.show(picture("red"))
    (tmp_path / "mine.jpg").write_bytes(b"a photo of mine")
    view.save_to(tmp_path / "mine")
    assert "exists already" in view.banner.text() and (tmp_path / "mine.jpg").read_bytes() == b"a photo of mine"
    view.save_to(tmp_path / "nowhere" / "mine.jpg")
    assert "No such file" in view.banner.text()


# --- the camera -------------------------------------------------------------------------------------------------------


def test_a_camera_that_fails_is_told_and_tried_again(view: LiveView, cameras: FakeCameras) -> None:
    cameras.fail("“Desk” gives no picture.")
    assert view.banner.text() == "“Desk” gives no picture." and cameras.running == []
    assert view.banner.banner is not None
    cameras.trouble = "It still does not."
    view.banner.banner.findChildren(QPushButton)[0].click()
    assert view.banner.text() == "It still does not." and cameras.running == []
    cameras.trouble = ""
    view.banner.banner.findChildren(QPushButton)[0].click()
    assert cameras.running == ["Desk"]
    cameras.show(picture("red"))
    assert view.banner.text() == ""


def test_a_camera_that_stays_silent_is_told_until_a_picture_comes(view: LiveView, cameras: FakeCameras) -> None:
    assert view.feed.patience.isActive()
    view.feed.patience.timeout.emit()
    assert view.banner.text().startswith("“Desk” gives no picture; another program may be using it")
    cameras.show(picture("red"))
    assert view.banner.text() == "" and view.feed.patience.isActive()


def test_a_camera_that_is_pulled_out_is_told_and_goes_on_when_it_is_back(view: LiveView, cameras: FakeCameras) -> None:
    cameras.unplug("Desk")
    assert view.banner.text().startswith("“Desk” is not there any more") and cameras.running == []
    assert not view.feed.patience.isActive() and not view.choice.isVisible()
    cameras.plug("Microscope")
    assert cameras.running == [] and view.choice.isVisible(), "another one is offered, and not taken"
    cameras.plug("Desk")
    assert cameras.running == ["Desk"]
    cameras.show(picture("red"))
    assert view.banner.text() == ""


def test_one_of_several_cameras_is_chosen_and_remembered(
    window: QWidget, cameras: FakeCameras, answers: Answers, settings: Settings, view: LiveView
) -> None:
    assert not view.choice.isVisible()
    cameras.plug("Microscope")
    assert view.choice.isVisible() and view.choice.currentText() == "Desk"
    view.choice.setCurrentIndex(1)
    view.choice.activated.emit(1)
    assert cameras.running == ["Microscope"] and view.stage.image is None and not view.save.isEnabled()
    view.reject()
    again = opened(window, cameras, answers, settings)
    assert cameras.running == ["Microscope"] and again.choice.currentText() == "Microscope"
    again.reject()
    cameras.unplug("Microscope")
    other = opened(window, cameras, answers, settings)
    assert cameras.running == ["Desk"], "where the chosen one is away, the system's own"
    other.reject()


@pytest.mark.parametrize("way", ["escape", "close", "hide"])
def test_closing_lets_go_of_the_camera(qtbot: QtBot, view: LiveView, cameras: FakeCameras, way: str) -> None:
    cameras.show(picture("red"))
    if way == "escape":
        qtbot.keyClick(view, Qt.Key.Key_Escape)
    elif way == "close":
        view.close_button.click()
    else:
        view.hide()
    assert cameras.running == [] and not view.feed.patience.isActive()


def test_what_was_hidden_looks_through_the_camera_again(view: LiveView, cameras: FakeCameras) -> None:
    view.hide()
    view.show()
    assert cameras.running == ["Desk"]


def test_a_model_that_cannot_be_used_is_told_and_the_camera_let_go(
    qtbot: QtBot, view: LiveView, cameras: FakeCameras, answers: Answers
) -> None:
    answers.error = ThawError("“m.thaw” is damaged.")
    cameras.show(picture("red"))
    qtbot.waitUntil(lambda: view.banner.text() == "“m.thaw” is damaged.")
    assert cameras.running == []
