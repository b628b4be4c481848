"""What the unfreeze timeline is painted with: an axis of epochs, and a row for each block."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app import theme
from desktop_app.widgets.layers.unfreeze_moves import Axis, Timeline, in_words, phase_firsts, phase_words, position

NEVER = "never"
INSET = 5
"""Pixels between the bar of a row and its upper and lower edge."""
GRIP = 8
"""Pixels at both sides of the border at which it can be taken."""
SIGN = 16
NARROWEST_CELL = 12
"""Pixels: below, the borders between epochs would be a hatching."""


class EpochAxis(QWidget):
    """Phases above, epochs below; `axis` says where the epochs of the rows lie."""

    def __init__(self, axis: Callable[[], Axis], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._axis = axis
        self._timeline: Timeline = ()
        self._rates: Mapping[int, float] = {}
        self.setToolTip("A phase lasts while the same blocks train; × is what the learning rate is multiplied by in it")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_plan(self, timeline: Timeline, rates: Mapping[int, float]) -> None:
        self._timeline, self._rates = timeline, rates
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 2 * self._line() + theme.GRID)

    def _line(self) -> int:
        return self.fontMetrics().height() + 4

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.figures_font())
        painter.setPen(theme.colour("muted"))
        axis, line = self._axis(), self._line()
        self._paint_phases(painter, axis, QRectF(0, 2, self.width(), line))
        below = QRectF(0, line + theme.GRID - 2, self.width(), line)
        painter.drawText(below.adjusted(theme.GRID, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, "Epoch")
        metrics = QFontMetricsF(painter.font())
        widest = metrics.horizontalAdvance(str(axis.epochs)) + theme.GRID
        for epoch in axis.ticks(widest):
            middle = axis.x(epoch) + axis.cell / 2
            where = QRectF(middle - widest, below.top(), 2 * widest, line)
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, str(epoch))
        never = QRectF(axis.right, below.top(), self.width() - axis.right, line)
        painter.drawText(never, Qt.AlignmentFlag.AlignCenter, NEVER)
        painter.end()

    def _paint_phases(self, painter: QPainter, axis: Axis, band: QRectF) -> None:
        metrics, side = QFontMetricsF(painter.font()), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(band.adjusted(theme.GRID, 0, 0, 0), side, "Phase")
        firsts = phase_firsts(self._timeline, axis.epochs)
        borders = [axis.x(place) for place in (*firsts, axis.epochs + 1)]
        spans = [(left + 1, right - 1) for left, right in itertools.pairwise(borders)]
        words = [phase_words(number, first, self._rates) for number, first in enumerate(firsts, 1)]
        fits = [
            [metrics.horizontalAdvance(text) <= right - left for text in texts]
            for texts, (left, right) in zip(words, spans, strict=True)
        ]
        shorter = 0 if all(row[0] for row in fits) else 1  # all in full, or none
        for texts, row, (left, right) in zip(words, fits, spans, strict=True):
            gap = 0 if right - left >= NARROWEST_CELL else -2  # many short phases are one line
            painter.fillRect(QRectF(left + gap, band.bottom(), right - left - 2 * gap, 2), theme.colour("border"))
            start = min(shorter, len(texts) - 1)
            fitting = next((text for text, fit in zip(texts[start:], row[start:], strict=True) if fit), "")
            painter.drawText(QRectF(left, band.top(), right - left, band.height()), side, fitting)


class BlockRow(QWidget):
    """One block: cold until it trains, warm from then on. The border between is taken with the mouse or moved with the
    keys; what it asks for goes out and nothing changes here until `set_start`."""

    dragged = Signal(int, bool)  # position, with the blocks above
    dropped = Signal(bool)  # whether the drag counts; Escape takes it back
    stepped = Signal(int, bool)  # by how many epochs, with the blocks above
    sent = Signal(int)  # to this position
    left = Signal(int)  # to the row so many further down
    entered = Signal()

    def __init__(self, title: str, axis: Callable[[], Axis], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self._axis = axis
        self._start = 0
        self._firsts: tuple[int, ...] = ()
        self._is_dragged = self._is_hovered = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setFixedHeight(theme.row())
        self.setAccessibleDescription("Left and right move the epoch, with Shift that of the blocks above too")

    def set_start(self, start: int, timeline: Timeline) -> None:
        epochs = self._axis().epochs
        self._start, self._firsts = start, phase_firsts(timeline, epochs)[1:]
        words = in_words(self.title, start, epochs)
        if words != self.accessibleName():
            self.setAccessibleName(words)
            self.setToolTip(words)
        self.update()

    def is_dragged(self) -> bool:
        return self._is_dragged

    def border(self) -> float:
        """Where the border between frozen and trainable lies, in pixels."""
        axis = self._axis()
        return axis.x(position(self._start, axis.epochs))

    # --- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._is_near(event.position().x()):
            self._is_dragged = True
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._is_dragged:
            with_above = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.dragged.emit(self._axis().place(x), with_above)
            return
        near = self._is_near(x)
        self.setCursor(Qt.CursorShape.SizeHorCursor if near else Qt.CursorShape.ArrowCursor)
        if near != self._is_hovered:
            self._is_hovered = near
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._is_dragged and event.button() == Qt.MouseButton.LeftButton:
            self._end_drag(True)

    def leaveEvent(self, event: object) -> None:
        self._is_hovered = False
        self.update()
        super().leaveEvent(event)  # type: ignore[arg-type]

    def focusInEvent(self, event: object) -> None:
        super().focusInEvent(event)  # type: ignore[arg-type]
        self.entered.emit()
        self.update()

    def focusOutEvent(self, event: object) -> None:
        super().focusOutEvent(event)  # type: ignore[arg-type]
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, with_above = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key == Qt.Key.Key_Escape and self._is_dragged:
            self._end_drag(False)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.stepped.emit(1 if key == Qt.Key.Key_Right else -1, with_above)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.left.emit(1 if key == Qt.Key.Key_Down else -1)
        elif key == Qt.Key.Key_Home:
            self.sent.emit(1)
        elif key in (Qt.Key.Key_End, Qt.Key.Key_Delete):
            self.sent.emit(self._axis().epochs + 1)
        else:
            super().keyPressEvent(event)

    def _is_near(self, x: float) -> bool:
        return abs(x - self.border()) <= GRIP

    def _end_drag(self, counts: bool) -> None:
        self._is_dragged = False
        self.dropped.emit(counts)
        self.update()

    # --- the picture

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        axis, border = self._axis(), self.border()
        self._paint_title(painter, axis)
        bar = QRectF(axis.left, INSET, axis.right - axis.left, self.height() - 2 * INSET)
        cold = QRectF(bar.topLeft(), QPointF(border, bar.bottom()))
        warm = QRectF(QPointF(border, bar.top()), bar.bottomRight())
        _paint_bar(painter, cold, theme.soft("frozen", 0.16))
        _paint_bar(painter, warm, theme.soft("trainable", 0.32))
        self._paint_lines(painter, axis, bar)
        _paint_sign(painter, cold, "snowflake", "frozen", "" if self._start else "stays frozen")
        _paint_sign(painter, warm, "flame", "trainable", f"from epoch {self._start}")
        held = self._is_dragged or self._is_hovered or self.hasFocus()
        grip = QRectF(border - 2, INSET - 2, 4, self.height() - 2 * INSET + 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("accent" if held else "border_strong"))
        painter.drawRoundedRect(grip, 2, 2)
        if self.hasFocus():
            painter.setPen(QPen(theme.colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 4, 4)
        painter.end()

    def _paint_title(self, painter: QPainter, axis: Axis) -> None:
        room = axis.left - 2 * theme.GRID
        painter.setPen(theme.colour("text"))
        text = self.fontMetrics().elidedText(self.title, Qt.TextElideMode.ElideMiddle, int(room))
        where = QRectF(theme.GRID, 0, room, self.height())
        painter.drawText(where, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_lines(self, painter: QPainter, axis: Axis, bar: QRectF) -> None:
        """Borders between epochs within the bar, and those between phases through the whole row; where they would be
        a hatching, none."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if axis.cell >= NARROWEST_CELL:
            painter.setPen(QPen(_thin(theme.colour("surface_raised")), 1))
            for epoch in range(2, axis.epochs + 1):
                painter.drawLine(QPointF(axis.x(epoch), bar.top()), QPointF(axis.x(epoch), bar.bottom()))
        painter.setPen(QPen(theme.colour("border"), 1))
        drawn = axis.left
        for first in self._firsts:
            if axis.x(first) - drawn >= NARROWEST_CELL:
                drawn = axis.x(first)
                painter.drawLine(QPointF(drawn, 0), QPointF(drawn, self.height()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def _thin(colour: QColor) -> QColor:
    colour.setAlphaF(0.6)
    return colour


def _paint_bar(painter: QPainter, where: QRectF, fill: QColor) -> None:
    if where.width() >= 1:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(where, 4, 4)


def _paint_sign(painter: QPainter, where: QRectF, sign: str, colour: str, words: str) -> None:
    """The sign at the left of a bar, and words where they have room: nothing is told by colour alone."""
    inner = where.adjusted(theme.GRID, 0, -4, 0)
    if inner.width() < SIGN:
        return
    top = where.center().y() - SIGN / 2
    theme.paint_icon(painter, sign, QRectF(inner.left(), top, SIGN, SIGN), colour)
    inner.setLeft(inner.left() + SIGN + 6)
    if words and QFontMetricsF(painter.font()).horizontalAdvance(words) <= inner.width():
        painter.setPen(theme.colour("text"))
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
