"""A decoded photo, in whatever mode its file has it, as RGB of eight bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image as pillow

Pixels = npt.NDArray[np.uint8]

# Transparent parts become mid grey: it is near the mean of photos, so it says little to a network, and both black and
# white drawings on a transparent ground stay visible on it.
NEUTRAL = (128, 128, 128)


def eight_bits(photo: pillow.Image) -> pillow.Image:
    """The photo in mode L, RGB or RGBA."""
    if photo.mode[0] in "IF":
        values = np.asarray(photo)
        grey = pillow.fromarray(scaled_to_bytes(values))
        transparent = photo.info.get("transparency")
        if not isinstance(transparent, int):
            return grey
        return pillow.merge(
            "RGBA", (grey, grey, grey, pillow.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8)))
        )
    if photo.has_transparency_data:
        return photo.convert("RGBA")
    if photo.mode == "1":
        return photo.convert("L")
    if photo.mode in ("L", "RGB"):
        photo.load()
        return photo
    return photo.convert("RGB")


class NoNumbersError(ValueError):
    """Pixels that are NaN or infinite: what they stand for is unknown, and a network must not learn a guess."""


def scaled_to_bytes(values: npt.NDArray[np.generic]) -> Pixels:
    """Grey values of more than 8 bits as bytes.

    Whole numbers are divided by the full scale of the smallest usual depth that holds them all: cameras write 10, 12
    and 14 bits into 16. Floats in 0..1 or 0..255 are taken as such. Anything else, negative or beyond, is stretched
    from its smallest to its largest value. Raises NoNumbersError for NaN and infinities.
    """
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all():
        raise NoNumbersError
    low, high = (float(numbers.min()), float(numbers.max())) if numbers.size else (0.0, 0.0)
    scales = (1.0, 255.0) if values.dtype.kind == "f" else tuple(2.0**bits - 1 for bits in (8, 10, 12, 14, 16))
    full = next((scale for scale in scales if low >= 0 and high <= scale), None)
    if full:
        low, high = 0.0, full
    with np.errstate(all="ignore"):  # the span of the largest floats is infinite
        shares = (numbers - low) / ((high - low) or 1.0)
    return np.rint(np.clip(np.nan_to_num(shares), 0, 1) * 255).astype(np.uint8)


def rgb(photo: pillow.Image) -> Pixels:
    if photo.mode != "RGBA":
        return np.array(photo.convert("RGB"))
    ground = pillow.new("RGB", photo.size, NEUTRAL)
    ground.paste(photo, mask=photo.getchannel("A"))
    return np.array(ground)
