"""Where the cells and the names of a square table lie, and what of it is in sight."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count

SMALLEST, LARGEST = 22, 104
WIDEST_NAME = 112
AXIS = 22
"""Height of the words “true” and “predicted” along the edges."""
GAP = 6
Cell = tuple[int, int]


class MatrixPlaces(QAbstractScrollArea):
    """A row and a column for each of `_classes`, with `_counts` in the cells. They are as large as there is room for,
    and scroll where there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[str, ...] = ()
        self._counts: Sequence[Sequence[int]] = ()
        self._side, self._names = SMALLEST, QSize(WIDEST_NAME, WIDEST_NAME)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._measure()

    def _measure(self) -> None:
        """The size of a cell and of the names, and how far there is to scroll."""
        if not self._classes:
            return
        metrics = self.fontMetrics()
        longest = max(metrics.horizontalAdvance(name) for name in self._classes)
        most = max(max(row) for row in self._counts)
        smallest = max(theme.wide(SMALLEST), metrics.horizontalAdvance(count(most)) + GAP)
        room = min(longest, theme.wide(WIDEST_NAME)) + 2 * GAP + 2  # two for what rounding takes
        flat, upright = QSize(room, metrics.height() + 2 * GAP), QSize(room, room)
        self._names, self._side = flat, self._side_beside(flat, smallest)
        if longest + GAP > self._side:
            self._names, self._side = upright, self._side_beside(upright, smallest)
        whole = self._side * len(self._classes)
        # As if there were no scroll bars: else each would be there only because of the other.
        fits = whole + self._left() <= self.width() and whole + self._top() <= self.height()
        for bar, room in (
            (self.horizontalScrollBar(), self.viewport().width() - self._left()),
            (self.verticalScrollBar(), self.viewport().height() - self._top()),
        ):
            bar.setRange(0, 0 if fits else max(0, whole - room))
            bar.setPageStep(max(1, room))
            bar.setSingleStep(self._side)

    def _side_beside(self, names: QSize, smallest: int) -> int:
        """How large a cell can be beside names of that size."""
        room = min(self.width() - AXIS - names.width(), self.height() - AXIS - names.height())
        return max(smallest, min(theme.wide(LARGEST), room // len(self._classes)))

    def _left(self) -> int:
        return AXIS + self._names.width()

    def _top(self) -> int:
        return AXIS + self._names.height()

    def _rect(self, cell: Cell) -> QRect:
        true, predicted = cell
        left = self._left() + predicted * self._side - self.horizontalScrollBar().value()
        return QRect(left, self._top() + true * self._side - self.verticalScrollBar().value(), self._side, self._side)

    def _cell_at(self, point: QPoint) -> Cell | None:
        if point.x() < self._left() or point.y() < self._top():
            return None
        true = (point.y() - self._top() + self.verticalScrollBar().value()) // self._side
        predicted = (point.x() - self._left() + self.horizontalScrollBar().value()) // self._side
        inside = true < len(self._classes) and predicted < len(self._classes)
        return (true, predicted) if inside else None

    def _in_sight(self, bar: int, start: int, extent: int) -> range:
        first = bar // self._side
        last = (bar + extent - start) // self._side + 1
        return range(max(0, first), min(len(self._classes), last))
