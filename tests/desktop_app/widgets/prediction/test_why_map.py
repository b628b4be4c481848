from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from desktop_app.widgets.prediction.why_map import map_area, map_image, paint_map

TOP_RIGHT = np.array([[0, 1], [0, 0]], np.float32)
GREY = QColor(128, 128, 128)
PHOTO = QRectF(10, 20, 80, 40)


def test_the_map_is_a_half_transparent_picture() -> None:
    image = map_image(TOP_RIGHT, 41, 30)
    assert (image.width(), image.height()) == (41, 30)
    strong, none = image.pixelColor(40, 0), image.pixelColor(0, 29)
    assert strong.lightness() > 150 > 60 > none.lightness()
    assert 0 < strong.alpha() == none.alpha() < 255


def drawn(part: tuple[float, float, float, float]) -> QImage:
    """A grey picture of 100×80 with a photo at `PHOTO`, and the map over it."""
    picture = QImage(100, 80, QImage.Format.Format_RGB32)
    picture.fill(GREY)
    painter = QPainter(picture)
    paint_map(painter, map_image(TOP_RIGHT, 64, 64), part, PHOTO)
    painter.end()
    return picture


def test_it_lies_over_the_photo_and_not_beside_it() -> None:
    picture = drawn((0, -0.5, 1, 1.5))  # the network saw borders above and below
    places = [(x, y) for x in range(100) for y in range(80)]
    grey = {(x, y) for x, y in places if picture.pixelColor(x, y) == GREY}
    assert grey == {(x, y) for x, y in places if not PHOTO.contains(x + 0.5, y + 0.5)}
    assert picture.pixelColor(85, 22).lightness() > 128 > picture.pixelColor(15, 55).lightness()


def test_what_the_network_did_not_see_is_darker_than_what_says_nothing() -> None:
    assert map_area((0.25, 0, 0.75, 1), PHOTO) == QRectF(30, 20, 40, 40)
    picture = drawn((0.25, 0, 0.75, 1))
    unseen, nothing = picture.pixelColor(20, 40).lightness(), picture.pixelColor(32, 58).lightness()
    assert 0 < unseen < nothing - 15 and picture.pixelColor(68, 22).lightness() > 150
