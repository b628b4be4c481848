"""How long the layers of a model take on this machine, measured when the person asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import QObject, Signal

from desktop_app import dialogs
from desktop_app.worker import Jobs, Worker
from engine import process
from engine.control import Control
from engine.events import LayerTimed, MeasureFinished
from engine.models.layers import measured

KIND = "measure"


class Measuring(QObject):
    """`ended` when times were measured and kept, `failed` with a sentence, `running` with whether one is under way."""

    ended = Signal()
    failed = Signal(str)
    running = Signal(bool)

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._worker: Worker | None = None
        self._events: list[LayerTimed | MeasureFinished] = []

    def start(self, model: str, image_size: int) -> None:
        """Measure `model` at `image_size` pixels; where the machine is taken, say so and do nothing."""
        if reason := self._jobs.busy_reason():
            self.failed.emit(reason)
            return
        arguments = [model, "--image-size", str(image_size)]

        def job(control: Control) -> Iterator[Any]:
            return process.run("measure", arguments, control)

        self._events = []
        worker = self._jobs.start(f"Measuring {model}", job, KIND, heavy=True, at_place=(Exception,))
        self._worker = worker
        worker.happened.connect(self._on_happened)
        worker.returned.connect(self._on_returned)
        worker.failed.connect(self._on_failed)
        self.running.emit(True)

    def stop(self) -> None:
        if self._worker:
            self._worker.control.stop()

    def _on_happened(self, event: object) -> None:
        if isinstance(event, LayerTimed | MeasureFinished):
            self._events.append(event)

    def _on_returned(self, _result: object) -> None:
        self._worker = None
        self.running.emit(False)
        try:
            measured.write_measured(self._events)
        except OSError as error:
            self.failed.emit(f"The times cannot be kept ({error.strerror or error}).")
        else:
            self.ended.emit()

    def _on_failed(self, error: object) -> None:
        self._worker = None
        self.running.emit(False)
        if isinstance(error, BaseException):
            self.failed.emit(dialogs.in_words(error)[0])
