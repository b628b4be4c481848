"""The classes of a dataset with their counts per split, the sum of all in the first row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count

if TYPE_CHECKING:
    from engine.dataset.index import DatasetIndex

Index = QModelIndex | QPersistentModelIndex
ALL = "All classes"
SPLITS = {"train": "Train", "val": "Val", "test": "Test", "": "Photos"}


@dataclass(frozen=True)
class ClassRow:
    """`counts` has one number for each column of numbers; `place` is the order of the dataset."""

    label: str
    counts: tuple[int, ...]
    place: int


def class_rows(index: DatasetIndex) -> tuple[tuple[str, ...], tuple[ClassRow, ...]]:
    """The titles of the columns of numbers (the splits that occur, and their sum where there are several), the rows."""
    counts = Counter((photo.label, photo.split) for photo in index.photos)
    splits = [split for split in SPLITS if any(counts[label, split] for label in index.classes)]
    titles = tuple(SPLITS[split] for split in splits) + (("Photos",) if len(splits) > 1 else ())
    rows = []
    for place, label in enumerate(index.classes):
        numbers = [counts[label, split] for split in splits]
        rows.append(ClassRow(label, (*numbers, sum(numbers)) if len(splits) > 1 else tuple(numbers), place))
    return titles, tuple(rows)


class ClassModel(QAbstractTableModel):
    """Sorts and searches by itself, so that the sum stays on top."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._titles: tuple[str, ...] = ()
        self._all: tuple[ClassRow, ...] = ()
        self._shown: list[ClassRow] = []
        self._search = ""
        self._order = (0, Qt.SortOrder.AscendingOrder)

    def set_index(self, index: DatasetIndex) -> None:
        self.beginResetModel()
        self._titles, self._all = class_rows(index)
        self._search = ""
        self._arrange()
        self.endResetModel()

    def set_search(self, text: str) -> None:
        self.beginResetModel()
        self._search = text.casefold()
        self._arrange()
        self.endResetModel()

    def label(self, row: int) -> str:
        """The class of the row, "" for the sum."""
        return self._shown[row - 1].label if row > 0 else ""

    def row_of(self, label: str) -> int:
        """Where the class stands; 0, the sum, where it is not shown."""
        return next((row for row, shown in enumerate(self._shown, 1) if shown.label == label), 0)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        before = {index.row(): self.label(index.row()) for index in self.persistentIndexList()}
        self._order = (column, order)
        self._arrange()
        for index in self.persistentIndexList():
            label = before[index.row()]
            self.changePersistentIndex(index, self.index(self.row_of(label) if label else 0, index.column()))
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        column, order = self._order
        found = [row for row in self._all if self._search in row.label.casefold()]
        found.sort(
            key=lambda row: row.counts[column - 1] if 0 < column <= len(row.counts) else row.place,
            reverse=order == Qt.SortOrder.DescendingOrder,
        )
        self._shown = found

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() or not self._all else len(self._shown) + 1

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._titles) + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return ("Class", *self._titles)[section]
        return _alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.FontRole:
            font = theme.figures_font() if column else theme.body_font()
            font.setBold(row == 0)
            return font
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        if column == 0:
            return (self.label(row) or ALL) if row or role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return None
        numbers = [shown.counts[column - 1] for shown in (self._shown if row == 0 else [self._shown[row - 1]])]
        return count(sum(numbers))


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class ClassTable(QTableView):
    """`class_chosen` carries the class of the selected row, "" for all."""

    class_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Classes")
        self.class_model = ClassModel(self)
        self.setModel(self.class_model)
        plain_table(self)
        # The order of the dataset, until a header is clicked; a third click brings it back.
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.horizontalHeader().setSortIndicatorClearable(True)
        self.setSortingEnabled(True)
        self.selectionModel().currentRowChanged.connect(self._on_row_changed)

    def set_index(self, index: DatasetIndex) -> None:
        self.class_model.set_index(index)
        fit_columns(self, stretched=0)
        self.selectRow(0)

    def set_search(self, text: str) -> None:
        """Show only the classes whose names hold the text; the row that is selected stays so if it is among them."""
        chosen = self.class_model.label(self.currentIndex().row()) if self.currentIndex().isValid() else ""
        self.class_model.set_search(text)
        self.selectRow(self.class_model.row_of(chosen) if chosen else 0)

    def labels(self) -> Sequence[str]:
        return [self.class_model.label(row) for row in range(1, self.class_model.rowCount())]

    def _on_row_changed(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid():
            self.class_chosen.emit(self.class_model.label(current.row()))


def plain_table(table: QTableView) -> None:
    """What all tables have in common: whole rows, no grid, rows of one height, names that elide in the middle."""
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
    table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    table.setTabKeyNavigation(False)  # Tab leaves the table; arrows move in it
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(theme.row())
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    table.horizontalHeader().setHighlightSections(False)
    table.horizontalHeader().setMinimumSectionSize(56)


def fit_columns(table: QTableView, stretched: int) -> None:
    """Give each column the width of its title and widest number, and the rest to the column `stretched`."""
    header = table.horizontalHeader()
    for column in range(table.model().columnCount()):
        mode = QHeaderView.ResizeMode.Stretch if column == stretched else QHeaderView.ResizeMode.ResizeToContents
        header.setSectionResizeMode(column, mode)
