"""The way to the live view: a button that is there only where a camera is."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QPushButton, QWidget

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.camera.answering import ModelAnswerer
from desktop_app.widgets.camera.live_view import LiveView
from desktop_app.widgets.camera.source import Cameras
from desktop_app.widgets.prediction.decision import Decision

LOG = logging.getLogger("thaw")
LOOK_AFTER_MILLISECONDS = 400
"""Qt's multimedia library is loaded when the page has come to rest."""


def system_cameras(parent: QObject) -> Cameras | None:
    """This computer's; None where Qt Multimedia is not installed, or lacks a library of the system's."""
    try:
        module = importlib.import_module("desktop_app.widgets.camera.qt_camera")
    except ImportError as error:
        LOG.info("No live camera view: %s", error)
        return None
    cameras: Cameras = module.QtCameras(parent)
    return cameras


class LiveButton(QPushButton):
    """`decision` says how a batch would be decided that began now."""

    def __init__(self, settings: Settings, decision: Callable[[], Decision], parent: QWidget | None = None) -> None:
        super().__init__("Live camera…", parent)
        self._settings, self._decision = settings, decision
        self._model: Path | None = None
        self._cameras: Cameras | None = None
        self._looks = self._present = False
        self.setToolTip("What the model says of a camera's picture, as it changes")
        theme.set_icon(self, "camera", "muted")
        self._later = QTimer(self, singleShot=True, interval=LOOK_AFTER_MILLISECONDS)
        self._later.timeout.connect(self._look)
        self.clicked.connect(self.open)
        self.hide()

    def offer(self, model: Path | None) -> None:
        """The model that would be asked, None where none can be. Cameras are looked for with the first."""
        self._model = model
        if model is not None and not self._looks:
            self._looks = True
            self._later.start()
        self._show()

    def open(self) -> None:
        """Show the live view over the window."""
        if self._model is not None and self._cameras is not None:
            answerer = ModelAnswerer(self._model, self._decision())
            LiveView(self._cameras, answerer, self._settings, self.window()).open()

    def _look(self) -> None:
        self._cameras = system_cameras(self)
        if self._cameras is not None:
            self._cameras.changed.connect(self._on_changed)
            self._on_changed()

    def _on_changed(self) -> None:
        self._present = bool(self._cameras and self._cameras.found())
        self._show()

    def _show(self) -> None:
        self.setVisible(self._present and self._model is not None)
