from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from desktop_app.widgets.prediction.why_map import map_area, map_image, paint_map

TOP_RIGHT = np.array([[0, 1], [0, 0]], np.float32)


def test_the_map_is_a_half_transparent_picture() -> None:
    image = map_image(TOP_RIGHT, 41, 30)
    assert (image.width(), image.height()) == (41, 30)
    strong, none = image.pixelColor(40, 0), image.pixelColor(0, 29)
    assert strong.lightness() > 150 > 60 > none.lightness()
    assert 0 < strong.alpha() == none.alpha() < 255


def test_it_lies_over_the_part_that_the_network_saw_and_not_beside_the_photo() -> None:
    photo = QRectF(10, 20, 80, 40)
    assert map_area((0.25, 0, 0.75, 1), photo) == QRectF(30, 20, 40, 40)
    drawn = QImage(100, 80, QImage.Format.Format_RGB32)
    drawn.fill(QColor(128, 128, 128))
    painter = QPainter(drawn)
    paint_map(painter, TOP_RIGHT, (0, -0.5, 1, 1.5), photo)  # the network saw borders above and below
    painter.end()
    grey = {(x, y) for x in range(100) for y in range(80) if drawn.pixelColor(x, y) == QColor(128, 128, 128)}
    assert grey == {(x, y) for x in range(100) for y in range(80) if not (10 <= x < 90 and 20 <= y < 60)}
    assert drawn.pixelColor(85, 22).lightness() > 128 > drawn.pixelColor(15, 55).lightness()
