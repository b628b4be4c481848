"""The job of picturing one layer, in a process of its own: one at a time, and the last click wins."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from desktop_app import dialogs
from desktop_app.settings import Settings
from desktop_app.worker import Jobs, Worker
from engine import process
from engine.control import Control

KIND = "look"


class Wish(NamedTuple):
    """`target` is a name of the catalog or a run directory."""

    target: str
    layer: str
    photo: Path | None


class Looking(QObject):
    """`told` carries what the job says and `failed` a sentence, both only of what is still wanted; `ended` comes when
    no other wish is waiting."""

    told = Signal(object)
    failed = Signal(str)
    ended = Signal()

    def __init__(self, jobs: Jobs, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._settings = jobs, settings
        self._worker: Worker | None = None
        self._wanted: Wish | None = None
        self._outdated = False
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        jobs.ended.connect(self._on_ended)

    @property
    def running(self) -> bool:
        return self._worker is not None

    def start(self, wish: Wish) -> None:
        """Look as wished; where somebody still looks, that is stopped and the wish begun when it has ended."""
        self.stop()
        self._wanted = wish
        self._begin()

    def stop(self) -> None:
        """Nothing is wanted any more: pictures that are still made are not told of."""
        self._wanted = None
        if self._worker:
            self._outdated = True
            self._worker.control.stop()

    def _begin(self) -> None:
        if self._worker is None and self._wanted is not None:
            wish, self._wanted = self._wanted, None
            self._look(wish)

    def _look(self, wish: Wish) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="thaw-look-")
        arguments = [wish.target, "--layer", wish.layer, "--out", self._folder.name]
        arguments += ["--photo", str(wish.photo)] if wish.photo else []
        arguments += ["--weights-dir", str(self._settings.weights_dir)] if self._settings.weights_dir else []

        def job(control: Control) -> Iterator[Any]:
            return process.run("look", arguments, control)

        self._outdated = False
        self._worker = self._jobs.start(f"Looking at {wish.layer}", job, KIND, at_place=(Exception,))
        self._worker.happened.connect(self._on_happened)
        self._worker.failed.connect(self._on_failed)

    def _on_happened(self, event: object) -> None:
        if self.sender() is self._worker and not self._outdated:
            self.told.emit(event)

    def _on_failed(self, error: object) -> None:
        if self.sender() is self._worker and not self._outdated and isinstance(error, BaseException):
            self.failed.emit(dialogs.in_words(error)[0])

    def _on_ended(self, worker: Worker) -> None:
        if worker is not self._worker:
            return
        self._worker = None
        replaced = self._wanted is not None
        self._begin()
        if not replaced:
            self.ended.emit()
