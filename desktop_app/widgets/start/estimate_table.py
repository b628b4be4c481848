"""Models and strategies side by side: what each would take, and a click that takes one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import rough_duration
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.layers.cost_line import memory_in_words
from desktop_app.widgets.plain_table import Column, PlainTable
from engine.events import RunEstimated
from engine.models.catalog import title_of
from engine.models.strategies import STRATEGIES

COLUMNS = (
    Column("Model", 160, lambda row: title_of(row.model)),
    Column("Strategy", 150, lambda row: strategy_title(row)),
    Column("Whole run", 96, lambda row: rough_duration(row.seconds), lambda row: row.seconds, number=True),
    Column(
        "An epoch",
        88,
        lambda row: rough_duration(row.seconds_per_epoch),
        lambda row: row.seconds_per_epoch,
        number=True,
        gives_way=2,
    ),
    Column("Memory", 80, lambda row: memory_in_words(row.memory_bytes), lambda row: row.memory_bytes, number=True),
    Column(
        "Disk",
        80,
        lambda row: memory_in_words(row.disk_bytes + row.cache_bytes),
        lambda row: row.disk_bytes + row.cache_bytes,
        number=True,
        tip="What the run's folder will hold, and what is kept of frozen layers",
        gives_way=1,
    ),
)


class EstimateTable(QWidget):
    """`taken` carries the RunEstimated whose model and strategy the person wants."""

    taken = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = PlainTable("What other models and strategies would take", COLUMNS)
        self.use = QPushButton()
        self._current: RunEstimated | None = None
        self._chosen: RunEstimated | None = None
        row = QHBoxLayout()
        row.addWidget(
            muted_label("With the same settings else. Choose a row to take its model and strategy.", wrap=True), 1
        )
        row.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.table)
        column.addLayout(row)
        self.use.clicked.connect(self._on_use_clicked)
        self.table.chosen.connect(self._on_chosen)
        self.table.activated.connect(lambda _index: self._on_use_clicked())
        self._show_use()

    def show_estimates(self, rows: Sequence[RunEstimated], current: RunEstimated | None) -> None:
        """`current` is the row of the settings as they are."""
        if tuple(rows) != tuple(self.table.rows()):
            self.table.show_rows(rows)
        if self._chosen not in rows or current != self._current:
            self._chosen = current
        self._current = current
        if self._chosen is not None:
            self.table.choose(self._chosen)
        header = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(header + len(rows) * theme.row() + 4)
        self._show_use()

    def _on_chosen(self, row: RunEstimated) -> None:
        self._chosen = row
        self._show_use()

    def _show_use(self) -> None:
        row = self._chosen
        there = row is not None and row != self._current
        name = f"Use {title_of(row.model)}, {strategy_title(row)}" if row and there else "In use"
        self.use.setText(name)
        self.use.setAccessibleName(name)
        self.use.setEnabled(there)
        self.use.setToolTip("" if there else "The settings have this model and strategy already")

    def _on_use_clicked(self) -> None:
        if self.use.isEnabled():
            self.taken.emit(self._chosen)


def strategy_title(row: RunEstimated) -> str:
    return STRATEGIES[row.strategy].title if row.strategy in STRATEGIES else row.strategy
