from __future__ import annotations

from pathlib import Path

import shiboken6
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from desktop_app.widgets.photo_grid import GridPhoto
from desktop_app.widgets.photo_viewer import PhotoViewer

PHOTOS = [GridPhoto(Path(f"{name}.jpg"), "") for name in "abc"]


def test_it_goes_from_row_to_row_and_not_beyond(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    viewer = PhotoViewer(window)
    rows: list[int] = []
    viewer.moved.connect(rows.append)
    viewer.show_photos(PHOTOS, 1)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_End, Qt.Key.Key_Space, Qt.Key.Key_Home, Qt.Key.Key_Down):
        qtbot.keyClick(viewer, key)
    assert rows == [1, 0, 0, 2, 2, 0, 1] and viewer.photo() == PHOTOS[1]


def test_what_had_the_keys_before_may_be_gone_by_now(qtbot: QtBot) -> None:
    """A button in a banner, say."""
    window = QWidget()
    qtbot.addWidget(window)
    button = QPushButton(window)
    window.show()
    button.setFocus()
    viewer = PhotoViewer(window)
    viewer.show_photos(PHOTOS, 0)
    shiboken6.delete(button)
    with qtbot.waitSignal(viewer.closed):
        qtbot.keyClick(viewer, Qt.Key.Key_Escape)
    assert not viewer.isVisible()


def test_a_long_caption_gives_way_to_which_photo_it_is(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    viewer = PhotoViewer(window)
    viewer.show_photos([GridPhoto(Path("a.jpg"), "a class with a long name " * 20)], 0)
    text = viewer.below(500)
    assert text.endswith(" · 1 of 1") and viewer.fontMetrics().horizontalAdvance(text) <= 500
    viewer.show_photos(PHOTOS, 1)
    assert viewer.below(500) == "2 of 3"
