"""The table of architectures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import THIN, count, percent
from engine.events import Model

TITLE, TOP1, PARAMETERS, WORK, WEIGHTS = range(5)
HEADERS = ("Model", "Top-1", "Params", "Work", "Weights")
TIPS = (
    "The architecture",
    "Share of ImageNet's photos that the best official weights get right, as published",
    "Parameters, in millions",
    "Billions of multiply-adds for one photo: twice the work takes about twice the time",
    "Whether pretrained weights are on this machine",
)
WIDTHS = {TOP1: 64, PARAMETERS: 72, WORK: 64, WEIGHTS: 88}
GIVES_WAY = (PARAMETERS, WORK, TOP1)
NARROWEST_TITLE = 124
ROWS_SHOWN = 7
"""At most; the rest scrolls."""
SORT_ROLE = Qt.ItemDataRole.UserRole
NAME_ROLE = Qt.ItemDataRole.UserRole + 1
RIGHT = (TOP1, PARAMETERS, WORK)
Index = QModelIndex | QPersistentModelIndex


class ModelTable(QTableView):
    """One row chosen at a time, sorted by any column."""

    chosen = Signal(str)  # the model's name

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._quiet = False
        self._rows = _Rows(self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._rows)
        self._sorted.setSortRole(SORT_ROLE)
        self.setModel(self._sorted)
        self.setAccessibleName("Architectures")
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(theme.row())
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(TITLE, QHeaderView.ResizeMode.Stretch)
        for column, width in WIDTHS.items():
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
            header.resizeSection(column, theme.wide(width))
        header.setSortIndicatorClearable(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.selectionModel().currentRowChanged.connect(self._on_current_row_changed)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.viewport().width() - sum(map(theme.wide, WIDTHS.values()))
        for column in GIVES_WAY:
            narrow = room < theme.wide(NARROWEST_TITLE)
            self.setColumnHidden(column, narrow)
            room += theme.wide(WIDTHS[column]) if narrow else 0

    def show_models(self, models: Sequence[Model]) -> None:
        self._quiet = True
        self._rows.show_models(models)
        self._quiet = False
        self.setFixedHeight(theme.row() * (min(len(models), ROWS_SHOWN) + 1) + theme.GRID)

    def choose(self, name: str) -> None:
        """Select the row of that model without saying that it was chosen."""
        place = self._rows.place(name)
        if place is None:
            self._quiet = True
            self.setCurrentIndex(QModelIndex())
            self.clearSelection()
            self._quiet = False
            return
        index = self._sorted.mapFromSource(self._rows.index(place, TITLE))
        if index.isValid() and index.row() != self.currentIndex().row():
            self._quiet = True
            self.setCurrentIndex(index)
            self._quiet = False

    def _on_current_row_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid() and not self._quiet:
            self.chosen.emit(now.data(NAME_ROLE))


class _Rows(QAbstractTableModel):
    def __init__(self, parent: QTableView) -> None:
        super().__init__(parent)
        self._models: tuple[Model, ...] = ()

    def show_models(self, models: Sequence[Model]) -> None:
        self.beginResetModel()
        self._models = tuple(models)
        self.endResetModel()

    def row(self, row: int) -> Model:
        return self._models[row]

    def place(self, name: str) -> int | None:
        return next((place for place, model in enumerate(self._models) if model.name == name), None)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._models)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return {Qt.ItemDataRole.DisplayRole: HEADERS, Qt.ItemDataRole.ToolTipRole: TIPS}.get(role, {section: None})[
            section
        ]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        model, column = self._models[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(model, column)
        if role == SORT_ROLE:
            keys = (model.title, model.imagenet_top1 or 0.0, model.parameters, model.flops, not model.weights)
            return keys[column]
        if role == NAME_ROLE:
            return model.name
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(model, column)
        if role == Qt.ItemDataRole.DecorationRole and column == WEIGHTS:
            return theme.icon(*_weights_icon(model))
        if role == Qt.ItemDataRole.ForegroundRole and column == WEIGHTS:
            return theme.colour("text" if model.weights else "muted")
        if role == Qt.ItemDataRole.FontRole and column in RIGHT:
            return theme.figures_font()
        return None


def _text(model: Model, column: int) -> str:
    if column == TITLE:
        return model.title
    if column == TOP1:
        return percent(model.imagenet_top1)
    if column == PARAMETERS:
        return f"{model.parameters / 1e6:.1f}{THIN}M"
    if column == WORK:
        giga = model.flops / 1e9
        return f"{giga:.{2 if giga < 10 else 1 if giga < 100 else 0}f}{THIN}G"
    return "here" if model.weights else "to fetch" if model.has_official_weights else "none"


def _weights_icon(model: Model) -> tuple[str, int, str]:
    if model.weights:
        return ("check", 16, "text")
    return ("download" if model.has_official_weights else "minus", 16, "muted")


def _tip(model: Model, column: int) -> str:
    if column == PARAMETERS:
        return f"{count(model.parameters)} parameters"
    if column == WORK:
        speed = f"; {model.images_per_second:.0f} photos a second when predicting" if model.images_per_second else ""
        return f"{count(model.flops)} multiply-adds for one photo{speed}"
    if column == WEIGHTS:
        if model.weights:
            return model.weights
        return (
            "The official weights are fetched when training starts."
            if model.has_official_weights
            else "There are no pretrained weights; this model trains from scratch."
        )
    return f"{model.title}: {model.summary}"


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
