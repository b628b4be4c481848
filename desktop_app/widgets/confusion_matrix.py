"""The confusion matrix, painted: a row for each true class, a column for each predicted one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count, percent, quantity
from desktop_app.widgets.matrix_places import AXIS, GAP, Cell, MatrixPlaces

ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class ConfusionMatrix(MatrixPlaces):
    """A cell is darker the larger its share of its row. Only what is in sight is painted, so 1,000 classes scroll.

    `chosen` carries (true, predicted) as numbers of classes, or None when the choice is taken back.
    """

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sums: tuple[int, ...] = ()
        self._choice: Cell | None = None
        self._current: Cell = (0, 0)
        self._under: Cell | None = None
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(200, 160)
        self.setAccessibleName("Confusion matrix")
        theme.notifier().changed.connect(self.viewport().update)

    def show_matrix(self, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        self._classes, self._counts = tuple(classes), counts
        self._sums = tuple(sum(row) for row in counts)
        self._choice = self._under = None
        self._current = (0, 0)
        self._measure()
        self.viewport().update()

    def choice(self) -> Cell | None:
        return self._choice

    def choose(self, cell: Cell | None) -> None:
        """Choose a cell, or none; choosing it again takes it back."""
        self._choice = None if cell == self._choice else cell
        self._current = cell or self._current
        self.viewport().update()
        self.chosen.emit(self._choice)

    def sentence(self, cell: Cell) -> str:
        """What the cell says, in words."""
        true, predicted = cell
        number, total = self._counts[true][predicted], self._sums[true]
        share = f" ({percent(number / total)})" if total else ""
        of = f"{count(number)} of {quantity(total, 'photo')} of {self._classes[true]}{share}"
        done = "recognised" if true == predicted else f"taken for {self._classes[predicted]}"
        return f"{of} {'was' if number == 1 else 'were'} {done}."

    def show_class(self, number: int) -> None:
        """Bring the class into sight, where its row and its column meet."""
        self._current = (number, number)
        self._go_to_current()

    # --- painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        if not self._classes:
            return
        size = self.viewport().size()
        rows = self._in_sight(self.verticalScrollBar().value(), self._top(), size.height())
        columns = self._in_sight(self.horizontalScrollBar().value(), self._left(), size.width())
        painter.setClipRect(self._left(), self._top(), size.width(), size.height())
        for true in rows:
            for predicted in columns:
                self._paint_cell(painter, (true, predicted))
        self._paint_marks(painter)
        painter.setClipRect(0, self._top(), size.width(), size.height())
        for true in rows:
            self._paint_row_name(painter, true)
        painter.setClipRect(self._left(), 0, size.width(), size.height())
        for predicted in columns:
            self._paint_column_name(painter, predicted)
        painter.setClipping(False)
        self._paint_axes(painter)

    def _paint_cell(self, painter: QPainter, cell: Cell) -> None:
        number, total = self._counts[cell[0]][cell[1]], self._sums[cell[0]]
        share = number / total if total else 0.0
        box = self._rect(cell).adjusted(1, 1, -1, -1)
        painter.fillRect(box, _shade(share))
        if number:
            painter.setPen(theme.colour("text"))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, count(number))

    def _paint_marks(self, painter: QPainter) -> None:
        marks = [(self._choice, "accent", 2), (self._under, "border_strong", 1)]
        if self.hasFocus():
            marks.append((self._current, "border_strong", 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for cell, colour, width in marks:
            if cell is not None:
                painter.setPen(QPen(theme.colour(colour), width))
                painter.drawRect(self._rect(cell).adjusted(0, 0, -1, -1))

    def _paint_row_name(self, painter: QPainter, true: int) -> None:
        box = self._rect((true, 0))
        place = QRect(AXIS, box.y(), self._names.width() - GAP, box.height())
        painter.setPen(self._ink(0, true))
        words = painter.fontMetrics().elidedText(self._classes[true], Qt.TextElideMode.ElideMiddle, place.width() - GAP)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, words)

    def _paint_column_name(self, painter: QPainter, predicted: int) -> None:
        box = self._rect((0, predicted))
        painter.setPen(self._ink(1, predicted))
        name, metrics = self._classes[predicted], painter.fontMetrics()
        if metrics.horizontalAdvance(name) + GAP <= self._side:
            place = QRect(box.x(), AXIS, box.width(), self._names.height() - GAP)
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, name)
            return
        painter.save()
        painter.translate(box.x(), self._top() - GAP)
        painter.rotate(-90)
        room = self._names.height() - 2 * GAP
        words = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QRect(0, 0, room, box.width()), Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()

    def _paint_axes(self, painter: QPainter) -> None:
        painter.setPen(theme.colour("muted"))
        whole = self._side * len(self._classes)
        across = QRect(self._left(), 0, min(whole, self.viewport().width() - self._left()), AXIS)
        painter.drawText(across, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, "Predicted")
        height = min(whole, self.viewport().height() - self._top())
        painter.translate(0, self._top() + height)
        painter.rotate(-90)
        painter.drawText(
            QRect(0, 0, height, AXIS), Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, "True"
        )
        painter.resetTransform()

    def _ink(self, axis: int, number: int) -> QColor:
        marked = self._under or self._choice
        return theme.colour("text" if marked and marked[axis] == number else "muted")

    # --- the person

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        under = self._cell_at(event.position().toPoint())
        if under != self._under:
            self._under = under
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if under else Qt.CursorShape.ArrowCursor)
            self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position().toPoint())
        if cell or self._choice:
            self.choose(cell)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ARROWS and self._classes:
            self._move(*ARROWS[Qt.Key(event.key())])
        elif event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._classes:
            self.choose(self._current)
        elif event.key() == Qt.Key.Key_Escape and self._choice:
            self.choose(None)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # Enter chooses a cell here, so the page must not take it for its main action.
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
        return super().event(event)

    def _move(self, down: int, right: int) -> None:
        last = len(self._classes) - 1
        self._current = (min(last, max(0, self._current[0] + down)), min(last, max(0, self._current[1] + right)))
        self._go_to_current()

    def _go_to_current(self) -> None:
        box = self._rect(self._current)
        for bar, start, place, room in (
            (self.horizontalScrollBar(), self._left(), box.x(), self.viewport().width()),
            (self.verticalScrollBar(), self._top(), box.y(), self.viewport().height()),
        ):
            bar.setValue(bar.value() + min(0, place - start) + max(0, place + self._side - room))
        self.setAccessibleDescription(self.sentence(self._current))
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self._cell_at(event.pos())
            QToolTip.showText(event.globalPos(), self.sentence(cell) if cell else "", self.viewport())
            return True
        if event.type() == QEvent.Type.Leave:
            self._under = None
            self.viewport().update()
        return super().viewportEvent(event)


def _shade(share: float) -> QColor:
    """From the raised surface towards ink: one hue, so that it reads in light, in dark and without colour; never so far
    that the number on it falls below a contrast of 4.5:1."""
    if not share:
        return theme.colour("surface_raised")
    return theme.soft("accent", 0.05 + share * (0.25 if theme.is_dark() else 0.37))
