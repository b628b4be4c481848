"""The answers as rows: stored once as they came, shown through a threshold, a filter, a search and an order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from desktop_app import theme
from desktop_app.widgets.figures import percent
from desktop_app.widgets.thumbnails import shown
from engine.events import Prediction

Index = QModelIndex | QPersistentModelIndex
PHOTO, NAME, LABEL, CONFIDENCE, ERROR = range(5)
TITLES = ("", "Photo", "Label", "Confidence", "Error")
UNKNOWN = "unknown"
# Filters that are no label; a class may bear any name, so these are no text.
ALL, ONLY_UNKNOWN, ONLY_FAILED = object(), object(), object()


class PredictionModel(QAbstractTableModel):
    """Appending costs the same at the first row and at the hundred-thousandth: what is new goes to the end, and takes
    its place in the order when the job is done (`settle`)."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: list[Prediction] = []
        self._rows: list[int] = []
        self._threshold = 0.0
        self._filter: object = ALL
        self._search = ""
        self._order: tuple[int, Qt.SortOrder] | None = None
        self._counts: Counter[object] = Counter()

    # --- what is stored ------------------------------------------------------------------------------------------

    def clear(self) -> None:
        self.beginResetModel()
        self._all, self._rows, self._counts = [], [], Counter()
        self.endResetModel()

    def append(self, predictions: Sequence[Prediction]) -> None:
        first = len(self._all)
        self._all.extend(predictions)
        self._counts.update(self._kind(prediction) for prediction in predictions)
        new = [first + number for number, prediction in enumerate(predictions) if self._matches(prediction)]
        if new:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(new) - 1)
            self._rows.extend(new)
            self.endInsertRows()

    def settle(self) -> None:
        """Put what was appended where the order wants it."""
        if self._order:
            self.sort(*self._order)

    def total(self) -> int:
        return len(self._all)

    def counts(self) -> Counter[object]:
        """How many photos have each label; ONLY_UNKNOWN and ONLY_FAILED are keys, too."""
        return self._counts

    def prediction(self, row: int) -> Prediction:
        return self._all[self._rows[row]]

    def row_of(self, prediction: Prediction) -> int | None:
        """Where it is shown; None where the filter hides it."""
        return next((row for row, number in enumerate(self._rows) if self._all[number] is prediction), None)

    def results(self) -> list[Prediction]:
        """All answers in the order in which they came, the threshold applied."""
        return [self.judged(prediction) for prediction in self._all]

    # --- how it is shown -----------------------------------------------------------------------------------------

    def set_threshold(self, threshold: float) -> None:
        """Below it the answer is “unknown”; nothing is computed again."""
        self._threshold = threshold
        self._counts = Counter(map(self._kind, self._all))
        if self._filter is ALL:
            if self._rows:
                self.dataChanged.emit(self.index(0, LABEL), self.index(len(self._rows) - 1, CONFIDENCE))
        else:
            self._arrange()

    def set_filter(self, wanted: object) -> None:
        """ALL, ONLY_UNKNOWN, ONLY_FAILED, or a label."""
        self._filter = wanted
        self._arrange()

    def set_search(self, text: str) -> None:
        """Show only photos whose file names hold the text."""
        self._search = text.casefold()
        self._arrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._order = (column, order) if column > PHOTO else None
        self._arrange()

    def label(self, prediction: Prediction) -> str:
        """What is shown as the answer; "" where the photo could not be read."""
        if prediction.error:
            return ""
        if prediction.confidence < self._threshold or prediction.label == UNKNOWN:
            return UNKNOWN
        return prediction.label

    def judged(self, prediction: Prediction) -> Prediction:
        label = self.label(prediction)
        if label == prediction.label:
            return prediction
        return Prediction(prediction.path, label, prediction.confidence, prediction.top, prediction.error)

    def sign(self, prediction: Prediction) -> tuple[str, str]:
        """The icon before the label and the colour of both: no icon for an answer, since nobody knows yet whether it
        is right."""
        if prediction.error:
            return "x", "wrong"
        return ("circle-help", "unsure") if self._is_unknown(prediction) else ("", "text")

    def _is_unknown(self, prediction: Prediction) -> bool:
        # A class of that very name is an answer and no doubt.
        top = prediction.top[0][0] if prediction.top else ""
        return prediction.confidence < self._threshold or (prediction.label == UNKNOWN and top != UNKNOWN)

    def _kind(self, prediction: Prediction) -> object:
        if prediction.error:
            return ONLY_FAILED
        return ONLY_UNKNOWN if self._is_unknown(prediction) else prediction.label

    def _matches(self, prediction: Prediction) -> bool:
        if self._filter is not ALL and self._kind(prediction) != self._filter:
            return False
        return not self._search or self._search in shown(prediction.path.name).casefold()

    def _arrange(self) -> None:
        rows = [number for number, prediction in enumerate(self._all) if self._matches(prediction)]
        if self._order:
            column, order = self._order
            rows.sort(
                key=lambda number: self._key(self._all[number], column), reverse=order == Qt.SortOrder.DescendingOrder
            )
        self.layoutAboutToBeChanged.emit()
        kept = [(index, self._rows[index.row()]) for index in self.persistentIndexList()]
        places = {number: row for row, number in enumerate(rows)} if kept else {}
        self._rows = rows
        for index, number in kept:
            moved = self.index(places[number], index.column()) if number in places else QModelIndex()
            self.changePersistentIndex(index, moved)
        self.layoutChanged.emit()

    def _key(self, prediction: Prediction, column: int) -> Any:
        if column == NAME:
            return shown(prediction.path.name).casefold()
        if column == LABEL:
            return (self.label(prediction).casefold(), -prediction.confidence)
        return -1.0 if prediction.error else prediction.confidence if column == CONFIDENCE else prediction.error

    # --- Qt ------------------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

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
        prediction = self.prediction(index.row())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(prediction, index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return shown(prediction.path) if index.column() == NAME else self._text(prediction, index.column())
        if role == Qt.ItemDataRole.FontRole and index.column() == CONFIDENCE:
            return theme.figures_font()
        return None

    def _text(self, prediction: Prediction, column: int) -> str:
        if column == NAME:
            return shown(prediction.path.name)
        if column == LABEL:
            return shown(self.label(prediction)) or "not read"
        if column == CONFIDENCE:
            return "" if prediction.error else percent(prediction.confidence)
        return _without_name(prediction) if column == ERROR else ""


def _without_name(prediction: Prediction) -> str:
    """The sentence without the file's name, which stands in the same row."""
    text = shown(prediction.error).removeprefix(f"“{shown(prediction.path.name)}” ")
    return text[:1].upper() + text[1:]
