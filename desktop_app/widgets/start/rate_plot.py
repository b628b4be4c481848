"""Loss over the learning rate, as a sweep goes, and the rates that it suggests."""

from __future__ import annotations

import math

import pyqtgraph as pg
from PySide6.QtCore import QTimer
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import plain
from desktop_app.widgets.plot_style import dress, quieten
from engine.events import RateTried

ENDS = (-7, 1)
REDRAW_MS = 50
FAINT = 70
HEIGHT = 200
MOST_RISE = 1.6
"""The axis shows the loss up to so many times that of the beginning; what rises further has said enough."""


class RatePlot(QWidget):
    """The smoothed loss as a line, that of each step faintly behind it; drawn at most every 50 ms."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tried: list[RateTried] = []
        self._faded = False
        self._plot = pg.PlotWidget()
        self._raw, self._line = pg.PlotCurveItem(), pg.PlotCurveItem()
        self._taken = pg.ScatterPlotItem(size=11, pxMode=True)
        self._steepest = pg.ScatterPlotItem(size=9, pxMode=True)
        self._taken_line = pg.InfiniteLine(angle=90)
        self._timer = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._timer.timeout.connect(self._draw)
        self._set_up()
        theme.notifier().changed.connect(self.recolour)
        self.recolour()

    def clear(self) -> None:
        self.tried = []
        self.mark(None, None)
        self.fade(False)
        self._draw()

    def add(self, event: RateTried) -> None:
        self.tried.append(event)
        if not self._timer.isActive():
            self._timer.start()

    def mark(self, taken: float | None, steepest: float | None) -> None:
        """Mark the rate to take, and the one at which the loss falls fastest."""
        self._timer.stop()
        self._draw()
        self._taken.setData(*self._at(taken))
        self._steepest.setData(*self._at(steepest))
        self._taken_line.setVisible(taken is not None)
        if taken is not None:
            self._taken_line.setValue(math.log10(taken))

    def fade(self, faded: bool) -> None:
        """Grey, for what holds no more; or not."""
        self._faded = faded
        self.recolour()

    def recolour(self) -> None:
        """Take the colours of the scheme that holds now."""
        dress(self._plot)
        ink = theme.colour("muted" if self._faded else "train_curve")
        faint = QColor(ink)
        faint.setAlpha(FAINT)
        self._raw.setPen(pg.mkPen(faint, width=1))
        self._line.setPen(pg.mkPen(ink, width=2))
        accent = theme.colour("muted" if self._faded else "accent")
        self._taken.setBrush(accent)
        self._taken.setPen(pg.mkPen(theme.colour("surface"), width=1))
        self._taken_line.setPen(pg.mkPen(accent, width=1))
        self._steepest.setPen(pg.mkPen(accent, width=2))
        self._steepest.setBrush(theme.colour("surface"))

    def _at(self, rate: float | None) -> tuple[list[float], list[float]]:
        """The point of the line at a rate."""
        if rate is None or not self.tried:
            return [], []
        nearest = min(self.tried, key=lambda event: abs(math.log(event.learning_rate / rate)))
        return [math.log10(rate)], [nearest.smooth_loss]

    def _draw(self) -> None:
        at = [math.log10(event.learning_rate) for event in self.tried]
        smooth = [event.smooth_loss for event in self.tried]
        self._line.setData(at, smooth)
        self._raw.setData(at, [event.loss for event in self.tried])
        if smooth:
            highest = min(max(smooth), MOST_RISE * smooth[0])
            room = max(0.08 * (highest - min(smooth)), 0.01)
            self._plot.setYRange(min(smooth) - room, highest + room, padding=0)

    def _set_up(self) -> None:
        quieten(self._plot)
        self._plot.setAccessibleName("Loss by learning rate")
        for item in (self._taken_line, self._raw, self._line, self._steepest, self._taken):
            self._plot.addItem(item)
        self._plot.setXRange(*ENDS, padding=0.02)
        self._plot.getAxis("bottom").setTicks(
            [[(float(power), _power(power)) for power in range(ENDS[0] + 1, ENDS[1])]]
        )
        self._plot.setLabel("bottom", "Learning rate")
        self._plot.setLabel("left", "Loss")
        self.setFixedHeight(theme.wide(HEIGHT))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._plot)


def _power(power: int) -> str:
    return plain(10.0**power) if power >= -4 else f"1e{power}"
