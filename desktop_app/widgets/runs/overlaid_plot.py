"""The curves of several runs in one plot."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph as pg
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.plot_style import dress, quieten
from desktop_app.widgets.runs.run_lines import run_pen
from engine.events import EpochFinished

MEASURES = {"accuracy": ("Accuracy, %", 100.0), "loss": ("Loss", 1.0)}
FAINT = 0.5
FEW_EPOCHS = 12
DOT = 6


class OverlaidPlot(QWidget):
    """Validation in each run's own line; training, where wanted, in the same line, thin and faint."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._histories: tuple[tuple[EpochFinished, ...], ...] = ()
        self.measure, self.with_training = "accuracy", False
        self._plot = pg.PlotWidget()
        quieten(self._plot)
        self._plot.setMinimumSize(200, 120)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._plot)
        theme.notifier().changed.connect(self._draw)
        self._draw()

    def show_histories(self, histories: Sequence[Sequence[EpochFinished]]) -> None:
        """The epochs of each run, in the order of their lines."""
        self._histories = tuple(map(tuple, histories))
        self._draw()

    def show_measure(self, measure: str) -> None:
        """“accuracy” or “loss”."""
        self.measure = measure
        self._draw()

    def show_training(self, shown: bool) -> None:
        self.with_training = shown
        self._draw()

    def curves(self) -> int:
        """How many lines are drawn."""
        return len(self._plot.getPlotItem().listDataItems())

    def _draw(self) -> None:
        title, scale = MEASURES[self.measure]
        self._plot.clear()
        dress(self._plot)
        self._plot.setLabel("left", title)
        self._plot.setLabel("bottom", "Epoch")
        self._plot.setAccessibleName(f"{title} of the runs by epoch")
        for place, history in enumerate(self._histories):
            if self.with_training:
                self._add(history, "train", scale, run_pen(place, 1.2, FAINT))
            self._add(history, "val", scale, run_pen(place), place)
        self._fit()

    def _add(
        self, history: Sequence[EpochFinished], split: str, scale: float, pen: object, place: int | None = None
    ) -> None:
        epochs = [epoch.epoch for epoch in history]
        values = [getattr(epoch, f"{split}_{self.measure}") * scale for epoch in history]
        dots = place is not None and len(epochs) <= FEW_EPOCHS
        line = pg.PlotDataItem(epochs, values, pen=pen, symbol="o" if dots else None, symbolSize=DOT, symbolPen=None)
        if dots:
            line.setSymbolBrush(theme.colour(f"run_{place + 1}"))
        self._plot.addItem(line)

    def _fit(self) -> None:
        last = max((history[-1].epoch for history in self._histories if history), default=1)
        self._plot.setXRange(1, max(last, 2), padding=0.03)
        few = [[(float(epoch), str(epoch)) for epoch in range(1, last + 1)]] if last <= FEW_EPOCHS else None
        self._plot.getAxis("bottom").setTicks(few)
        self._plot.enableAutoRange(axis="y")
