"""The table of pretrained weights: what there is for each model, and where it is."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QTableView, QWidget

from desktop_app.widgets.figures import megabytes
from desktop_app.widgets.plain_table import Column, PlainTable
from engine.events import WeightsListed

WAITING, FETCHING, FAILED = "waiting", "fetching", "failed"
BUSY = (WAITING, FETCHING)
TO_FETCH = ("absent", "partly", "damaged")
_WORDS = {
    "here": "here",
    "absent": "to fetch",
    "own": "your own",
    "damaged": "damaged",
    WAITING: "waiting",
    FAILED: "not fetched",
}
_SIGNS = {
    "here": ("check", "text"),
    "own": ("check", "text"),
    "partly": ("download", "muted"),
    "absent": ("download", "muted"),
    "damaged": ("circle-alert", "wrong"),
    WAITING: ("clock", "muted"),
    FETCHING: ("download", "text"),
    FAILED: ("circle-alert", "wrong"),
}
_ORDER = tuple(_SIGNS)


@dataclass(frozen=True)
class WeightsRow:
    """One choice of one model. `doing` is what happens to it now: "", waiting, fetching or failed; the bytes are those
    of the fetch."""

    listed: WeightsListed
    doing: str = ""
    received_bytes: int = 0
    total_bytes: int = 0

    @property
    def key(self) -> tuple[str, str]:
        return self.listed.model, self.listed.name

    @property
    def can_be_fetched(self) -> bool:
        return self.listed.state in TO_FETCH and bool(self.listed.url) and self.doing not in BUSY

    @property
    def state(self) -> str:
        return self.doing or self.listed.state


def where(row: WeightsRow) -> str:
    """Where the weights are, in a few words."""
    if row.state == FETCHING:
        return megabytes(row.received_bytes, row.total_bytes)
    if row.state == "partly":
        return f"{row.listed.received_bytes / 1e6:.1f} MB here"
    return _WORDS[row.state]


def size(row: WeightsRow) -> str:
    """In megabytes; that of a file which is not here is near."""
    about = "" if row.listed.path else "≈ "
    return f"{about}{row.listed.size_bytes / 1e6:,.0f}".replace(",", "\u202f")


def licence(row: WeightsRow) -> str:
    """The licence without what is said beside it, which stands below the table."""
    return row.listed.licence.partition(";")[0] or "–"


def _sign(row: WeightsRow) -> tuple[str, int, str]:
    name, colour = _SIGNS[row.state]
    return name, 16, colour


COLUMNS = (
    Column("Model", 200, lambda row: row.listed.title),
    Column("Trained on", 210, lambda row: row.listed.trained_on, tip="What the weights have seen"),
    Column("Licence", 200, licence, tip="The weights' licence", gives_way=1),
    Column("MB", 76, size, lambda row: row.listed.size_bytes, number=True, tip="Size of the file in megabytes"),
    Column("Where", 150, where, lambda row: _ORDER.index(row.state), icon=_sign, tip="Whether it is on this machine"),
)


class WeightsTable(PlainTable):
    """Several rows can be selected; the search looks at every column."""

    picked = Signal()
    """The selection is another one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Pretrained weights", COLUMNS, parent)
        self.setSelectionMode(QTableView.SelectionMode.ExtendedSelection)
        self._sorted.setFilterKeyColumn(-1)
        self.selectionModel().selectionChanged.connect(lambda _now, _before: self.picked.emit())

    def show_rows(self, rows: Sequence[WeightsRow]) -> None:
        """Show these rows; those that were selected and are still there stay selected."""
        picked = {row.key for row in self.picked_rows()}
        current = self.currentIndex().row()
        super().show_rows(rows)
        for place, row in enumerate(self._rows.rows):
            if row.key in picked:
                self._pick(self._sorted.mapFromSource(self._rows.index(place, 0)))
        if current >= 0 and not picked and self.model().rowCount():
            last = self.model().rowCount() - 1
            self.selectionModel().setCurrentIndex(
                self.model().index(min(current, last), 0), self.selectionModel().SelectionFlag.NoUpdate
            )

    def picked_rows(self) -> tuple[WeightsRow, ...]:
        """The selected rows, from top to bottom."""
        indexes = sorted(self.selectionModel().selectedRows(), key=QModelIndex.row)
        return tuple(self._rows.rows[self._sorted.mapToSource(index).row()] for index in indexes)

    def pick(self, keys: Sequence[tuple[str, str]]) -> None:
        """Select the rows of these models and names, and go to the first."""
        self.clearSelection()
        places = [place for place, row in enumerate(self._rows.rows) if row.key in keys]
        for place in places:
            self._pick(self._sorted.mapFromSource(self._rows.index(place, 0)))
        if places:
            first = self._sorted.mapFromSource(self._rows.index(places[0], 0))
            self.selectionModel().setCurrentIndex(first, self.selectionModel().SelectionFlag.NoUpdate)
            self.scrollTo(first, QTableView.ScrollHint.PositionAtCenter)

    def change(self, key: tuple[str, str], **changes: object) -> None:
        """Bring one row up to date without touching the rest."""
        for place, row in enumerate(self._rows.rows):
            if row.key == key:
                changed = dataclasses.replace(row, **changes)  # type: ignore[arg-type]
                self._rows.rows = (*self._rows.rows[:place], changed, *self._rows.rows[place + 1 :])
                last = len(COLUMNS) - 1
                self._rows.dataChanged.emit(self._rows.index(place, 0), self._rows.index(place, last))

    def _pick(self, index: QModelIndex) -> None:
        flags = self.selectionModel().SelectionFlag
        self.selectionModel().select(index, flags.Select | flags.Rows)
