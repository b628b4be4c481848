"""What strategies reached beside each other: a sentence, bars, a table, and what to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count, duration, interval, percent
from desktop_app.widgets.plain_table import Column, PlainTable
from desktop_app.widgets.start.strategy_bars import StrategyBars
from engine.evaluation.strategies_compared import names_of
from engine.events import Event, StrategiesCompared, StrategyCompared

LEAST = 2


class StrategyResult(QWidget):
    """`taken` carries the StrategyCompared that the person wants for the next run, `closer_wanted` all that are
    shown."""

    taken = Signal(object)
    closer_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: dict[Path, str] = {}
        self._in_use: StrategyCompared | None = None
        self._chosen: StrategyCompared | None = None
        self.sentence = QLabel(wordWrap=True)
        self.bars = StrategyBars()
        self.table = PlainTable("Strategies beside each other", self._columns())
        self.closer, self.use = QPushButton("Look closer in Review"), QPushButton()
        theme.set_icon(self.closer, "history")
        self._lay_out()
        self.closer.clicked.connect(lambda: self.closer_wanted.emit(tuple(self.table.rows())))
        self.use.clicked.connect(self._on_use_clicked)
        self.table.chosen.connect(self._on_chosen)
        self.table.activated.connect(lambda _index: self._on_use_clicked())

    def rows(self) -> Sequence[StrategyCompared]:
        return self.table.rows()

    def show_events(self, events: Sequence[Event]) -> None:
        """Show what `strategies_compared` told; without a row there is nothing to see."""
        rows = [event for event in events if isinstance(event, StrategyCompared)]
        end = next((event for event in events if isinstance(event, StrategiesCompared)), None)
        self.setVisible(end is not None)
        self._names = names_of(rows)
        self.table.show_rows(rows)
        header = self.table.horizontalHeader().sizeHint().height()
        self.table.setFixedHeight(header + len(rows) * theme.row() + 4)
        self.bars.show_rows(rows, [self._names[row.run_dir] for row in rows])
        self.sentence.setText(end.sentence if end else "")
        self._chosen = next((row for row in rows if end and row.run_dir == end.best), None)
        if self._chosen:
            self.table.choose(self._chosen)
        enough = len(rows) >= LEAST
        self.closer.setEnabled(enough)
        self.closer.setToolTip("" if enough else "At least two must have ended")
        self._show_use()

    def show_in_use(self, row: StrategyCompared | None) -> None:
        """Which row the settings of the next run have already."""
        self._in_use = row
        self._show_use()

    def _on_chosen(self, row: StrategyCompared) -> None:
        self._chosen = row
        self._show_use()

    def _on_use_clicked(self) -> None:
        if self.use.isEnabled() and self._chosen:
            self.taken.emit(self._chosen)

    def _show_use(self) -> None:
        row = self._chosen
        there = row is not None and row != self._in_use
        text = f"Use {self._names[row.run_dir]}" if row and there else "In use"
        self.use.setText(text)
        self.use.setAccessibleName(text)
        self.use.setEnabled(there)
        self.use.setToolTip("" if there else "The next run has this strategy already; choose another row")

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("Strategy", 150, lambda row: self._names[row.run_dir]),
            Column(
                "Train",
                66,
                lambda row: percent(row.train_accuracy),
                lambda row: row.train_accuracy or 0.0,
                number=True,
                tip="Of the best epoch, while it trained: of augmented photos, so it may be below val",
            ),
            Column("Val", 66, lambda row: percent(row.val_accuracy), lambda row: row.val_accuracy, number=True),
            Column(
                "Interval",
                84,
                lambda row: interval(row.val_low, row.val_high),
                lambda row: row.val_low,
                number=True,
                tip="The 95 % interval of the validation accuracy",
                gives_way=1,
            ),
            Column("Test", 66, lambda row: percent(row.test_accuracy), lambda row: row.test_accuracy or 0, number=True),
            Column("Time", 58, lambda row: duration(row.seconds), lambda row: row.seconds, number=True),
            Column(
                "Trains",
                86,
                lambda row: "–" if row.trained_parameters is None else count(row.trained_parameters),
                lambda row: row.trained_parameters or 0,
                number=True,
                tip="How many parameters train",
                hint=_parameters,
            ),
            Column(
                "Gain",
                56,
                lambda row: "–" if row.gain is None else f"{100 * row.gain:+.1f}",
                lambda row: row.gain or 0.0,
                number=True,
                tip="Points of validation accuracy above the baseline from before any training",
                gives_way=2,
            ),
        )

    def _lay_out(self) -> None:
        self.sentence.setAccessibleName("Which strategy is best")
        buttons = QHBoxLayout(spacing=theme.GRID)
        buttons.addStretch(1)
        buttons.addWidget(self.closer)
        buttons.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        for widget in (self.sentence, self.bars, self.table):
            column.addWidget(widget)
        column.addLayout(buttons)


def _parameters(row: StrategyCompared) -> str:
    if row.trained_parameters is None or row.parameters is None:
        return "–"
    return f"{count(row.trained_parameters)} of {count(row.parameters)} parameters train"
