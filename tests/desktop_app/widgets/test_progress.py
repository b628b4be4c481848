from __future__ import annotations

from PySide6.QtWidgets import QProgressBar
from pytestqt.qtbot import QtBot

from desktop_app.widgets.progress import show_share


def test_a_bar_is_filled_by_the_share_and_moves_without_one(qtbot: QtBot) -> None:
    bar = QProgressBar()
    qtbot.addWidget(bar)
    show_share(bar, None)
    assert bar.minimum() == bar.maximum() == 0  # Qt's way to say that no end is in sight
    show_share(bar, 0.25)
    assert bar.value() == bar.maximum() / 4
    show_share(bar, 1.5)
    assert bar.value() == bar.maximum()
