"""The answers in a ledger: what to show and from which confidence on, the table, and one photo large."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.figures import count, quantity
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.prediction.controls import FilterBar
from desktop_app.widgets.prediction.deciding import Decider
from desktop_app.widgets.prediction.decision import Decision
from desktop_app.widgets.prediction.detail import PredictionDetail
from desktop_app.widgets.prediction.model import LedgerModel
from desktop_app.widgets.prediction.table import PredictionTable
from desktop_app.widgets.remembered_splitter import RememberedSplitter

WIDE_FROM = 480

Live = Callable[[Decision], None]


class PredictionResults(QWidget):
    """`failed` carries an exception that is to be told."""

    failed = Signal(object)
    opened = Signal()
    """The selected photo is to be shown large."""

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.decision = Decision()
        self._live: Live | None = None
        self.model = LedgerModel(self)
        self.model.was_read.connect(self._on_read)
        self.model.failed.connect(self.failed)
        self.decider = Decider(self)
        self.decider.decided.connect(self._on_decided)
        self.decider.failed.connect(self._on_not_decided)
        self.table = PredictionTable(self.model)
        self.detail = PredictionDetail()
        self.table.chosen.connect(self.detail.set_prediction)
        self.table.opened.connect(self.opened)
        self.detail.enlarged.connect(self.opened)
        self.controls = FilterBar(self.model)
        self.controls.threshold_moved.connect(lambda share: self.change_decision(threshold=share))
        self.summary = muted_label()
        self._lay_out(settings)

    def _lay_out(self, settings: Settings) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, theme.GRID, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.controls)
        column.addWidget(self.table, 1)
        column.addWidget(self.summary)
        left.setMinimumWidth(theme.wide(WIDE_FROM))
        self.detail.setMinimumWidth(theme.wide(220))
        splitter = RememberedSplitter(settings, "predict", gap=theme.GRID)
        splitter.begin((left, self.detail), (740, theme.wide(300)), (1, 0))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(splitter)

    # --- the ledger ----------------------------------------------------------------------------------------------

    def open(self, path: Path | None, live: Live | None = None) -> None:
        """Show the ledger at `path`. While a batch adds to it, `live` is told of other decisions."""
        self._live = live
        self.detail.set_prediction(None)
        self.controls.forget()
        self.model.open(path)

    def settle(self) -> None:
        """The batch is at its end: all is in the ledger, and nobody else holds it."""
        self._live = None
        self.model.refresh()

    def show_decision(self, decision: Decision) -> None:
        """Show what decided on the answers, without deciding anew."""
        self.decision = decision
        self.controls.set_threshold(decision.threshold)

    def change_decision(self, **changes: object) -> None:
        """Decide otherwise: fields of Decision."""
        self.decision = dataclasses.replace(self.decision, **changes)
        if self._live:
            self._live(self.decision)
        elif self.model.path is not None:
            self.decider.decide(self.model.path, self.decision)
        self._tell()

    def close_files(self) -> None:
        """Let go of the ledger, at once."""
        self.decider.close()
        self.model.close()

    def _on_decided(self, path: Path) -> None:
        if path == self.model.path:
            self.model.refresh()

    def _on_not_decided(self, error: Exception) -> None:
        self._tell()
        self.failed.emit(error)

    # --- telling -------------------------------------------------------------------------------------------------

    def _on_read(self) -> None:
        model, table = self.model, self.table
        table.show_errors(model.counts.failed > 0)
        if not table.currentIndex().isValid() and model.rowCount():
            table.selectRow(0)
        current = table.currentIndex()
        now = model.prediction(current.row()) if current.isValid() else None
        if now != self.detail.prediction:
            self.detail.set_prediction(now)
        table.viewport().update()
        self._tell()

    def _tell(self) -> None:
        counts = self.model.counts
        told = [quantity(counts.photos, "photo")]
        told += [
            f"{count(number)} {word}"
            for word, number in (("unknown", counts.unknown), ("not read", counts.failed))
            if number
        ]
        told += ["deciding anew…"] if self.decider.at_work else []
        self.summary.setText(" · ".join(told))
