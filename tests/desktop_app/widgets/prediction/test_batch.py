from __future__ import annotations

from pathlib import Path

import pytest

from desktop_app.widgets.prediction.batch import called, course, words
from engine.events import PredictionFinished, PredictionProgress


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["DCIM"], "DCIM"),
        (["a.jpg"], "a.jpg"),
        (["a", "b"], "2 folders"),
        (["a.jpg", "b.HEIC", "c.png"], "3 photos"),
        (["a.jpg", "DCIM"], "1 folder and 1 photo"),
    ],
)
def test_what_is_classified_is_called_what_it_is(names: list[str], said: str) -> None:
    assert called([Path("x") / name for name in names]) == said


def test_one_photo_is_no_photos() -> None:
    assert course(PredictionProgress(1, None, 0.0, None)) == "1 photo"
    assert words(PredictionFinished(1, 0, 1, 0.5, 2.0)) == "1 photo in 0.5 s · 2 photos/s · 1 other file left out"
