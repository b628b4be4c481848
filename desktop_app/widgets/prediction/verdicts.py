"""What a person says of photos, on its way into the ledger: written in a thread, for a batch may be writing, too."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from desktop_app.widgets.prediction.reading import opened
from desktop_app.worker import Background
from engine.errors import LedgerError

TRY_AGAIN_MILLISECONDS = 1000


@dataclass(frozen=True)
class Wish:
    """Labels by the photos' ids, None to take one back. `number` tells apart what is wished for twice."""

    path: Path
    said: tuple[tuple[int, str | None], ...]
    number: int


class Verdicts(QObject):
    """`waiting` is what is not in the ledger yet, and `kept` says that all is; nothing is lost when the program ends in
    an orderly way."""

    kept = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.waiting: dict[int, str | None] = {}
        self._path: Path | None = None
        self._number = 0
        self._at_work = False
        self._background = Background(_write, threads=1)
        self._background.done.connect(self._on_done)
        self._again = QTimer(self, singleShot=True, interval=TRY_AGAIN_MILLISECONDS)
        self._again.timeout.connect(self._start)
        if application := QCoreApplication.instance():
            application.aboutToQuit.connect(self.close)

    def set_path(self, path: Path | None) -> None:
        """Another ledger; what is said from now on is said of its photos."""
        if path != self._path:
            self.close()
            self._path = path

    def say(self, photo: int, label: str | None) -> None:
        self.waiting[photo] = label
        self._start()

    def close(self) -> None:
        """Write what waits, now."""
        self._again.stop()
        self._background.close()
        self._at_work = False
        waiting, self.waiting = self.waiting, {}
        if waiting and self._path is not None:
            try:
                _say(self._path, waiting)
            except LedgerError as error:
                self.failed.emit(error)

    def _start(self) -> None:
        if self.waiting and self._path is not None and not self._at_work:
            self._at_work = True
            self._number += 1
            self._background.ask(Wish(self._path, tuple(self.waiting.items()), self._number))

    def _on_done(self, wish: Wish, result: object) -> None:
        if wish.number != self._number or wish.path != self._path:
            return
        self._at_work = False
        if isinstance(result, Exception):
            self.failed.emit(result)
            self._again.start()
            return
        for photo, label in wish.said:
            if self.waiting.get(photo, ...) == label:
                del self.waiting[photo]
        if self.waiting:
            self._start()
        else:
            self.kept.emit()


def _write(wish: Wish) -> None:
    _say(wish.path, dict(wish.said))


def _say(path: Path, said: Mapping[int, str | None]) -> None:
    ledger = opened(path)
    try:
        importlib.import_module("engine.prediction.ledger.verdicts").say(ledger, said)
    finally:
        ledger.close()
