"""The table of architectures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import THIN, count, percent
from engine.events import Model

TITLE, PARAMETERS, TOP1, SPEED, WEIGHTS = range(5)
HEADERS = ("Model", "Params", "Top-1", "Speed", "Weights")
TIPS = (
    "The architecture",
    "Parameters, in millions",
    "Share of ImageNet's photos that the official weights get right",
    "Photos a second when predicting, measured on two CPU cores",
    "Whether pretrained weights are on this machine",
)
WIDTHS = {PARAMETERS: 64, TOP1: 64, SPEED: 72, WEIGHTS: 88}
GIVES_WAY = (SPEED, TOP1)
NARROWEST_TITLE = 124
SORT_ROLE = Qt.ItemDataRole.UserRole
NAME_ROLE = Qt.ItemDataRole.UserRole + 1
Index = QModelIndex | QPersistentModelIndex


class ModelTable(QTableView):
    """One row chosen at a time; sorted by any column, searched by name, family and summary."""

    chosen = Signal(str)  # the model's name

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._quiet = False
        self._rows = _Rows(self)
        self._matches = _Matches(self)
        self._matches.setSourceModel(self._rows)
        self._matches.setSortRole(SORT_ROLE)
        self.setModel(self._matches)
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

    def sizeHint(self) -> QSize:
        """No more than it must have: the layout gives it what is left."""
        return QSize(super().sizeHint().width(), self.minimumHeight())

    def show_models(self, models: Sequence[Model]) -> None:
        self._quiet = True
        self._rows.show_models(models)
        self._quiet = False
        self.setMaximumHeight(theme.row() * (len(models) + 1) + theme.GRID)

    def choose(self, name: str) -> None:
        """Select the row of that model without saying that it was chosen."""
        place = self._rows.place(name)
        if place is None:
            return
        index = self._matches.mapFromSource(self._rows.index(place, TITLE))
        if index.isValid() and index.row() != self.currentIndex().row():
            self._quiet = True
            self.setCurrentIndex(index)
            self._quiet = False

    def search(self, text: str) -> None:
        self._matches.show_only(text)

    def _on_current_row_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid() and not self._quiet:
            self.chosen.emit(now.data(NAME_ROLE))


class _Matches(QSortFilterProxyModel):
    def __init__(self, parent: QTableView) -> None:
        super().__init__(parent)
        self._text = ""

    def show_only(self, text: str) -> None:
        self._text = text.strip().lower()
        self.invalidate()

    def filterAcceptsRow(self, row: int, _parent: Index) -> bool:
        model = self.sourceModel().row(row)  # type: ignore[attr-defined]
        return self._text in f"{model.title} {model.name} {model.family} {model.summary}".lower()


class _Rows(QAbstractTableModel):
    def __init__(self, parent: QTableView) -> None:
        super().__init__(parent)
        self._models: tuple[Model, ...] = ()

    def sizeHint(self) -> QSize:
        """No more than it must have: the layout gives it what is left."""
        return QSize(super().sizeHint().width(), self.minimumHeight())

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
            keys = (model.title, model.parameters, model.imagenet_top1 or 0.0, model.images_per_second or 0.0)
            return (*keys, not model.weights)[column]
        if role == NAME_ROLE:
            return model.name
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _tip(model, column)
        if role == Qt.ItemDataRole.DecorationRole and column == WEIGHTS:
            return theme.icon(*_weights_icon(model))
        if role == Qt.ItemDataRole.ForegroundRole and column in (WEIGHTS, SPEED):
            return theme.colour("muted" if column == SPEED or not model.weights else "text")
        if role == Qt.ItemDataRole.FontRole and column in (PARAMETERS, TOP1):
            return theme.figures_font()
        return None


def _text(model: Model, column: int) -> str:
    if column == TITLE:
        return model.title
    if column == PARAMETERS:
        return f"{model.parameters / 1e6:.1f}{THIN}M"
    if column == TOP1:
        return percent(model.imagenet_top1)
    if column == SPEED:
        return model.speed or "–"
    return "here" if model.weights else "to fetch" if model.has_official_weights else "none"


def _weights_icon(model: Model) -> tuple[str, int, str]:
    if model.weights:
        return ("check", 16, "text")
    return ("download" if model.has_official_weights else "minus", 16, "muted")


def _tip(model: Model, column: int) -> str:
    if column == PARAMETERS:
        return f"{count(model.parameters)} parameters"
    if column == SPEED and model.images_per_second:
        return f"{model.images_per_second:.0f} photos a second when predicting, on two CPU cores"
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
    side = Qt.AlignmentFlag.AlignRight if column in (PARAMETERS, TOP1) else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
