from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QProgressBar
from pytestqt.qtbot import QtBot

from desktop_app.widgets.progress import Progress, after, show_share
from engine import events


def test_a_bar_is_filled_by_the_share_and_moves_without_one(qtbot: QtBot) -> None:
    bar = QProgressBar()
    qtbot.addWidget(bar)
    show_share(bar, None)
    assert bar.minimum() == bar.maximum() == 0  # Qt's way to say that no end is in sight
    show_share(bar, 0.25)
    assert bar.value() == bar.maximum() / 4
    show_share(bar, 1.5)
    assert bar.value() == bar.maximum()


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (events.ScanProgress(Path(), 1), "1 photo found"),
        (events.PredictionProgress(1, None, 0.0, None), "1 photo"),
        (events.PredictionProgress(1, 1, 0.0, None), "1 of 1 photo"),
        (events.PredictionProgress(1, 2, 3.0, None), "1 of 2 photos, 3 photos/s"),
        (events.SortingProgress("sort", 1, 1, None), "1 of 1 photo"),
    ],
)
def test_one_photo_is_no_photos(event: events.Event, told: str) -> None:
    assert after(Progress(), event).detail == told
