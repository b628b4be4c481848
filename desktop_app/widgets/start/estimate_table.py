"""Models and strategies side by side: what each would take, and a click that takes one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from desktop_app.widgets.figures import rough_duration
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.layers.cost_line import memory_in_words
from desktop_app.widgets.plain_table import Column
from desktop_app.widgets.start.take_table import TakeTable
from engine.events import RunEstimated
from engine.models import strategies
from engine.models.catalog import title_of

COLUMNS = (
    Column("Model", 160, lambda row: title_of(row.model)),
    Column("Strategy", 150, lambda row: strategies.title_of(row.strategy)),
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


class EstimateTable(TakeTable):
    """`taken` carries the RunEstimated whose model and strategy the person wants."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "What other models and strategies would take",
            COLUMNS,
            lambda row: f"{title_of(row.model)}, {strategies.title_of(row.strategy)}",
            "The settings have this model and strategy already",
            parent,
        )
        self._shown_for: RunEstimated | None = None
        words = muted_label("With the same settings else. Choose a row to take its model and strategy.", wrap=True)
        self.beside.addWidget(words)

    def show_estimates(self, rows: Sequence[RunEstimated], current: RunEstimated | None) -> None:
        """`current` is the row of the settings as they are; it is chosen as they change."""
        chosen = self.chosen()
        if chosen not in rows or current != self._shown_for:
            chosen = current
        self._shown_for = current
        self.show_current(current)
        self.show_rows(rows, chosen)
