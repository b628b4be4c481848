"""Small photos on disk for the tests of the window."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

COLOURS = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 210)}


def write_photo(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (48, 32), COLOURS[colour]).save(path)
    return path


def write_dataset(root: Path, photos: int = 4, splits: tuple[str, ...] = ("",)) -> Path:
    """A folder per colour, each with `photos` PNG files, below each of `splits`."""
    for split in splits:
        for colour in COLOURS:
            for number in range(photos):
                write_photo(root / split / colour / f"{number}.png", colour)
    return root
