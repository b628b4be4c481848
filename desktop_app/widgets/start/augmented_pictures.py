"""A photo as training would see it in some epochs, made off the GUI thread."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtGui import QImage

from desktop_app.worker import Background

VIEWS = 11
"""Augmented versions beside the original: with it they fill two rows of six."""


class Wish(NamedTuple):
    """`luck` counts how often other luck was wished for: each shows the next epochs."""

    path: Path
    number: int
    augmentation: str
    strengths: tuple[tuple[str, float], ...]
    size: int
    fit: str
    interpolation: str
    seed: int
    luck: int = 0

    def epochs(self) -> range:
        return range(1 + self.luck * VIEWS, 1 + (self.luck + 1) * VIEWS)


def make_pictures(wish: Wish) -> tuple[QImage, ...]:
    """The photo as validation sees it, then its augmented versions. Raises PhotoError where it cannot be read."""
    # Loaded in the thread that first needs them: NumPy and Pillow have no part in opening the window.
    photos, view = importlib.import_module("engine.photos"), importlib.import_module("engine.dataset.augment.view")
    draw = importlib.import_module("engine.dataset.augment.draw").draw
    share = importlib.import_module("engine.dataset.kept_photos").WHOLE_SHARE
    preset = importlib.import_module("engine.config.augmentations").preset_of(wish.augmentation, dict(wish.strengths))
    original = photos.read(wish.path, wish.size, wish.fit, interpolation=wish.interpolation).pixels
    if not preset.changes_photos:
        return (_picture(original),) * (1 + VIEWS)
    whole = photos.read_whole(wish.path, round(share * wish.size), interpolation=wish.interpolation).pixels
    return (
        _picture(original),
        *(
            _picture(
                view.augmented(
                    whole, draw(preset, wish.seed, epoch, wish.number, wish.fit), wish.size, wish.interpolation
                )
            )
            for epoch in wish.epochs()
        ),
    )


@functools.cache
def shared() -> Background:
    """The one maker of pictures; the newest wish alone is waited for. It lives as long as the program, for a thread may
    be at work when a page goes."""
    return Background(make_pictures, threads=1, waiting=1)


def _picture(pixels: Any) -> QImage:
    height, width, _ = pixels.shape
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
