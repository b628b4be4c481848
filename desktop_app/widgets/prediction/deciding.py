"""Other thresholds for the answers there are: applied in a thread, or by the batch itself while it runs."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop_app.widgets.prediction.decision import Decision
from desktop_app.widgets.prediction.reading import opened
from desktop_app.worker import Background

Then = Callable[[], object]
WhenFree = Callable[[Path, Then], None]
"""Calls back once the ledger at the path is free of those who decide on it."""


def at_once(_path: Path, then: Then) -> None:
    """Where nobody decides on a ledger."""
    then()


@dataclass(frozen=True)
class Wish:
    """`number` tells apart what is wished for twice."""

    path: Path
    decision: Decision
    number: int


class Decider(QObject):
    """`decided` says that the labels in the ledger at that path are new, `failed` carries why they are not. One ledger
    is worked on at a time; of what is wished for the same one meanwhile, only the newest counts."""

    decided = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._now: Wish | None = None
        self._next: dict[Path, Decision] = {}
        self._after: list[tuple[Path, Then]] = []
        self._number = 0
        self._background = Background(_decide, threads=1)
        self._background.done.connect(self._on_done)

    @property
    def at_work(self) -> bool:
        return self._now is not None

    def decides_on(self, path: Path | None) -> bool:
        """Whether labels in the ledger at `path` are still to become others."""
        return path in self._next or (self._now is not None and self._now.path == path)

    def decide(self, path: Path, decision: Decision) -> None:
        self._next[path] = decision
        self._begin()

    def when_free(self, path: Path, then: Then) -> None:
        """Call `then` as soon as the labels in the ledger at `path` are what they are to be, and nobody here holds it:
        at once where nothing is decided on in it."""
        if self.decides_on(path):
            self._after.append((path, then))
        else:
            then()

    def close(self) -> None:
        """Wait for what is being decided, and forget the rest."""
        self._now = None
        self._next.clear()
        self._after.clear()
        self._background.close()

    def _begin(self) -> None:
        if self._now is None and self._next:
            path = next(iter(self._next))
            self._number += 1
            self._now = Wish(path, self._next.pop(path), self._number)
            self._background.ask(self._now)

    def _on_done(self, wish: Wish, result: object) -> None:
        if wish != self._now:
            return
        self._now = None
        self._begin()
        if isinstance(result, Exception):
            self.failed.emit(result)
        else:
            self.decided.emit(wish.path)
        waiting, self._after = self._after, []
        for path, then in waiting:
            self.when_free(path, then)


def _decide(wish: Wish) -> None:
    deciding = importlib.import_module("engine.prediction.ledger.deciding")
    ledger = opened(wish.path, to_decide=True)
    try:
        deciding.decide_anew(ledger, wish.decision.rules(ledger.about.classes, ledger.about.thresholds))
    finally:
        ledger.close()
