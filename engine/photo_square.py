"""How an upright picture becomes the square that a network sees: a part of it, scaled, perhaps with borders."""

from __future__ import annotations

import numpy as np
from PIL import Image as pillow

from engine.fit import Fit
from engine.photo_pixels import NEUTRAL, Pixels

Part = tuple[float, float, float, float]
"""Left, top, right, bottom, as shares of the picture."""

# The centre that the usual evaluation looks at: 224 of 256 pixels, as in torchvision's classification presets.
CENTRE_SHARE = 0.875
RESAMPLING = {"bilinear": pillow.Resampling.BILINEAR, "bicubic": pillow.Resampling.BICUBIC}


def squared(pixels: Pixels, size: int, fit: Fit = "crop", *, interpolation: str = "bilinear") -> Pixels:
    """The H×W×3 pixels of an upright picture as `size`×`size`×3: what `photos.read` makes of a file that holds them
    without loss."""
    height, width = pixels.shape[:2]
    part, columns, rows = square_plan(width, height, size, fit)
    return bordered(part_of(pixels, columns, rows, part, interpolation), size)


def square_plan(width: int, height: int, size: int, fit: Fit) -> tuple[Part, int, int]:
    """Which part of a picture becomes how many columns and rows; borders make those `size`×`size` where they are
    fewer. What `fit` means is told at `photos.read`."""
    if fit == "crop":
        return centre_part(width, height, size), size, size
    return (0.0, 0.0, 1.0, 1.0), *(fitted(width, height, size) if fit == "pad" else (size, size))


def bordered(pixels: Pixels, size: int) -> Pixels:
    """The pixels in the middle of a neutral square; themselves where they are one of that size."""
    rows, columns = pixels.shape[:2]
    if (rows, columns) == (size, size):
        return pixels
    square = np.full((size, size, 3), NEUTRAL, np.uint8)
    top, left = (size - rows) // 2, (size - columns) // 2
    square[top : top + rows, left : left + columns] = pixels
    return square


def part_of(pixels: Pixels, columns: int, rows: int, part: Part, interpolation: str = "bilinear") -> Pixels:
    """A part of H×W×3 pixels, squeezed to rows×columns×3."""
    high, wide = pixels.shape[:2]
    box = (part[0] * wide, part[1] * high, part[2] * wide, part[3] * high)
    return np.asarray(pillow.fromarray(pixels).resize((columns, rows), RESAMPLING[interpolation], box))


def centre_part(width: int, height: int, size: int) -> Part:
    """What “crop” sees: torchvision's Resize(round(size / 0.875)) and CenterCrop(size)."""
    shorter = round(size / CENTRE_SHARE)
    scaled_width = shorter if width <= height else int(shorter * width / height)
    scaled_height = shorter if height <= width else int(shorter * height / width)
    left, top = round((scaled_width - size) / 2), round((scaled_height - size) / 2)
    return left / scaled_width, top / scaled_height, (left + size) / scaled_width, (top + size) / scaled_height


def fitted(width: int, height: int, longest: int) -> tuple[int, int]:
    """Width and height scaled so that the longer is `longest`; neither is below 1."""
    scale = longest / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
