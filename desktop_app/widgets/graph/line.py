"""The line across the graph between frozen and trainable, and the handle by which a person drags it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from desktop_app import theme
from desktop_app.widgets.figures import count
from desktop_app.widgets.graph.freeze import Choice, Stop

TIP = "Drag the line: what is above it is frozen, what is below it trains"
_HEIGHT, _ICON, _PAD = 24.0, 14.0, 8.0
_NEAR = 4.0


class FreezeLine:
    """`stops` are where it can stand and `y` where it stands, in the graph; None where the choice is no such cut, and
    then its handle waits at the upper edge of the view. The handle stays in the view when the line is out of it."""

    def __init__(self) -> None:
        self.stops: Sequence[Stop] = ()
        self.y: float | None = None
        self.is_dragged = False
        self.is_under_mouse = False

    def nearest(self, y: float) -> Stop:
        return min(self.stops, key=lambda stop: abs(stop.y - y))

    def next_stop(self, down: bool) -> Stop | None:
        """The stop below or above where the line stands; from the upper edge, the first."""
        if self.y is None:
            return self.stops[0] if self.stops else None
        beyond = [stop for stop in self.stops if (stop.y > self.y + 0.5 if down else stop.y < self.y - 0.5)]
        return (beyond[0] if down else beyond[-1]) if beyond else None

    def handle(self, view: QSizeF, height: float | None, choice: Choice) -> QRectF:
        """The handle in pixels of the view; `height` is that of the line there, None for the upper edge."""
        least, most = _PAD + _HEIGHT / 2, view.height() - _PAD - _HEIGHT / 2
        y = max(least, min(least if height is None else height, most))
        width = self._width(choice)
        return QRectF(view.width() - _PAD - width, y - _HEIGHT / 2, width, _HEIGHT)

    def is_at(self, point: QPointF, view: QSizeF, height: float | None, choice: Choice) -> bool:
        if not self.stops:
            return False
        on_line = height is not None and abs(point.y() - height) <= _NEAR
        return on_line or self.handle(view, height, choice).contains(point)

    def paint(self, painter: QPainter, view: QSizeF, height: float | None, choice: Choice) -> None:
        """Draw it in pixels of a view of this size."""
        if not self.stops:
            return
        thick = 3.0 if self.is_dragged or self.is_under_mouse else 2.0
        if height is not None:
            painter.fillRect(QRectF(0, height - thick, view.width(), thick), theme.colour("frozen"))
            painter.fillRect(QRectF(0, height, view.width(), thick), theme.colour("trainable"))
        handle = self.handle(view, height, choice)
        strong = "accent" if self.is_dragged or self.is_under_mouse else "border_strong"
        painter.setPen(QPen(theme.colour(strong), 1))
        painter.setBrush(theme.colour("surface_raised"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawRoundedRect(handle, theme.RADIUS, theme.RADIUS)
        metrics = QFontMetricsF(painter.font())
        x = handle.x() + _PAD
        for icon, colour, words in self._words(choice):
            theme.paint_icon(painter, icon, QRectF(x, handle.center().y() - _ICON / 2, _ICON, _ICON), colour)
            painter.setPen(theme.colour("text"))
            place = QRectF(x + _ICON + 4, handle.y(), metrics.horizontalAdvance(words) + 2, _HEIGHT)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)
            x = place.right() + _PAD

    def _words(self, choice: Choice) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        train = sum(choice.trains)
        return (
            ("snowflake", "frozen", f"{count(len(choice.trains) - train)} frozen"),
            ("flame", "trainable", f"{count(train)} train"),
        )

    def _width(self, choice: Choice) -> float:
        metrics = QFontMetricsF(theme.body_font())
        return _PAD + sum(metrics.horizontalAdvance(words) + _ICON + 6 + _PAD for *_, words in self._words(choice))
