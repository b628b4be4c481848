"""Small datasets of drawn pictures, for tests that only need something to read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {"blue": (40, 60, 200), "green": (40, 170, 60), "red": (200, 50, 40)}


def draw_photo(path: Path, colour: tuple[int, int, int], seed: int, size: int = 48) -> None:
    """A noisy picture of mostly one colour."""
    rng = np.random.default_rng(seed)
    pixels = np.array(colour) + rng.normal(0, 25, (size, size + 8, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path)


def make_photos(root: Path, classes: int = 2, photos: int = 12, splits: tuple[str, ...] = ()) -> Path:
    """`photos` pictures for each class (and split) below `root`."""
    for split in splits or ("",):
        for label, (name, colour) in enumerate(list(COLOURS.items())[:classes]):
            for number in range(photos):
                seed = 1000 * label + number + 7919 * len(split)
                draw_photo(root / split / name / f"{number}.png", colour, seed)
    return root
