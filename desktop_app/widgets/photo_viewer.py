"""One photo large, over the whole window: arrows go to its neighbours, Escape goes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop_app import theme
from desktop_app.widgets import thumbnails
from desktop_app.widgets.figures import count
from desktop_app.widgets.large_photo import LargePhoto
from desktop_app.widgets.photo_grid import GridPhoto


class PhotoViewer(LargePhoto):
    """A photo of a grid, with its name and caption below."""

    STEPS: ClassVar = {
        Qt.Key.Key_Left: -1,
        Qt.Key.Key_Up: -1,
        Qt.Key.Key_Right: 1,
        Qt.Key.Key_Down: 1,
        Qt.Key.Key_Space: 1,
    }

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._photos: Sequence[GridPhoto] = ()
        thumbnails.shared().ready.connect(self.update)

    def show_photos(self, photos: Sequence[GridPhoto], row: int) -> None:
        """Show the one in that row of them."""
        self._photos = photos
        self.open(row)

    def photo(self) -> GridPhoto:
        return self._photos[self.row]

    def rows(self) -> int:
        return len(self._photos)

    def show_row(self) -> None:
        self.setAccessibleName(f"Photo {thumbnails.shown(self.photo().path.name)}")
        self.update()

    def press(self, key: Qt.Key, _text: str) -> None:
        if key in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.leave()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        side = self.width() / 5
        if self.row and event.position().x() < side:
            self.go(self.row - 1)
        elif self.row + 1 < self.rows() and event.position().x() > self.width() - side:
            self.go(self.row + 1)
        else:
            self.leave()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(12, 13, 15, 238))
        area = QRectF(self.rect()).adjusted(72, theme.MARGIN, -72, -72)
        photo = self.photo()
        thumbnails.paint_photo(painter, photo.path, area)
        painter.setPen(QColor("#E8EAED"))
        line = QRectF(72, self.height() - 60, self.width() - 144, 24)
        name = painter.fontMetrics().elidedText(
            thumbnails.shown(photo.path.name), Qt.TextElideMode.ElideMiddle, int(line.width())
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, name)
        painter.setPen(QColor("#A9B1BC"))
        painter.drawText(line.translated(0, 22), Qt.AlignmentFlag.AlignCenter, self.below(int(line.width())))
        painter.setPen(QColor("#A9B1BC"))
        middle = self.height() / 2
        if self.row:
            self._paint_arrow(painter, QPointF(36, middle), -1)
        if self.row + 1 < self.rows():
            self._paint_arrow(painter, QPointF(self.width() - 36, middle), 1)
        painter.end()

    def below(self, width: int) -> str:
        """What stands below the photo in so many pixels: its caption, which gives way, and which of how many it is."""
        place, metrics = f"{count(self.row + 1)} of {count(self.rows())}", self.fontMetrics()
        room = width - metrics.horizontalAdvance(f" · {place}")
        caption = metrics.elidedText(self.photo().caption, Qt.TextElideMode.ElideMiddle, max(0, room))
        return " · ".join(filter(None, (caption, place)))

    def _paint_arrow(self, painter: QPainter, at: QPointF, way: int) -> None:
        pen = painter.pen()
        pen.setWidthF(2.5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPolyline(
            [
                QPointF(at.x() - 5 * way, at.y() - 10),
                QPointF(at.x() + 5 * way, at.y()),
                QPointF(at.x() - 5 * way, at.y() + 10),
            ]
        )
