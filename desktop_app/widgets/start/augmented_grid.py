"""One photo and what chance makes of it, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QImage, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop_app import theme
from desktop_app.widgets.start.augmented_pictures import VIEWS
from desktop_app.widgets.thumbnails import PIXELS_SHOW_FROM

COLUMNS = 6
LARGEST, SMALLEST = 200, 48
CORNER = 4.0
CAPTION = "Original"


class AugmentedGrid(QWidget):
    """Shows quiet places where there are no pictures yet, so that nothing jumps when they come."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures: tuple[QImage, ...] = ()
        self._names: tuple[str, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumWidth(COLUMNS * SMALLEST)
        theme.notifier().changed.connect(self.update)

    def show_pictures(self, pictures: Sequence[QImage], names: Sequence[str]) -> None:
        """`names` are those of the tiles, as their tooltips say them."""
        self.pictures, self._names = tuple(pictures), tuple(names)
        self.update()

    def side(self, width: int) -> float:
        """The side of a tile in a grid so wide, in pixels."""
        return min(float(LARGEST), (width - (COLUMNS - 1) * theme.GRID) / COLUMNS)

    def tile(self, place: int) -> QRectF:
        side = self.side(self.width())
        row, column = divmod(place, COLUMNS)
        return QRectF(column * (side + theme.GRID), row * (side + theme.GRID), side, side)

    # --- Qt's own

    def heightForWidth(self, width: int) -> int:
        rows = -(-(1 + VIEWS) // COLUMNS)
        return round(rows * self.side(width) + (rows - 1) * theme.GRID)

    def sizeHint(self) -> QSize:
        width = COLUMNS * LARGEST + (COLUMNS - 1) * theme.GRID
        return QSize(width, self.heightForWidth(self.width() or width))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            places = range(len(self._names))
            over = next((place for place in places if self.tile(place).contains(event.pos())), None)
            QToolTip.showText(event.globalPos(), self._names[over] if over is not None else "", self)
            return True
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place in range(1 + VIEWS):
            self._paint_tile(painter, place)
        if self.pictures:
            self._paint_caption(painter)
        painter.end()

    def _paint_tile(self, painter: QPainter, place: int) -> None:
        where = self.tile(place)
        shape = QPainterPath()
        shape.addRoundedRect(where, CORNER, CORNER)
        painter.fillPath(shape, theme.colour("hover"))
        if place < len(self.pictures):
            picture = self.pictures[place]
            painter.save()
            painter.setClipPath(shape)
            # tiny pictures are shown as the pixels they are
            smooth = where.width() * self.devicePixelRatioF() < PIXELS_SHOW_FROM * picture.width()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(where, picture)
            painter.restore()

    def _paint_caption(self, painter: QPainter) -> None:
        """The original says that it is one, and has a frame: it is what the others are compared with."""
        where = self.tile(0)
        painter.setPen(QPen(theme.colour("accent"), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(where.adjusted(1, 1, -1, -1), CORNER, CORNER)
        words = painter.fontMetrics()
        plate = QRectF(0, 0, words.horizontalAdvance(CAPTION) + theme.GRID, words.height() + 4)
        plate.moveBottomLeft(where.bottomLeft())
        path = QPainterPath()
        path.addRoundedRect(plate.adjusted(2, -2, 2, -2), CORNER / 2, CORNER / 2)
        if plate.width() + 4 <= where.width():
            painter.fillPath(path, theme.colour("accent"))
            painter.setPen(theme.colour("on_accent"))
            painter.drawText(plate.adjusted(2, -2, 2, -2), Qt.AlignmentFlag.AlignCenter, CAPTION)
