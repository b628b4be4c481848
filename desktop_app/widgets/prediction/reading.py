"""Reading a ledger in a thread: which photos are shown, and how many there are of each kind."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop_app.worker import Background
from engine.errors import LedgerError
from engine.prediction.ledger.views import Counts, View

if TYPE_CHECKING:
    from engine.prediction.ledger.ledger import Ledger
    from engine.prediction.ledger.verdicts import Verified


@dataclass(frozen=True)
class Wish:
    """The photos of a view; above 0, those whose ids are above `after`, in the order of arrival. `number` tells wishes
    apart; without a `path` the file is let go of."""

    path: Path | None
    view: View
    after: int
    number: int


@dataclass(frozen=True)
class Reading:
    """`ids` in the view's order, `counts` of all photos above the wish's `after`, the highest id there is; how often
    the model is right where a person has looked."""

    ids: array[int]
    counts: Counts
    newest: int
    verified: Verified | None = None


def opened(path: Path, to_decide: bool = False) -> Ledger:
    """A connection of its own. What it needs is loaded here: NumPy has no part in opening the window."""
    ledger: Ledger = importlib.import_module("engine.prediction.ledger.opening").read_ledger(path, to_decide)
    return ledger


class LedgerReader(QObject):
    """`done` carries the Wish and its Reading, or the exception. Only the newest wish is worked on."""

    done = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ledger: Ledger | None = None
        self._background = Background(self._read, threads=1, waiting=1)
        self._background.done.connect(self.done)

    def ask(self, wish: Wish) -> None:
        self._background.ask(wish)

    def close(self) -> None:
        """Wait for what is being read, and let go of the file."""
        self._background.close()
        self._let_go()

    def _read(self, wish: Wish) -> Reading:
        views = importlib.import_module("engine.prediction.ledger.views")
        if self._ledger is not None and self._ledger.path != wish.path:
            self._let_go()
        if wish.path is None:
            return Reading(array("q"), Counts(), 0)
        if self._ledger is None:
            self._ledger = opened(wish.path)
        try:
            newest = views.newest(self._ledger)
            view = dataclasses.replace(wish.view, order="") if wish.after else wish.view
            ids = views.ids(self._ledger, view, wish.after, newest)
            verified = importlib.import_module("engine.prediction.ledger.verdicts").verified(self._ledger)
            return Reading(ids, views.counts(self._ledger, wish.after, newest), newest, verified)
        except LedgerError:
            self._let_go()  # the file may have been taken away or made anew: the next wish opens it again
            raise

    def _let_go(self) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            with contextlib.suppress(LedgerError):
                ledger.close()
