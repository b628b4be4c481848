"""The camera that is looked through: chosen, begun, let go, and told of in a sentence where it gives no picture."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from desktop_app.widgets.camera.source import Camera, Cameras, Source, gone, silent

PATIENCE_MILLISECONDS = 5000
"""Cameras need up to two seconds for their first picture."""


class Feed(QObject):
    """`pictured` carries the newest QImage. `troubled` carries a sentence, "" once that is over, and whether trying
    again may help. `changed` says that other cameras are there."""

    pictured = Signal(object)
    troubled = Signal(str, bool)
    changed = Signal()

    def __init__(self, cameras: Cameras, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.camera: Camera | None = None
        self._cameras = cameras
        self._source: Source | None = None
        self._wanted = self._in_trouble = False
        self.patience = QTimer(self, singleShot=True, interval=PATIENCE_MILLISECONDS)
        self.patience.timeout.connect(self._on_silence)
        cameras.changed.connect(self._on_changed)

    def cameras(self) -> tuple[Camera, ...]:
        """Those that are there now."""
        return self._cameras.found()

    def begin(self, wished: str = "") -> None:
        """Look through the camera of that key; where it is not there, through the one of before or the system's own."""
        self._wanted = True
        there = {camera.key: camera for camera in self.cameras()}
        before = self.camera.key if self.camera else ""
        found = there.get(wished) or there.get(before) or next(iter(there.values()), None)
        self._let_go()
        if found is None:
            self._tell(gone(self.camera.name) if self.camera else "")
            return
        self.camera = found
        self._source = source = self._cameras.open(found)
        source.pictured.connect(self._on_pictured)
        source.failed.connect(self._on_failed)
        self.patience.start()
        source.start()

    def end(self) -> None:
        """Let go of the camera, at once."""
        self._wanted = False
        self._let_go()

    def is_open(self) -> bool:
        return self._source is not None

    def _let_go(self) -> None:
        self.patience.stop()
        source, self._source = self._source, None
        if source is not None:
            source.pictured.disconnect(self._on_pictured)
            source.failed.disconnect(self._on_failed)
            source.stop()
            source.deleteLater()

    def _on_pictured(self, image: QImage) -> None:
        self.patience.start()
        self._tell("")
        self.pictured.emit(image)

    def _on_failed(self, sentence: str) -> None:
        self._let_go()
        self._tell(sentence, may_help=True)

    def _on_silence(self) -> None:
        if self.camera:  # it is still waited for: a picture ends the trouble
            self._tell(silent(self.camera.name), may_help=True)

    def _on_changed(self) -> None:
        self.changed.emit()
        if not self._wanted:
            return
        there = self.camera in self.cameras()
        if self.is_open() and not there and self.camera:
            self._let_go()
            self._tell(gone(self.camera.name))
        elif not self.is_open() and (there or self.camera is None):
            self.begin()

    def _tell(self, sentence: str, may_help: bool = False) -> None:
        if sentence or self._in_trouble:
            self._in_trouble = bool(sentence)
            self.troubled.emit(sentence, may_help)
