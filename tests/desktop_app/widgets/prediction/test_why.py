"""Where the evidence lay, over the large photo of a batch's review."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.settings import Settings
from desktop_app.widgets.prediction.results import PredictionResults
from desktop_app.widgets.prediction.review import Review
from desktop_app.widgets.prediction.why import WHAT
from engine.model_file import ModelFile
from engine.prediction.batch import predict
from tests.engine import corner_model, tiny_model

RED, GREEN, BLACK = (230, 20, 20), (20, 220, 20), (0, 0, 0)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A red one, a black one and a file that is no photo."""
    (tmp_path / "photos").mkdir()
    for name, colour in (("1.png", RED), ("2.png", BLACK)):
        Image.fromarray(np.full((60, 90, 3), colour, np.uint8)).save(tmp_path / "photos" / name)
    (tmp_path / "photos" / "3.png").write_bytes(b"no photo")
    return tmp_path / "photos"


@pytest.fixture
def results(qtbot: QtBot, settings: Settings) -> Iterator[PredictionResults]:
    results = PredictionResults(settings)
    qtbot.addWidget(results)
    results.resize(1100, 700)
    results.show()
    yield results
    results.close_files()


def reviewed(qtbot: QtBot, results: PredictionResults, model: ModelFile, photos: Path) -> Review:
    """The first photo of a batch, large."""
    ledger = photos.parent / "a.thaw-ledger"
    list(predict(model.path, [photos], ledger=ledger, threads=1, device="cpu"))
    results.open(ledger)
    qtbot.waitUntil(lambda: not results.model.reads and results.model.rowCount() == 3)
    return again(results)


def again(results: PredictionResults) -> Review:
    results.table.selectRow(0)
    results.review()
    (review,) = results.window().findChildren(Review)
    return review


def colourful(review: Review) -> bool:
    """Whether the photo is shown in its colour, red."""
    shown = review.photo.grab().toImage()
    return shown.pixelColor(shown.rect().center()).saturation() > 150


def test_space_lays_the_map_over_the_photo_and_takes_it_away(
    qtbot: QtBot, results: PredictionResults, photos: Path, tmp_path: Path
) -> None:
    review = reviewed(qtbot, results, corner_model.make(tmp_path / "m.thaw"), photos)
    assert review.photo.laid is None
    qtbot.waitUntil(lambda: colourful(review))
    qtbot.keyClick(review, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: review.photo.laid is not None)
    laid = review.photo.laid
    assert laid is not None and laid.label == "red" and "evidence for “red”" in review.why.words.text()
    assert laid.image.pixelColor(500, 12).lightness() > 150 > 30 > laid.image.pixelColor(12, 500).lightness()
    assert not colourful(review)
    qtbot.keyClick(review, Qt.Key.Key_Right)
    assert review.photo.laid is None, "the map of another photo"
    qtbot.waitUntil(lambda: review.photo.laid is not None)
    assert "Nothing here speaks for" in review.why.words.text()
    qtbot.keyClick(review, Qt.Key.Key_Right)
    assert review.photo.laid is None and not review.why.isVisible(), "it could not be read"
    qtbot.keyClick(review, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: review.photo.laid is not None)
    qtbot.keyClick(review, Qt.Key.Key_Space)
    assert review.photo.laid is None and not review.why.words.text()
    assert colourful(review)
    qtbot.keyClick(review, Qt.Key.Key_Escape)
    assert not again(results).why.box.isChecked()


def test_a_letter_typed_for_a_class_is_none_of_its_business(
    qtbot: QtBot, results: PredictionResults, photos: Path, tmp_path: Path
) -> None:
    review = reviewed(qtbot, results, corner_model.make(tmp_path / "m.thaw"), photos)
    qtbot.keyClicks(review, "re d")
    assert not review.why.box.isChecked() and "re d" in review.typed.text()


def test_a_model_that_cannot_tell_says_why(
    qtbot: QtBot, results: PredictionResults, photos: Path, tmp_path: Path
) -> None:
    architecture = {"title": "VGG-11", "by_place": False}
    review = reviewed(qtbot, results, tiny_model.make(tmp_path / "m.thaw", architecture=architecture), photos)
    qtbot.waitUntil(lambda: not review.why.box.isEnabled())
    assert review.why.box.toolTip().startswith("VGG-11 cannot say") and not review.why.words.text()
    qtbot.keyClick(review, Qt.Key.Key_Space)
    assert review.why.words.text().startswith("VGG-11 cannot say") and review.photo.laid is None


@pytest.mark.parametrize(("other", "reason"), [(True, "another now"), (False, "There is no model at")])
def test_only_the_model_that_gave_the_answers_is_asked(
    other: bool, reason: str, qtbot: QtBot, results: PredictionResults, photos: Path, tmp_path: Path
) -> None:
    model = corner_model.make(tmp_path / "m.thaw")
    review = reviewed(qtbot, results, model, photos)
    qtbot.keyClick(review, Qt.Key.Key_Escape)
    kept = shutil.move(model.path, tmp_path / "kept.thaw")
    if other:
        corner_model.make(model.path, temperature=2.0)
    review = again(results)
    qtbot.waitUntil(lambda: not review.why.box.isEnabled())
    assert reason in review.why.box.toolTip()
    qtbot.keyClick(review, Qt.Key.Key_Escape)
    shutil.move(kept, model.path)
    review = again(results)
    assert review.why.box.isEnabled() and review.why.box.toolTip() == WHAT
    qtbot.keyClick(review, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: review.photo.laid is not None)
