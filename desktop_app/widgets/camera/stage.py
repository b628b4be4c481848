"""The camera's picture, as large as there is room, and around what the network sees a shade."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app import theme
from desktop_app.widgets.prediction.why_map import map_area

if TYPE_CHECKING:
    from engine.photos import Part

WAITING = "Waiting for the camera…"
UNSEEN = QColor(0, 0, 0, 110)
EDGE = QColor(255, 255, 255, 150)
SMALLEST = QSize(320, 240)


class Stage(QWidget):
    """`image` is the picture in sight, as the camera saw it; `mirrored` is for the eye only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image: QImage | None = None
        self.seen: Part | None = None
        self._mirrored, self._waits = False, True
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(SMALLEST)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("The camera's picture")
        theme.notifier().changed.connect(self.update)

    def show_image(self, image: QImage | None) -> None:
        self.image = image
        self.update()

    def show_seen(self, part: Part | None) -> None:
        """Which part of the picture the network sees."""
        if part != self.seen:
            self.seen = part
            self.update()

    def set_waiting(self, waits: bool) -> None:
        """Whether a picture is on its way, which is said as long as there is none."""
        self._waits = waits
        self.update()

    def set_mirrored(self, mirrored: bool) -> None:
        self._mirrored = mirrored
        self.update()

    def is_partly_seen(self) -> bool:
        """Whether there is something in sight that the network does not see."""
        return self.seen is not None and (max(self.seen[:2]) > 0 or min(self.seen[2:]) < 1)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("hover"))
        painter.drawRoundedRect(QRectF(self.rect()), theme.RADIUS, theme.RADIUS)
        if self.image is None:
            painter.setPen(theme.colour("muted"))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, WAITING if self._waits else "")
        else:
            self._paint_picture(painter, self.image)
        painter.end()

    def _paint_picture(self, painter: QPainter, image: QImage) -> None:
        inset = QRectF(self.rect()).adjusted(theme.GRID, theme.GRID, -theme.GRID, -theme.GRID)
        size = image.size().toSizeF().scaled(inset.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRectF(QPointF(), size)
        target.moveCenter(inset.center())
        if self._mirrored:
            painter.translate(2 * target.center().x(), 0)
            painter.scale(-1, 1)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(target, image)
        if self.seen is not None and self.is_partly_seen():
            area = map_area(self.seen, target)
            around = QPainterPath()
            around.addRect(target)
            around.addRect(area)  # inside both is outside
            painter.setClipRect(target)
            painter.fillPath(around, UNSEEN)
            painter.setPen(EDGE)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area)
