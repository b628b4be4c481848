"""The answers in a ledger: what to show and from which confidence on, the table, beside it one photo or all of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.figures import count, quantity
from desktop_app.widgets.fold import Fold
from desktop_app.widgets.labels import ElidedLabel
from desktop_app.widgets.prediction.controls import FilterBar
from desktop_app.widgets.prediction.deciding import Decider
from desktop_app.widgets.prediction.decision import Decision
from desktop_app.widgets.prediction.detail import PredictionDetail
from desktop_app.widgets.prediction.model import LedgerModel
from desktop_app.widgets.prediction.review import Review
from desktop_app.widgets.prediction.summary import Summary
from desktop_app.widgets.prediction.table import PredictionTable
from desktop_app.widgets.prediction.thresholds import Thresholds
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.segments import Segments
from engine.prediction.ledger import views

WIDE_FROM = 480
BESIDE = (("photo", "Photo", "The selected photo"), ("all", "Summary", "How many there are of each label"))

Live = Callable[[Decision], None]


class PredictionResults(QWidget):
    """`failed` carries an exception that is to be told."""

    failed = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.decision = Decision()
        self._review: Review | None = None
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
        self.table.clicked.connect(lambda _index: self.show_beside("photo"))
        self.table.opened.connect(self.review)
        self.detail.enlarged.connect(self.review)
        self.totals = Summary(self.model)
        self.totals.chosen.connect(self._on_kind_chosen)
        self.controls = FilterBar(self.model)
        self.controls.threshold_moved.connect(lambda share: self.change_decision(threshold=share))
        self.thresholds = Thresholds()
        self.thresholds.changed.connect(lambda changes: self.change_decision(**changes))
        self.thresholds.failed.connect(self.failed)
        self.summary = ElidedLabel()
        self.summary.setProperty("role", "muted")
        self._lay_out(settings)

    def _lay_out(self, settings: Settings) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, theme.GRID, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.controls)
        column.addWidget(Fold("Thresholds", self.thresholds))
        column.addWidget(self.table, 1)
        self.foot = QHBoxLayout(spacing=theme.GRID)
        """Beside the numbers, what is done with them."""
        self.foot.addWidget(self.summary)
        self.foot.addStretch(1)
        column.addLayout(self.foot)
        left.setMinimumWidth(theme.wide(WIDE_FROM))
        self.beside = Segments(BESIDE, "Beside the table")
        self.beside.chosen.connect(self.show_beside)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.detail)
        self._stack.addWidget(self.totals)
        right = QWidget()
        right.setMinimumWidth(theme.wide(220))
        column = QVBoxLayout(right)
        column.setContentsMargins(theme.GRID, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.beside, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._stack, 1)
        splitter = RememberedSplitter(settings, "predict", gap=theme.GRID)
        splitter.begin((left, right), (740, theme.wide(300)), (1, 0))
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

    def go_on(self, live: Live) -> None:
        """A batch adds to the ledger in sight, and is told of other decisions."""
        self._live = live

    def settle(self) -> None:
        """The batch is at its end: all is in the ledger, and nobody else holds it."""
        self._live = None
        self.model.refresh()
        self.show_beside("all")

    def show_beside(self, name: str) -> None:
        """Beside the table: one "photo", or "all" of them in numbers."""
        self.beside.choose(name)
        self._stack.setCurrentWidget(self.totals if name == "all" else self.detail)

    def show_decision(self, decision: Decision) -> None:
        """Show what decided on the answers, without deciding anew."""
        self.decision = decision
        self.controls.set_threshold(decision.threshold)
        self.thresholds.show_decision(decision)

    def change_decision(self, **changes: object) -> None:
        """Decide otherwise: fields of Decision."""
        self.decision = dataclasses.replace(self.decision, **changes)
        self.thresholds.show_decision(self.decision)
        if self._live:
            self._live(self.decision)
        elif self.model.path is not None:
            self.decider.decide(self.model.path, self.decision)
        self._tell()

    def hold(self, reason: str) -> None:
        """Nothing can be decided otherwise for a `reason`; "" where it can again."""
        self.controls.hold(reason)
        self.thresholds.setEnabled(not reason)
        self.thresholds.setToolTip(reason)

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

    # --- single photos -------------------------------------------------------------------------------------------

    def review(self) -> None:
        """Show the selected photo large, to be confirmed or corrected."""
        current = self.table.currentIndex()
        if not current.isValid():
            return
        if self._review is None:
            self._review = Review(self.model, self.window())
            self._review.moved.connect(self.table.selectRow)
            self._review.closed.connect(self._on_review_closed)
        self._review.open(current.row())

    def _on_review_closed(self) -> None:
        if self.model.verdicts.waiting:
            self.model.verdicts.kept.connect(self.model.refresh, Qt.ConnectionType.SingleShotConnection)
        else:
            self.model.refresh()

    def _on_kind_chosen(self, choice: tuple[str, str]) -> None:
        kind, label = choice
        self.model.set_view(kind=kind, label=label)

    # --- telling -------------------------------------------------------------------------------------------------

    def _on_read(self) -> None:
        model, table = self.model, self.table
        only_failed = model.view.kind == views.FAILED
        table.show_columns(model.counts.failed > 0, model.counts.seen > 0 and not only_failed, not only_failed)
        if not table.currentIndex().isValid() and model.rowCount():
            table.selectRow(0)
        if model.about:
            self.thresholds.show_model(model.about.classes, model.about.thresholds)
            fitting = self.decision.fitting(model.about.classes)
            if fitting != self.decision:
                self.show_decision(fitting)
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
            for word, number in (
                ("unknown", counts.unknown),
                ("not read", counts.failed),
                ("looked at", counts.seen),
                ("corrected", counts.corrected),
            )
            if number
        ]
        told += ["deciding anew…"] if self.decider.decides_on(self.model.path) else []
        self.summary.set_whole(" · ".join(told))
