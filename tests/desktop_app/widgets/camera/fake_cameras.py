"""Cameras that show what a test holds before them, and a model that knows it."""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QImage

from desktop_app.widgets.camera.source import Camera
from engine.events import Prediction
from engine.prediction.picture import PictureAnswer
from tests.desktop_app.photo_files import COLOURS

WHOLE = (0.0, 0.0, 1.0, 1.0)


def picture(colour: str, width: int = 64, height: int = 48) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(*COLOURS[colour]))
    return image


def halves(left: str, right: str) -> QImage:
    image = picture(left)
    for x in range(image.width() // 2, image.width()):
        for y in range(image.height()):
            image.setPixelColor(x, y, QColor(*COLOURS[right]))
    return image


def colour_at(image: QImage, x: int, y: int) -> str:
    """The nearest of the three."""
    found = image.pixelColor(x, y).getRgb()[:3]
    return min(COLOURS, key=lambda name: sum(abs(a - b) for a, b in zip(found, COLOURS[name], strict=True)))


class FakeSource(QObject):
    pictured = Signal(object)
    failed = Signal(str)

    def __init__(self, cameras: FakeCameras, camera: Camera) -> None:
        super().__init__(cameras)
        self._cameras, self._camera = cameras, camera

    def start(self) -> None:
        self._cameras.running.append(self._camera.name)
        if self._cameras.trouble:
            self.failed.emit(self._cameras.trouble)

    def stop(self) -> None:
        self._cameras.running.remove(self._camera.name)


class FakeCameras(QObject):
    """`running` are the names of those that are in use; each new one fails with `trouble`, where that is not ""."""

    changed = Signal()

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = list(names)
        self.running: list[str] = []
        self.trouble = ""
        self._newest: FakeSource | None = None

    def found(self) -> tuple[Camera, ...]:
        return tuple(Camera(f"/dev/{name}", name) for name in self.names)

    def open(self, camera: Camera) -> FakeSource:
        self._newest = FakeSource(self, camera)
        return self._newest

    def show(self, image: QImage) -> None:
        """Hold this before the camera that is in use."""
        assert self._newest is not None and self.running
        self._newest.pictured.emit(image)

    def fail(self, sentence: str) -> None:
        assert self._newest is not None
        self._newest.failed.emit(sentence)

    def plug(self, *names: str) -> None:
        self.names += names
        self.changed.emit()

    def unplug(self, name: str) -> None:
        self.names.remove(name)
        self.changed.emit()


class Answers:
    """A model that names the colour in the middle. `seen` is what it was asked; while `gate` is shut it takes its
    time. It raises `error`, where there is one."""

    def __init__(self) -> None:
        self.seen: list[QImage] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def __call__(self, image: QImage) -> PictureAnswer:
        self.seen.append(image)
        self.gate.wait(10)
        if self.error:
            raise self.error
        label = colour_at(image, image.width() // 2, image.height() // 2)
        steady = tuple((name, 0.9 if name == label else 0.05) for name in COLOURS)
        top = tuple(sorted(steady, key=lambda pair: -pair[1]))
        return PictureAnswer(Prediction(Path(), label, 0.9, top), steady, 0.0, WHOLE)

    def colours(self) -> list[str]:
        return [colour_at(image, image.width() // 2, image.height() // 2) for image in self.seen]
