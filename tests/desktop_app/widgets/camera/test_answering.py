from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop_app.widgets.camera.answering import Answering, ModelAnswerer
from desktop_app.widgets.camera.pixels import pixels_of
from desktop_app.widgets.prediction.decision import Decision
from engine.errors import ThawError
from engine.prediction.rules import UNKNOWN
from tests.desktop_app.photo_files import COLOURS
from tests.desktop_app.widgets.camera.fake_cameras import Answers, halves, picture
from tests.engine import tiny_model


def test_the_newest_picture_is_answered_and_those_before_it_are_let_go(qtbot: QtBot) -> None:
    answers, told = Answers(), []
    answering = Answering(answers)
    answering.answered.connect(told.append)
    answers.gate.clear()
    answering.ask(picture("red"))
    qtbot.waitUntil(lambda: len(answers.seen) == 1)
    for _ in range(40):
        answering.ask(picture("green"))
    answering.ask(picture("blue"))
    answers.gate.set()
    qtbot.waitUntil(lambda: len(told) == 2)
    qtbot.wait(20)
    assert answers.colours() == ["red", "blue"]
    assert [answer.prediction.label for answer in told] == ["red", "blue"]


def test_what_goes_wrong_comes_in_the_place_of_an_answer(qtbot: QtBot) -> None:
    answers, told = Answers(), []
    answers.error = ThawError("It cannot be.")
    answering = Answering(answers)
    answering.answered.connect(told.append)
    answering.ask(picture("red"))
    qtbot.waitUntil(lambda: told == [answers.error])


def test_a_model_answers_as_it_would_in_a_batch(tmp_path: Path) -> None:
    model = tiny_model.make(tmp_path / "m.thaw", thresholds={"green": 0.9999999}).path
    ask = ModelAnswerer(model, Decision())
    assert ask(picture("red")).prediction.label == "red"
    assert ask(picture("blue")).prediction.label == "blue"
    unsure = ask(picture("green"))
    assert unsure.prediction.label == UNKNOWN and unsure.needed == 0.9999999
    # what is set on the page counts here, too, but for classes of other models
    decided = ModelAnswerer(model, Decision(by_class=(("green", 0.1), ("wolf", 0.5)), threshold=0.9999999))
    assert [decided(picture(name)).prediction.label for name in ("green", "red")] == ["green", UNKNOWN]


def test_a_model_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.thaw").write_bytes(b"nothing")
    with pytest.raises(ThawError, match=r"m\.thaw"):
        ModelAnswerer(tmp_path / "m.thaw", Decision())(picture("red"))


@pytest.mark.parametrize(
    "form", [QImage.Format.Format_RGB32, QImage.Format.Format_RGB888, QImage.Format.Format_RGBA8888]
)
def test_pixels_are_in_their_places_whatever_the_width(form: QImage.Format) -> None:
    image = halves("red", "blue").copy(0, 0, 61, 7).convertToFormat(form)
    pixels = pixels_of(image)
    assert pixels.shape == (7, 61, 3) and pixels.dtype == np.uint8
    assert (pixels[:, :32] == COLOURS["red"]).all() and (pixels[:, 32:] == COLOURS["blue"]).all()
