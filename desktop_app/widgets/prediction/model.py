"""The answers of a ledger as rows: their ids, and the few photos that are in sight."""

from __future__ import annotations

import contextlib
import dataclasses
from array import array
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from desktop_app import theme
from desktop_app.widgets.figures import percent
from desktop_app.widgets.prediction.reading import LedgerReader, Reading, Wish, opened
from desktop_app.widgets.prediction.verdicts import Verdicts
from desktop_app.widgets.thumbnails import Meant, shown
from engine.errors import LedgerError
from engine.events import Prediction
from engine.prediction.ledger import views
from engine.prediction.ledger.views import UNKNOWN_LABEL, Counts, View

if TYPE_CHECKING:
    from engine.prediction.ledger.ledger import About, Ledger
    from engine.prediction.ledger.verdicts import Verified

Index = QModelIndex | QPersistentModelIndex
PHOTO, NAME, LABEL, CONFIDENCE, VERDICT, ERROR = range(6)
TITLES = ("", "Photo", "Label", "Confidence", "You", "Error")
ORDERS = {
    NAME: views.NAME, LABEL: views.LABEL, CONFIDENCE: views.CONFIDENCE, VERDICT: views.VERDICT, ERROR: views.ERROR,
}  # fmt: skip
PAGE = 64
"""Photos that are read from the ledger at a time, which takes a millisecond."""
MOST_KEPT = 1024
"""Photos whose answers are in memory."""
TOP = 9
"""Classes of a photo that are known: as many as there are keys for them."""
GROWTHS_PER_SECOND = 10
NONE_OF_THEM = "none of the classes"
NOTHING = Prediction(Path(), "", 0.0, error="This answer could not be read from the disk.")


