"""What strategies reached beside each other: a sentence, bars, a table, and what to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count, duration, interval, percent
from desktop_app.widgets.plain_table import Column
from desktop_app.widgets.start.strategy_bars import StrategyBars
from desktop_app.widgets.start.take_table import TakeTable
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
        self.sentence = QLabel(wordWrap=True)
        self.bars = StrategyBars()
        self.choice = TakeTable(
            "Strategies beside each other",
            self._columns(),
            lambda row: self._names[row.run_dir],
            "The next run has this strategy already; choose another row",
        )
        self.closer = QPushButton("Look closer in Review")
        theme.set_icon(self.closer, "history")
        self._lay_out()
        self.closer.clicked.connect(lambda: self.closer_wanted.emit(tuple(self.rows())))
        self.choice.taken.connect(self.taken)

    def rows(self) -> Sequence[StrategyCompared]:
        return self.choice.table.rows()

    def show_events(self, events: Sequence[Event]) -> None:
        """Show what `strategies_compared` told; without a row there is nothing to see."""
        rows = [event for event in events if isinstance(event, StrategyCompared)]
        end = next((event for event in events if isinstance(event, StrategiesCompared)), None)
        self.setVisible(end is not None)
        self._names = names_of(rows)
        self.choice.show_rows(rows, next((row for row in rows if end and row.run_dir == end.best), None))
        self.bars.show_rows(rows, [self._names[row.run_dir] for row in rows])
        self.sentence.setText(end.sentence if end else "")
        enough = len(rows) >= LEAST
        self.closer.setEnabled(enough)
        self.closer.setToolTip("" if enough else "At least two must have ended")

    def show_in_use(self, row: StrategyCompared | None) -> None:
        """Which row the settings of the next run have already."""
        self.choice.show_current(row)

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
        self.choice.beside.addStretch(1)
        self.choice.beside.addWidget(self.closer)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        for widget in (self.sentence, self.bars, self.choice):
            column.addWidget(widget)


def _parameters(row: StrategyCompared) -> str:
    if row.trained_parameters is None or row.parameters is None:
        return "–"
    return f"{count(row.trained_parameters)} of {count(row.parameters)} parameters train"
