"""The map of where a model looked, to be laid over a photo."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath

if TYPE_CHECKING:
    from engine.photos import Part
    from engine.prediction.why import Map

UNSEEN = QColor(0, 0, 0, 205)


def map_image(places: Map, width: int, height: int) -> QImage:
    """A map of h×w values from 0 to 1 as a picture of so many pixels, half transparent."""
    # What makes it is loaded when a map is first shown: NumPy has no part in opening the window.
    overlay = importlib.import_module("engine.prediction.why_picture").overlay
    pixels = overlay(places, max(1, width), max(1, height))
    rows, columns = pixels.shape[:2]
    return QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGBA8888).copy()


def map_area(part: Part, photo: QRectF) -> QRectF:
    """Where the map lies when the whole upright photo is drawn in `photo`; larger than that where the network saw
    borders around it."""
    left, top, right, bottom = part
    return QRectF(
        photo.x() + left * photo.width(),
        photo.y() + top * photo.height(),
        (right - left) * photo.width(),
        (bottom - top) * photo.height(),
    )


def paint_map(painter: QPainter, image: QImage, part: Part, photo: QRectF) -> None:
    """Lay the picture of a map over a photo that is drawn in `photo`; nothing beside the photo is touched. What the
    network did not see is darker than what says nothing."""
    area = map_area(part, photo)
    around = QPainterPath()
    around.addRect(photo)
    around.addRect(area)  # inside both is outside
    painter.save()
    painter.setClipRect(photo)
    painter.fillPath(around, UNSEEN)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(area, image)
    painter.restore()