class LedgerModel(QAbstractTableModel):
    """What takes long is read in a thread, so rows may come a moment after they were asked for. `was_read` says that
    rows and counts are those of the ledger now; `failed` carries the exception where it cannot be read."""

    was_read = Signal()
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path: Path | None = None
        self.view, self.counts = View(), Counts()
        self.verified: Verified | None = None
        self.verdicts = Verdicts(self)
        self.verdicts.failed.connect(self.failed)
        self._ids: array[int] = array("q")
        self._kept: OrderedDict[int, Prediction] = OrderedDict()
        self._ledger: Ledger | None = None
        self._newest = self._number = 0
        self._reads = False
        self._reader = LedgerReader(self)
        self._reader.done.connect(self._on_read)
        self._growth = QTimer(self, singleShot=True, interval=1000 // GROWTHS_PER_SECOND)
        self._growth.timeout.connect(self._ask_for_growth)

    # --- what is read --------------------------------------------------------------------------------------------

    def open(self, path: Path | None) -> None:
        """Show the ledger at `path`, which need not be there yet; None lets go of the one that is shown."""
        self._let_go()
        self.verdicts.set_path(path)
        self.beginResetModel()
        self.path, self.view, self.counts, self._newest, self.verified = path, View(), Counts(), 0, None
        self._ids = array("q")
        self.endResetModel()
        self.refresh()

    def refresh(self) -> None:
        """Everything may be another: read it anew, in order."""
        self._number += 1
        self._ask(0)

    def grow(self) -> None:
        """There may be more photos; they go to the end, and take their place in the order with `refresh`."""
        if not self._growth.isActive():
            self._growth.start()

    def set_view(self, **changes: Any) -> None:
        """Show other photos, or in another order: fields of View."""
        view = dataclasses.replace(self.view, **changes)
        if view != self.view:
            self.view = view
            self.refresh()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.set_view(order=ORDERS.get(column, ""), descending=order == Qt.SortOrder.DescendingOrder)

    def close(self) -> None:
        """Let go of all files, at once."""
        self._number += 1
        self._growth.stop()
        self.verdicts.close()
        self._reader.close()
        self._let_go()

    @property
    def reads(self) -> bool:
        """Whether something is being read."""
        return self._reads

    def _ask(self, after: int) -> None:
        self._reads = True
        self._reader.ask(Wish(self.path, self.view, after, self._number))

    def _ask_for_growth(self) -> None:
        if self._reads:
            self._growth.start()
        elif self.path is not None:
            self._ask(self._newest)

    def _on_read(self, wish: Wish, result: object) -> None:
        if wish.number != self._number:
            return
        self._reads = False
        if isinstance(result, Reading):
            self._show(result, wish.after > 0)
        elif not (isinstance(result, LedgerError) and self.path is not None and not self.path.exists()):
            self.failed.emit(result)  # a batch that has just begun has no file yet, which is no failure

    def _show(self, reading: Reading, more: bool) -> None:
        self._newest, self.verified = reading.newest, reading.verified
        if not more:
            self.counts = reading.counts
            self._kept.clear()
            self._replace(reading.ids)
        elif reading.counts.photos:
            self.counts = _together(self.counts, reading.counts)
            self._append(reading.ids)
        self.was_read.emit()

    def _append(self, ids: array[int]) -> None:
        if ids:
            self.beginInsertRows(QModelIndex(), len(self._ids), len(self._ids) + len(ids) - 1)
            self._ids.extend(ids)
            self.endInsertRows()

    def _replace(self, ids: array[int]) -> None:
        self.layoutAboutToBeChanged.emit()
        kept = [(index, self._ids[index.row()]) for index in self.persistentIndexList()]
        self._ids = ids
        for index, id_ in kept:
            row = self.row_of(id_)
            self.changePersistentIndex(index, QModelIndex() if row is None else self.index(row, index.column()))
        self.layoutChanged.emit()

    # --- single photos -------------------------------------------------------------------------------------------

    def id_of(self, row: int) -> int:
        return self._ids[row]

    def row_of(self, id_: int) -> int | None:
        """Where a photo is shown; None where the view hides it."""
        try:
            return self._ids.index(id_)
        except ValueError:
            return None

    def prediction(self, row: int) -> Prediction:
        id_ = self._ids[row]
        if id_ not in self._kept:
            self._fetch(row - row % PAGE)
        return self._kept.get(id_, NOTHING)

    def say(self, row: int, label: str | None) -> None:
        """Keep what a person says that a photo shows; None takes it back."""
        id_, prediction = self._ids[row], self.prediction(row)
        self.verdicts.say(id_, label)
        self._kept[id_] = dataclasses.replace(prediction, verdict=label or "")
        self.dataChanged.emit(self.index(row, PHOTO), self.index(row, ERROR))

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the model whose answers they are; none before anything was read."""
        return self.about.classes if self.about else ()

    @property
    def about(self) -> About | None:
        """The model whose answers they are; None before anything was read."""
        if self._ledger is None and self.path is not None and self._ids:
            self._fetch(0)
        return self._ledger.about if self._ledger else None

    def _fetch(self, first: int) -> None:
        if self.path is None:
            return
        try:
            self._ledger = self._ledger or opened(self.path)
            found = self._ledger.these(self._ids[first : first + PAGE], TOP)
        except LedgerError as error:
            self._let_go()
            self.failed.emit(error)
            return
        for id_, prediction in found.items():
            if id_ in self.verdicts.waiting:
                prediction = dataclasses.replace(prediction, verdict=self.verdicts.waiting[id_] or "")
            self._kept[id_] = prediction
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)

    def _let_go(self) -> None:
        ledger, self._ledger = self._ledger, None
        self._kept.clear()
        if ledger is not None:
            with contextlib.suppress(LedgerError):
                ledger.close()

    # --- Qt ------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return TITLES[section]
        side = Qt.AlignmentFlag.AlignRight if section == CONFIDENCE else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return cell(self.prediction(index.row()), index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            prediction = self.prediction(index.row())
            whole = {NAME: shown(prediction.path), VERDICT: said(prediction)}
            return whole.get(index.column(), cell(prediction, index.column()))
        if role == Qt.ItemDataRole.FontRole and index.column() == CONFIDENCE:
            return theme.figures_font()
        return None


def cell(prediction: Prediction, column: int) -> str:
    """The words of a cell."""
    if column == NAME:
        return shown(prediction.path.name)
    if column == LABEL:
        return shown(prediction.label) or "not read"
    if column == CONFIDENCE:
        return "" if prediction.error else percent(prediction.confidence)
    if column == VERDICT:
        return "none" if prediction.verdict == UNKNOWN_LABEL else said(prediction)
    return _without_name(prediction) if column == ERROR else ""


def meant(prediction: Prediction) -> Meant | None:
    """What tells its photo from another one at the same path; None where the answer does not say."""
    return Meant(prediction.size, prediction.taken, prediction.camera) if prediction.size else None


def said(prediction: Prediction) -> str:
    """What a person said that the photo shows, in words; "" where nobody looked."""
    return NONE_OF_THEM if prediction.verdict == UNKNOWN_LABEL else shown(prediction.verdict)


def verdict_sign(prediction: Prediction) -> tuple[str, str]:
    """The icon before what a person said, and its colour."""
    if not prediction.verdict:
        return "", "text"
    return ("check", "right") if prediction.verdict == prediction.label else ("pencil", "text")


def sign(prediction: Prediction) -> tuple[str, str]:
    """The icon before the label and the colour of both: no icon for an answer, since nobody knows yet whether it is
    right."""
    if prediction.error:
        return "x", "wrong"
    return ("circle-help", "unsure") if prediction.label == UNKNOWN_LABEL else ("", "text")


def _without_name(prediction: Prediction) -> str:
    """The sentence without the file's name, which stands in the same row."""
    text = shown(prediction.error).removeprefix(f"“{shown(prediction.path.name)}” ")
    return text[:1].upper() + text[1:]


def _together(before: Counts, more: Counts) -> Counts:
    return Counts(
        before.photos + more.photos, before.labels + more.labels, before.unknown + more.unknown,
        before.failed + more.failed, more.seen, more.corrected,
    )  # fmt: skip
