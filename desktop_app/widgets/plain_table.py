"""A table of rows that are read and never changed: each column says how it writes and sorts a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QIcon, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from desktop_app import theme

SORT_ROLE = Qt.ItemDataRole.UserRole
SEARCH_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex
NARROWEST_FIRST, WIDEST_FIRST = 160, 420


@dataclass(frozen=True)
class Column:
    """`text` writes a row's cell and `key` sorts it (the text, where there is none). Numbers stand at the right.

    `hint` writes the tooltip of a cell, which else is its text. `gives_way` is the order in which columns are hidden
    where there is no room; 0 is never.
    """

    title: str
    width: int
    text: Callable[[Any], str]
    key: Callable[[Any], Any] | None = None
    number: bool = False
    icon: Callable[[Any], tuple[str, int, str] | QIcon] | None = None
    tip: str = ""
    gives_way: int = 0
    hint: Callable[[Any], str] | None = None


class PlainTable(QTableView):
    """The first column takes the room that is left. `chosen` carries the row's object when the person moves to it, and
    where several may be selected, `several_chosen` their tuple."""

    chosen = Signal(object)
    several_chosen = Signal(object)

    def __init__(
        self,
        name: str,
        columns: Sequence[Column],
        parent: QWidget | None = None,
        several: bool = False,
        found_by: Callable[[Any], str] | None = None,
    ) -> None:
        """With `several`, rows are selected together (Ctrl, Shift); `found_by` is the text that a search looks in,
        the first cell where there is none."""
        super().__init__(parent)
        self._columns = tuple(columns)
        self._quiet = False
        self._rows = _Rows(self._columns, self, found_by)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._rows)
        self._sorted.setSortRole(SORT_ROLE)
        self._sorted.setFilterRole(SEARCH_ROLE)
        self._sorted.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setModel(self._sorted)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        modes = QTableView.SelectionMode
        self.setSelectionMode(modes.ExtendedSelection if several else modes.SingleSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(theme.row())
        self._set_header()
        if several:
            self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        else:
            self.selectionModel().currentRowChanged.connect(self._on_current_row_changed)

    def show_rows(self, rows: Sequence[Any]) -> None:
        self._quiet = True
        self._rows.show_rows(rows)
        self._quiet = False

    def fit_height(self, most: int = 0) -> None:
        """As high as its rows, or as `most` of them where there are more."""
        rows = len(self.rows())
        shown = min(rows, most) if most else rows
        header = self.horizontalHeader().sizeHint().height()
        self.setFixedHeight(header + shown * theme.row() + 2 * self.frameWidth() + 2)

    def search(self, text: str) -> None:
        """Show only the rows in which the text is found."""
        self._sorted.setFilterFixedString(text.strip())

    def rows(self) -> Sequence[Any]:
        return self._rows.rows

    def shown_rows(self) -> tuple[Any, ...]:
        """The rows in sight, in the order in which they stand."""
        return tuple(self._row_of(self._sorted.index(place, 0)) for place in range(self._sorted.rowCount()))

    def selected(self) -> tuple[Any, ...]:
        """The selected rows, in the order in which they stand."""
        return tuple(map(self._row_of, sorted(self.selectionModel().selectedRows(), key=QModelIndex.row)))

    def choose(self, *rows: Any) -> None:
        """Select the rows of these objects, the first of them the current one, without saying that they were chosen;
        what is not in the table is left out."""
        places = [self._rows.rows.index(row) for row in rows if row in self._rows.rows]
        flags = QItemSelectionModel.SelectionFlag
        self._quiet = True
        for number, place in enumerate(places):
            index = self._sorted.mapFromSource(self._rows.index(place, 0))
            if number == 0:
                # the view's own setCurrentIndex would toggle the row while the person holds Ctrl down
                self.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
                self.scrollTo(index)
            else:
                self.selectionModel().select(index, flags.Select | flags.Rows)
        self._quiet = False

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.viewport().width() - sum(theme.wide(column.width) for column in self._columns[1:])
        narrowest = theme.wide(NARROWEST_FIRST)
        ways = sorted((column.gives_way, place) for place, column in enumerate(self._columns) if column.gives_way)
        for _, place in ways:
            narrow = room < narrowest
            self.setColumnHidden(place, narrow)
            room += theme.wide(self._columns[place].width) if narrow else 0
        # where the last column holds words, it takes what is left; numbers stay at the right edge
        widest = room if self._columns[-1].number else min(room, theme.wide(WIDEST_FIRST))
        self.horizontalHeader().resizeSection(0, max(narrowest, widest))

    def _set_header(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        for place, column in enumerate(self._columns):
            header.resizeSection(place, theme.wide(column.width))
        header.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)

    def _row_of(self, index: Index) -> Any:
        return self._rows.rows[self._sorted.mapToSource(index).row()]

    def _on_current_row_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid() and not self._quiet:
            self.chosen.emit(self._row_of(now))

    def _on_selection_changed(self, *_: Any) -> None:
        rows = self.selected()
        if self._quiet or not rows:
            return
        if len(rows) == 1:
            self.chosen.emit(rows[0])
        else:
            self.several_chosen.emit(rows)


class _Rows(QAbstractTableModel):
    def __init__(self, columns: tuple[Column, ...], parent: QTableView, found_by: Callable[[Any], str] | None) -> None:
        super().__init__(parent)
        self._columns, self._found_by = columns, found_by
        self.rows: tuple[Any, ...] = ()

    def show_rows(self, rows: Sequence[Any]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = self._columns[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip or None
        return column.title if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], self._columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(row)
        if role == SEARCH_ROLE:
            return self._found_by(row) if self._found_by else column.text(row)
        if role == SORT_ROLE:
            return column.key(row) if column.key else column.text(row)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return (column.hint or column.text)(row)
        if role == Qt.ItemDataRole.FontRole and column.number:
            return theme.figures_font()
        if role == Qt.ItemDataRole.DecorationRole and column.icon:
            icon = column.icon(row)
            return icon if isinstance(icon, QIcon) else theme.icon(*icon)
        return None


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
