"""What the model says of pictures that keep coming: of the newest, as soon as it is done with the one before."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from desktop_app.widgets.prediction.decision import Decision
from desktop_app.widgets.prediction.detail import TOP
from desktop_app.worker import Background

if TYPE_CHECKING:
    from engine.prediction.picture import PictureAnswer
    from engine.prediction.rules import Rules
    from engine.prediction.runtime import Classifier

Answerer = Callable[[QImage], "PictureAnswer"]


@dataclass(frozen=True, eq=False)
class Shot:
    """A picture that waits for its answer."""

    image: QImage


class Answering(QObject):
    """`answered` carries a PictureAnswer, or the exception in its place. What came while a picture was looked at is let
    go, but for the newest: there is never a queue."""

    answered = Signal(object)

    def __init__(self, answerer: Answerer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = Background(lambda shot: answerer(shot.image), threads=1, waiting=1)
        self._background.done.connect(self._on_done)

    def ask(self, image: QImage) -> None:
        self._background.ask(Shot(image))

    def _on_done(self, _shot: Shot, result: object) -> None:
        self.answered.emit(result)


class ModelAnswerer:
    """Asks one model, loaded with the first picture, and decides as a batch would that began now. To be called from one
    thread at a time; raises ThawError where the model cannot be used."""

    def __init__(self, model: Path, decision: Decision) -> None:
        self._model, self._decision = model, decision
        self._loaded: tuple[Classifier, Rules] | None = None

    def __call__(self, image: QImage) -> PictureAnswer:
        # All of these are loaded in the thread: NumPy and ONNX Runtime have no part in opening the window.
        self._loaded = self._loaded or self._load()
        pixels = importlib.import_module("desktop_app.widgets.camera.pixels").pixels_of(image)
        found: PictureAnswer = importlib.import_module("engine.prediction.picture").answer(*self._loaded, pixels, TOP)
        return found

    def _load(self) -> tuple[Classifier, Rules]:
        files = importlib.import_module("engine.model_file")
        file = files.open_model(files.locate(self._model))
        rules = importlib.import_module("engine.prediction.rules")
        classes, own = rules.classes_in_answers(file.manifest.classes), file.manifest.thresholds
        # A core is left to the camera and the window, which would stutter else.
        threads = max(1, (os.cpu_count() or 1) - 1)
        classifier = importlib.import_module("engine.prediction.runtime").Classifier(file, threads=threads)
        return classifier, self._decision.fitting(classes).rules(classes, own)
