"""Training and validation accuracy of each strategy as bars, with the interval of the validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.plot_style import dress, quieten
from engine.events import StrategyCompared

HEIGHT = 220
BAR = 0.34
"""Of the distance between two strategies."""
PALE, FULL = 70, 170
"""How opaque the bars of training and of validation are: the two differ in more than their hue, and an interval is seen
on its bar."""


class StrategyBars(QWidget):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[StrategyCompared, ...] = ()
        self._names: tuple[str, ...] = ()
        self._plot = pg.PlotWidget()
        self._baseline = muted_label()
        self._samples = (_Sample("train_curve", True), _Sample("val_curve", False))
        quieten(self._plot)
        self._plot.setMinimumWidth(160)
        self._plot.setFixedHeight(theme.wide(HEIGHT))
        self._lay_out()
        theme.notifier().changed.connect(self._draw)
        self._draw()

    def show_rows(self, rows: Sequence[StrategyCompared], names: Sequence[str]) -> None:
        """A pair of bars for each of `rows`, with its name below."""
        self._rows, self._names = tuple(rows), tuple(names)
        self._draw()

    def _draw(self) -> None:
        self._plot.clear()
        dress(self._plot)
        for sample in self._samples:
            sample.update()
        places = range(len(self._rows))
        train = [100 * (row.train_accuracy or 0.0) for row in self._rows]
        val = [100 * row.val_accuracy for row in self._rows]
        self._add_bars([place - BAR / 2 for place in places], train, "train_curve", PALE)
        at = [place + BAR / 2 for place in places]
        self._add_bars(at, val, "val_curve", FULL)
        self._add_intervals(at, val)
        self._add_baseline()
        self._plot.getAxis("bottom").setTicks(
            [[(float(place), name.replace(" ", "\n", 1)) for place, name in enumerate(self._names)]]
        )
        two_lines = 2 * self.fontMetrics().lineSpacing() + theme.GRID
        self._plot.getAxis("bottom").setHeight(two_lines)
        self._plot.setXRange(-0.6, len(self._rows) - 0.4, padding=0)
        self._plot.setYRange(0, 100, padding=0.02)
        told = (f"{name} {100 * row.val_accuracy:.1f}" for name, row in zip(self._names, self._rows, strict=True))
        self._plot.setAccessibleName(f"Validation accuracy in percent: {', '.join(told)}")

    def _add_bars(self, at: list[float], heights: list[float], hue: str, opacity: int) -> None:
        fill = QColor(theme.colour(hue))
        fill.setAlpha(opacity)
        pen = pg.mkPen(theme.colour(hue), width=1)
        self._plot.addItem(pg.BarGraphItem(x=at, height=heights, width=BAR * 0.92, brush=fill, pen=pen))

    def _add_intervals(self, at: list[float], val: list[float]) -> None:
        if not self._rows:
            return
        item = pg.ErrorBarItem(pen=pg.mkPen(theme.colour("text"), width=1.5))
        item.setData(
            x=np.array(at),
            y=np.array(val),
            top=np.array([100 * row.val_high - value for row, value in zip(self._rows, val, strict=True)]),
            bottom=np.array([value - 100 * row.val_low for row, value in zip(self._rows, val, strict=True)]),
            beam=0.1,
        )
        self._plot.addItem(item)

    def _add_baseline(self) -> None:
        """Where all were measured against the same figure from before any training, a line across."""
        figures = {row.baseline_accuracy for row in self._rows}
        figure = figures.pop() if len(figures) == 1 else None
        self._baseline.setText("" if figure is None else f"- - baseline {100 * figure:.1f}")
        if figure is not None:
            pen = pg.mkPen(theme.colour("muted"), width=1.5, style=Qt.PenStyle.DashLine)
            self._plot.addItem(pg.InfiniteLine(pos=100 * figure, angle=0, pen=pen))

    def _lay_out(self) -> None:
        self._plot.setLabel("left", "Right, %")
        self._plot.getAxis("left").setTicks([[(float(share), str(share)) for share in range(0, 101, 20)]])
        head = QHBoxLayout(spacing=theme.GRID)
        for sample, word in zip(self._samples, ("train", "val, with its 95 % interval"), strict=True):
            head.addWidget(sample)
            head.addWidget(QLabel(word))
            head.addSpacing(theme.GRID)
        head.addWidget(self._baseline)
        head.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addWidget(self._plot)


class _Sample(QWidget):
    """A small bar as it is drawn."""

    def __init__(self, hue: str, pale: bool) -> None:
        super().__init__()
        self._hue, self._pale = hue, pale
        self.setFixedSize(QSize(12, 12))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        fill = QColor(theme.colour(self._hue))
        fill.setAlpha(PALE if self._pale else FULL)
        painter.setPen(QPen(theme.colour(self._hue), 1))
        painter.setBrush(fill)
        painter.drawRect(QRectF(0.5, 0.5, 11, 11))
        painter.end()
