"""Other thresholds for the answers there are: applied in a thread, or by the batch itself while it runs."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop_app.widgets.prediction.decision import Decision
from desktop_app.widgets.prediction.reading import opened
from desktop_app.worker import Background


@dataclass(frozen=True)
class Wish:
    """`number` tells apart what is wished for twice."""

    path: Path
    decision: Decision
    number: int


class Decider(QObject):
    """`decided` says that the labels in the ledger at that path are new, `failed` carries why they are not. Of wishes
    that come while one is worked on, the newest is next and the others are forgotten."""

    decided = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: Wish | None = None
        self._number = 0
        self._background = Background(_decide, threads=1, waiting=1)
        self._background.done.connect(self._on_done)

    @property
    def at_work(self) -> bool:
        return self._wanted is not None

    def decide(self, path: Path, decision: Decision) -> None:
        self._number += 1
        self._wanted = Wish(path, decision, self._number)
        self._background.ask(self._wanted)

    def close(self) -> None:
        self._background.close()

    def _on_done(self, wish: Wish, result: object) -> None:
        if wish == self._wanted:
            self._wanted = None
        if isinstance(result, Exception):
            self.failed.emit(result)
        else:
            self.decided.emit(wish.path)


def _decide(wish: Wish) -> None:
    deciding = importlib.import_module("engine.prediction.ledger.deciding")
    ledger = opened(wish.path, to_decide=True)
    try:
        rules = wish.decision.rules(ledger.about.classes, ledger.about.thresholds)
        if deciding.use_rules(ledger, rules) and rules.series_seconds:
            deciding.vote(ledger, rules)
    finally:
        ledger.close()
