"""The table of rows of a network: what each is, what it gives, and below an impossible one the reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QMimeData, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count, shape
from desktop_app.widgets.network.edits import Place
from desktop_app.widgets.network.words import settings_in_words
from engine.models.network.arithmetic import RowFacts
from engine.models.network.rows import Residual

NUMBER, KIND, SETTINGS, OUTPUT, PARAMETERS, FIELD = range(6)
HEADERS = ("#", "Row", "Settings", "Output", "Parameters", "Sees (px)")
HEADER_TIPS = (
    "Place in the network; rows of a residual block are counted within it",
    "What the row does",
    "What differs from the usual; the form at the right has all of it",
    "Channels × height × width, or the length of a flat output, for one image",
    "Numbers that the row will learn",
    "Receptive field: how many pixels of the image, across, one output of the row looks at",
)
WIDTHS = {NUMBER: 44, KIND: 160, OUTPUT: 104, PARAMETERS: 88, FIELD: 76}
NARROWEST_SETTINGS = 128
GIVES_WAY = (SETTINGS, FIELD)
"""Columns hidden one after the other where there is no room; the form shows the settings as well."""
BESIDE = 16  # the scroll bar and the border
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
INDENT = "\u2003\u2003"
MIME = "application/x-thaw-row"
Index = QModelIndex | QPersistentModelIndex
KEYS = {
    (Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier): "up",
    (Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier): "down",
    (Qt.Key.Key_Delete, Qt.KeyboardModifier.NoModifier): "remove",
    (Qt.Key.Key_Backspace, Qt.KeyboardModifier.NoModifier): "remove",
    (Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier): "duplicate",
}


@dataclass(frozen=True)
class Line:
    """A line of the table: a row of the network, or below an impossible one its `reason`."""

    facts: RowFacts
    reason: str = ""


class RowsModel(QAbstractTableModel):
    """`dragged` asks for the row at the first place to go before what is at the second."""

    dragged = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines: tuple[Line, ...] = ()
        self._classes = 2

    def show_facts(self, facts: Sequence[RowFacts], classes: int) -> None:
        self.beginResetModel()
        self._classes = classes
        lines: list[Line] = []
        for row in facts:
            lines.append(Line(row))
            if row.refusal:
                lines.append(Line(row, row.refusal))
        self.lines = tuple(lines)
        self.endResetModel()

    def line_of(self, place: Place) -> int:
        """The number of the line of the row at that place, -1 where there is none."""
        found = (number for number, line in enumerate(self.lines) if line.facts.place == place and not line.reason)
        return next(found, -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(HEADERS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        line = self.lines[index.row()]
        if line.reason:
            return Qt.ItemFlag.ItemIsEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if line.facts.row is not None:
            flags |= Qt.ItemFlag.ItemIsDragEnabled
        if isinstance(line.facts.row, Residual):
            flags |= Qt.ItemFlag.ItemIsDropEnabled
        return flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return HEADER_TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if section in (KIND, SETTINGS) else RIGHT
        return HEADERS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        line, column = self.lines[index.row()], index.column()
        if line.reason:
            return _of_reason(line.reason, column, role)
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(line.facts, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return line.facts.refusal or self._text(line.facts, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return LEFT if column in (KIND, SETTINGS) else RIGHT
        if role == Qt.ItemDataRole.FontRole and column not in (KIND, SETTINGS):
            return theme.figures_font()
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(line.facts, column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == KIND:
            said = f"impossible: {line.facts.refusal}" if line.facts.refusal else shape(line.facts.output)
            return f"Row {_number(line.facts)}, {_kind(line.facts)}, {said}"
        return None

    def _text(self, facts: RowFacts, column: int) -> str:
        known = bool(facts.output)
        if column == NUMBER:
            return _number(facts)
        if column == KIND:
            return INDENT * (len(facts.place) - 1) + _kind(facts)
        if column == SETTINGS:
            return settings_in_words(facts.row, self._classes)
        if column == OUTPUT:
            return "✗" if facts.refusal else shape(facts.output) if known else "–"
        if column == PARAMETERS:
            return (count(facts.parameters) if facts.parameters else "") if known else "–"
        return ("all" if facts.receptive_field is None else count(facts.receptive_field)) if known else "–"

    def _colour(self, facts: RowFacts, column: int) -> Any:
        if facts.refusal and column in (NUMBER, KIND, OUTPUT):
            return theme.colour("wrong")
        quiet = column in (NUMBER, SETTINGS, FIELD) or facts.row is None or not facts.output
        return theme.colour("muted") if quiet else None

    # --- dragging

    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:
        return [MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        place = self.lines[indexes[0].row()].facts.place
        data.setData(MIME, ",".join(map(str, place)).encode())
        return data

    def dropMimeData(self, data: QMimeData, _action: Qt.DropAction, row: int, _column: int, parent: Index) -> bool:
        """Say what was dragged where; never True, which would let the view take out the row itself."""
        if data.hasFormat(MIME):
            source = tuple(int(part) for part in bytes(data.data(MIME).data()).decode().split(","))
            self.dragged.emit(source, self._dropped_at(row, parent))
        return False

    def _dropped_at(self, line: int, parent: Index) -> Place:
        """On a block is at its end, between two lines is before the lower one."""
        if parent.isValid():
            facts = self.lines[parent.row()].facts
            inner = facts.row.rows if isinstance(facts.row, Residual) else ()
            return (*facts.place, len(inner))
        end = self.lines[-1].facts.place  # the head's: nothing comes after it
        if line > 0 and line < len(self.lines) and self.lines[line].reason:
            line += 1
        return self.lines[line].facts.place if 0 <= line < len(self.lines) else end


class RowsTable(QTableView):
    """`chosen` carries the place of the row that the person went to; the keys ask through `key_used`."""

    chosen = Signal(object)
    key_used = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = RowsModel(self)
        self.setModel(self.rows)
        self.setAccessibleName("Rows of the network")
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setDragDropMode(QTableView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)
        self.setDropIndicatorShown(True)
        self.setShowGrid(False)
        self.setWordWrap(True)
        self.setTabKeyNavigation(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(theme.row())
        self.setItemDelegate(_OnlyReasonsWrap(self))
        self.setMinimumWidth(sum(theme.wide(WIDTHS[column]) for column in (NUMBER, KIND, OUTPUT, PARAMETERS)) + BESIDE)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.selectionModel().currentRowChanged.connect(self._on_current_row_changed)

    def show_facts(self, facts: Sequence[RowFacts], classes: int, place: Place) -> None:
        """Show other rows, with the one at `place` chosen; where the view stands stays."""
        top = self.verticalScrollBar().value()
        self.selectionModel().blockSignals(True)
        self.clearSpans()
        self.rows.show_facts(facts, classes)
        for number, line in enumerate(self.rows.lines):
            if line.reason:
                self.setSpan(number, KIND, 1, len(HEADERS) - KIND)
                self.resizeRowToContents(number)
        self.verticalScrollBar().setValue(top)
        self.setCurrentIndex(self.rows.index(max(0, self.rows.line_of(place)), KIND))
        self.selectionModel().blockSignals(False)
        self.viewport().update()

    def place(self) -> Place:
        """Where the person is."""
        index = self.currentIndex()
        return self.rows.lines[index.row()].facts.place if index.isValid() else ()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        wanted = KEYS.get((Qt.Key(event.key()), modifiers))
        if wanted:
            self.key_used.emit(wanted)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for column, width in WIDTHS.items():
            self.setColumnWidth(column, theme.wide(width))
        needed = {**WIDTHS, SETTINGS: NARROWEST_SETTINGS}
        room = self.viewport().width() - sum(map(theme.wide, needed.values()))
        for column in GIVES_WAY:
            self.setColumnHidden(column, room < 0)
            room += theme.wide(needed[column]) if room < 0 else 0
        stretched = KIND if self.isColumnHidden(SETTINGS) else SETTINGS
        self.setColumnWidth(stretched, theme.wide(needed[stretched]) + max(0, room))
        for number, line in enumerate(self.rows.lines):
            if line.reason:
                self.resizeRowToContents(number)

    def _on_current_row_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid():
            self.chosen.emit(self.rows.lines[now.row()].facts.place)


class _OnlyReasonsWrap(QStyledItemDelegate):
    """A reason may take two lines; settings that are too long for one lose their end."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        model = index.model()
        if isinstance(model, RowsModel) and not model.lines[index.row()].reason:
            option.features &= ~QStyleOptionViewItem.ViewItemFeature.WrapText


def _number(facts: RowFacts) -> str:
    return "" if facts.row is None else ".".join(str(part + 1) for part in facts.place)


def _kind(facts: RowFacts) -> str:
    return "Head" if facts.row is None else facts.row.title


def _of_reason(reason: str, column: int, role: int) -> Any:
    if column != KIND:
        return None
    if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
        return reason
    if role == Qt.ItemDataRole.ForegroundRole:
        return theme.colour("wrong")
    if role == Qt.ItemDataRole.DecorationRole:
        return theme.icon("circle-alert", 16, "wrong")
    return LEFT if role == Qt.ItemDataRole.TextAlignmentRole else None
