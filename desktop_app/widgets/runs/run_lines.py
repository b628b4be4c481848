"""How the line of each compared run is drawn: a hue and a dash of its own, in plots and in front of names."""

from __future__ import annotations

import functools

from PySide6.QtCore import QLineF, QRect, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPen, QPixmap

from desktop_app import theme

DASHES: tuple[tuple[float, ...], ...] = ((), (5, 2.5), (1.5, 1.5), (6, 2, 1.5, 2), (9, 3), (3, 1.5, 1, 1.5, 1, 1.5))
"""In widths of the pen; none is a line without gaps."""
MOST_RUNS = len(DASHES)
SAMPLE = QSize(32, 16)


def run_pen(place: int, width: float = 2.0, share: float = 1.0) -> QPen:
    """The pen of the run at `place` (from 0), thinned to `share` of its colour."""
    colour = theme.colour(f"run_{place + 1}")
    colour.setAlphaF(share)
    pen = QPen(colour, width)
    pen.setCosmetic(True)
    if DASHES[place]:
        pen.setDashPattern(list(DASHES[place]))
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


class _Sample(QIconEngine):
    def __init__(self, place: int) -> None:
        super().__init__()
        self._place = place

    def actualSize(self, size: QSize, _mode: QIcon.Mode, _state: QIcon.State) -> QSize:
        return size

    def paint(self, painter: QPainter, rect: QRect, _mode: QIcon.Mode, _state: QIcon.State) -> None:
        painter.setPen(run_pen(self._place, 2.5))
        middle = rect.center().y() + 0.5
        painter.drawLine(QLineF(rect.left(), middle, rect.right() - 4, middle))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        drawn = QPixmap(size)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return drawn


@functools.cache
def run_icon(place: int) -> QIcon:
    """A piece of the run's line, for SAMPLE's size."""
    return QIcon(_Sample(place))
