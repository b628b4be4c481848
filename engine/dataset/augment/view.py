"""A photo as a draw changes it."""

from __future__ import annotations

from engine.dataset.augment.colour import recoloured
from engine.dataset.augment.draw import Draw
from engine.dataset.augment.geometry import Pixels, squared


def augmented(whole: Pixels, draw: Draw, size: int, interpolation: str = "bilinear") -> Pixels:
    """The whole photo (H×W×3 uint8, as `photos.read_whole` gives it) as size×size×3 uint8."""
    return recoloured(squared(whole, draw, size, interpolation), draw)
