"""The classes that a photo may be of, each with the key that chooses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import percent
from desktop_app.widgets.prediction.table import paint_bar

KEY_WIDTH = 24


@dataclass(frozen=True)
class Choice:
    """`key` chooses it, "" where only Enter and the pointer do; `share` is the model's confidence, None where the class
    is not among the likeliest. `said` is what the person chose, `marked` what Enter would take."""

    key: str
    label: str
    text: str
    share: float | None = None
    said: bool = False
    marked: bool = False


class Choices(QWidget):
    """`chosen` carries the label that was clicked."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choices: Sequence[Choice] = ()
        self._over = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        theme.notifier().changed.connect(self.update)

    def show_choices(self, choices: Sequence[Choice]) -> None:
        self.choices = choices
        self.setFixedHeight(max(1, len(choices) * self._row_height()))
        self.setAccessibleName(", ".join(f"{one.key} {one.text}".strip() for one in choices))
        self.update()

    def _row_height(self) -> int:
        return self.fontMetrics().height() + 18

    def _row_at(self, y: float) -> int:
        row = int(y) // self._row_height()
        return row if 0 <= row < len(self.choices) else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._over = self._row_at(event.position().y())
        self.update()

    def leaveEvent(self, _event: object) -> None:
        self._over = -1
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
        row = self._row_at(event.position().y())
        if row >= 0:
            self.chosen.emit(self.choices[row].label)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        height = self._row_height()
        for row, choice in enumerate(self.choices):
            box = QRectF(0, row * height + 1, self.width(), height - 2)
            if choice.marked or choice.said or row == self._over:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.colour("hover" if row == self._over and not choice.said else "selected"))
                painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
            self._paint_key(painter, choice.key, box)
            self._paint_words(painter, choice, box.adjusted(KEY_WIDTH + 2 * theme.GRID, 0, -theme.GRID, 0))
        painter.end()

    def _paint_key(self, painter: QPainter, key: str, box: QRectF) -> None:
        if not key:
            return
        cap = QRectF(theme.GRID, box.center().y() - KEY_WIDTH / 2, KEY_WIDTH, KEY_WIDTH)
        painter.setPen(theme.colour("border_strong"))
        painter.setBrush(theme.colour("surface_raised"))
        painter.drawRoundedRect(cap, 4, 4)
        painter.setPen(theme.colour("text"))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, key)

    def _paint_words(self, painter: QPainter, choice: Choice, box: QRectF) -> None:
        painter.setFont(theme.figures_font())
        line = box.adjusted(0, 0, 0, -6) if choice.share is not None else box
        number = "" if choice.share is None else percent(choice.share)
        painter.setPen(theme.colour("muted"))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, number)
        room = line.width() - painter.fontMetrics().horizontalAdvance(number) - theme.GRID
        left = line.x()
        if choice.said:
            theme.paint_icon(painter, "check", QRectF(left, line.center().y() - 8, 16, 16), "text")
            left, room = left + 22, room - 22
        painter.setPen(theme.colour("text"))
        text = painter.fontMetrics().elidedText(choice.text, Qt.TextElideMode.ElideMiddle, int(room))
        painter.drawText(QRectF(left, line.y(), room, line.height()), Qt.AlignmentFlag.AlignVCenter, text)
        if choice.share is not None:
            paint_bar(painter, QRectF(box.x(), box.bottom() - 7, box.width(), 3), choice.share, "border_strong")
