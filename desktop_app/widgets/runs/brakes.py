"""Pause, finish now and stop: how a person steers the run that goes."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QPushButton

from desktop_app import theme
from desktop_app.worker import Worker

FINISH = "End the run now and keep the best model so far"
NO_FINISH = "Nothing can be cut short while no epoch is being trained"


class Brakes(QObject):
    """Three buttons, for whoever has a place for them. `steered` passes on the words that the run was given: stop,
    finish, pause or resume."""

    steered = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: Worker | None = None
        self.pause = QPushButton("Pause")
        self.finish = QPushButton("Finish now")
        self.stop = QPushButton("Stop")
        self.buttons = (self.pause, self.finish, self.stop)
        for button, icon, tip in (
            (self.pause, "pause", "Wait after this step; the time does not count"),
            (self.finish, "flag", FINISH),
            (self.stop, "square", "End the run; it can be resumed later"),
        ):
            theme.set_icon(button, icon)
            button.setToolTip(tip)
            button.setAccessibleDescription(tip)
        self.pause.clicked.connect(self._on_pause_clicked)
        self.finish.clicked.connect(lambda: self._worker and self._worker.control.finish())
        self.stop.clicked.connect(lambda: self._worker and self._worker.control.stop())

    def follow(self, worker: Worker) -> None:
        """Steer this run from now on."""
        self._worker = worker
        worker.steered.connect(self._on_steered)
        self._show_paused(False)
        self._enable(True)

    def release(self) -> None:
        """The run has ended."""
        self._worker = None

    def allow_finish(self, training: bool) -> None:
        """Before the first step there is no model to keep, and past the epochs nothing is left to finish early."""
        steered = self._worker is not None and (self._worker.control.stopping or self._worker.control.finishing)
        self.finish.setEnabled(training and not steered)
        tip = FINISH if training else NO_FINISH
        self.finish.setToolTip(tip)
        self.finish.setAccessibleDescription(tip)

    def show_buttons(self, shown: bool) -> None:
        for button in self.buttons:
            button.setVisible(shown)

    def _on_pause_clicked(self) -> None:
        if self._worker:
            control = self._worker.control
            (control.resume if control.paused else control.pause)()

    def _on_steered(self, word: str) -> None:
        self._show_paused(word == "pause")
        if word in ("stop", "finish"):
            self._enable(False)
        self.steered.emit(word)

    def _show_paused(self, paused: bool) -> None:
        self.pause.setText("Continue" if paused else "Pause")
        theme.set_icon(self.pause, "play" if paused else "pause")

    def _enable(self, enabled: bool) -> None:
        for button in self.buttons:
            button.setEnabled(enabled)
