"""A map of places as colour over a photo. NumPy and Pillow only.

The scale goes from black over red to pale yellow (“inferno”, van der Walt and Smith 2015): it grows lighter all the
way, so it is read by the colour-blind as by others. It covers by half wherever it lies: what has no evidence is dimmed,
and what has some is lighter than its surroundings on dark photos and bright ones alike. The photo below is grey, for
flowers have the colours of the scale.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.errors import ThawError
from engine.photos import Pixels, printable
from engine.whole_file import write_whole

SCALE = (
    (0, 0, 4), (27, 12, 66), (75, 12, 107), (120, 28, 109), (165, 44, 96), (207, 68, 70), (237, 105, 37), (251, 154, 6),
    (247, 208, 60), (252, 255, 164),
)  # fmt: skip
COVER = 0.55
LEAST_SIDE = 448
"""Pixels that a picture is brought up to, in whole multiples."""


def overlay(places: npt.NDArray[np.floating], columns: int, rows: int) -> Pixels:
    """A map of h×w values from 0 to 1 as rows×columns×4 (RGBA, not premultiplied), smooth between its places."""
    coarse = Image.fromarray(np.asarray(places, np.float32))
    fine = np.clip(np.asarray(coarse.resize((columns, rows), Image.Resampling.BICUBIC)), 0, 1)
    steps = np.linspace(0, 1, len(SCALE))
    colours = [np.interp(fine, steps, [colour[channel] for colour in SCALE]) for channel in range(3)]
    laid: Pixels = np.rint(np.dstack([*colours, np.full_like(fine, 255 * COVER)])).astype(np.uint8)
    return laid


def picture(pixels: Pixels, places: npt.NDArray[np.floating]) -> Pixels:
    """The photo, H×W×3, in grey with the map over all of it, enlarged where it is small."""
    times = -(-LEAST_SIDE // min(pixels.shape[:2]))
    columns, rows = times * pixels.shape[1], times * pixels.shape[0]
    photo = Image.fromarray(pixels).convert("L").resize((columns, rows), Image.Resampling.BICUBIC).convert("RGBA")
    over = Image.fromarray(overlay(places, columns, rows), "RGBA")
    return np.asarray(Image.alpha_composite(photo, over).convert("RGB"))


def write_picture(out: Path, pixels: Pixels, places: npt.NDArray[np.floating]) -> None:
    """`picture` as a PNG file. Raises ThawError where the disk refuses."""
    content = io.BytesIO()
    Image.fromarray(picture(pixels, places)).save(content, "PNG")
    try:
        write_whole(out, content.getvalue())
    except OSError as error:
        reason = error.strerror or error
        raise ThawError(f"“{printable(str(out))}” could not be written ({reason}); choose another name.") from None


def check_place(out: Path, photo: Path, replace: bool) -> None:
    """Raises ThawError where `out` cannot become the picture; the photo itself is never written over."""
    name = printable(str(out))
    if out.suffix.lower() != ".png":
        raise ThawError(f"The picture is a PNG file; name it {printable(out.with_suffix('.png').name)}.")
    if out.is_dir():
        raise ThawError(f"“{name}” is a folder; name a file for the picture.")
    if os.path.lexists(out) and not (replace and not _is_same(out, photo)):
        raise ThawError(f"“{name}” exists already; choose another name, or move it away.")
    if not out.parent.is_dir():
        raise ThawError(f"There is no folder “{printable(str(out.parent))}” for the picture; create it first.")


def _is_same(out: Path, photo: Path) -> bool:
    try:
        return out.samefile(photo)
    except OSError:
        return False
