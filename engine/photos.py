"""One way to read a photo, for training, evaluation, thumbnails and prediction alike: path -> upright RGB uint8.

Every reason why a file cannot be used ends as a PhotoError; Pillow's own many exception types stay in here. Colours are
taken as stored: an embedded colour profile is not converted, because the networks were trained on photos read so.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import io
import math
import os
import stat
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from PIL import Image as pillow
from PIL import ImageFile

from engine.errors import PhotoError
from engine.fit import Fit
from engine.photo_facts import NOTHING, PhotoFacts, facts_of
from engine.photo_formats import FORMATS, START_BYTES, format_of, is_photo_name, is_raw_name, looks_like_photo
from engine.photo_pixels import NEUTRAL, NoNumbersError, Pixels, eight_bits, rgb
from engine.photo_square import RESAMPLING, Part, bordered, centre_part, fitted, part_of, square_plan, squared

__all__ = [
    "DRAFT", "FORMATS", "NEUTRAL", "Image", "Part", "Pixels", "centre_part", "fitted", "is_photo_name",
    "looks_like_photo", "opened", "part_of", "read", "read_upright", "read_whole", "shown_name", "squared",
]  # fmt: skip

# From the upright photo's width and height: which part of it is wanted, and how many columns and rows of pixels.
Plan = Callable[[int, int], tuple[Part, int, int]]

MAX_MEGAPIXELS = 200.0
DRAFT = 1.4
"""JPEG decoders shrink by 2, 4 or 8 as they go: as far as the result keeps so many times the wanted size. Measured with
mobilenet_v2 and its 1,000 classes on 208 photos of 0.2 megapixels shrunk by 2: 199 labels are those of a full decode
where 1.46 times the size is kept, 200 where 2.02 times is (confidences off by 0.050 and 0.037), 192 where 1.07 times
is; another filter for resizing (bicubic) leaves 180 to 185. On 12 megapixels 1.4 is a tenth faster than 2."""

# Pillow's module for each format it decodes itself; HEIF comes from another library.
_PLUGINS = {
    "JPEG": "Jpeg", "PNG": "Png", "GIF": "Gif", "BMP": "Bmp", "TIFF": "Tiff", "WEBP": "WebP", "JPEG2000": "Jpeg2K",
    "PPM": "Ppm", "AVIF": "Avif",
}  # fmt: skip

_ORIENTATION_TAG = 0x0112
# EXIF orientation -> how stored pixels become upright, and where a point (u, v) of the upright photo is stored.
_Turn = pillow.Transpose
_TURNS: dict[int, tuple[pillow.Transpose, Callable[[float, float], tuple[float, float]]]] = {
    2: (_Turn.FLIP_LEFT_RIGHT, lambda u, v: (1 - u, v)),
    3: (_Turn.ROTATE_180, lambda u, v: (1 - u, 1 - v)),
    4: (_Turn.FLIP_TOP_BOTTOM, lambda u, v: (u, 1 - v)),
    5: (_Turn.TRANSPOSE, lambda u, v: (v, u)),
    6: (_Turn.ROTATE_270, lambda u, v: (v, 1 - u)),
    7: (_Turn.TRANSVERSE, lambda u, v: (1 - v, 1 - u)),
    8: (_Turn.ROTATE_90, lambda u, v: (1 - v, u)),
}

_ACROSS = (_Turn.TRANSPOSE, _Turn.ROTATE_270, _Turn.TRANSVERSE, _Turn.ROTATE_90)

# Pillow refuses twice this many pixels, by default 179 million: less than is allowed here. The limit that counts is
# checked in `_decoded`, for each call and before anything is decoded; Pillow's stays as the net below it, for sizes it
# meets while decoding. Set once, at import, because photos are read in threads. So are Pillow's warnings silenced: they
# would be a line on stderr for many an old photo, with nothing in it that a person could do.
pillow.MAX_IMAGE_PIXELS = 500_000_000
warnings.filterwarnings("ignore", module=r"(PIL|pi_heif)\.")


@dataclass(frozen=True)
class Image:
    """A photo as read: `pixels` is H×W×3 uint8 RGB; `width` and `height` are the original's, upright. `facts` are
    there where they were asked for."""

    pixels: Pixels
    width: int
    height: int
    format: str
    facts: PhotoFacts = NOTHING


def read(
    path: Path,
    size: int,
    fit: Fit = "crop",
    *,
    box: Part | None = None,
    max_megapixels: float = MAX_MEGAPIXELS,
    interpolation: str = "bilinear",
    file: BinaryIO | None = None,
    with_facts: bool = False,
) -> Image:
    """The photo as `size`×`size` pixels, upright.

    `fit` says how it becomes square: "crop" takes the centre (the shorter side is scaled to size / 0.875, then the
    middle is cut out, as torchvision's presets do), "pad" adds neutral borders, "stretch" squeezes. `box` (left, top,
    right, bottom, as shares 0 to 1 of the upright photo) takes that part instead and squeezes it; `fit` is then
    ignored. `interpolation` is "bilinear" or "bicubic", antialiased. `file` is the opened photo, where it is in memory
    already. Raises PhotoError for every file that cannot be used; ValueError for a box that is none.
    """
    if box is not None:
        _check_part(box)

    def plan(width: int, height: int) -> tuple[Part, int, int]:
        return (box, size, size) if box is not None else square_plan(width, height, size, fit)

    image = _read(path, plan, max_megapixels, interpolation, file, with_facts)
    return dataclasses.replace(image, pixels=bordered(image.pixels, size))


def _check_part(part: Part) -> None:
    if not (0 <= part[0] < part[2] <= 1 and 0 <= part[1] < part[3] <= 1):
        raise ValueError(f"not a part of a photo: {part}")


def read_upright(
    path: Path, longest: int, *, max_megapixels: float = MAX_MEGAPIXELS, interpolation: str = "bilinear"
) -> Image:
    """The whole photo, upright and in its own shape, its longer side at most `longest` pixels (never enlarged).

    Raises PhotoError only.
    """

    def plan(width: int, height: int) -> tuple[Part, int, int]:
        return (0.0, 0.0, 1.0, 1.0), *fitted(width, height, min(longest, max(width, height)))

    return _read(path, plan, max_megapixels, interpolation)


def read_whole(
    path: Path, shorter: int, *, max_megapixels: float = MAX_MEGAPIXELS, interpolation: str = "bilinear"
) -> Image:
    """The whole photo, upright and in its own shape, its shorter side at most `shorter` pixels (never enlarged): what
    `part_of` takes parts of. Raises PhotoError only."""

    def plan(width: int, height: int) -> tuple[Part, int, int]:
        scale = min(1.0, shorter / min(width, height))
        return (0.0, 0.0, 1.0, 1.0), max(1, round(width * scale)), max(1, round(height * scale))

    return _read(path, plan, max_megapixels, interpolation)


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """The file of a photo. Raises PhotoError where it is none that can be opened, and for whatever goes wrong while it
    is read; the cause of that error is an OSError where the drive and not the photo is at fault."""
    name = f"“{shown_name(path)}”"
    with _in_a_sentence(name):
        if is_raw_name(path):
            raise PhotoError(f"{name} is a raw camera file, which Thaw does not read; export it as JPEG or TIFF.")
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise PhotoError(f"{name} is a folder, not a photo.")
        if not stat.S_ISREG(mode):  # opening a named pipe would wait for ever
            raise PhotoError(f"{name} is not an ordinary file.")
        with path.open("rb") as file:
            yield file


@contextlib.contextmanager
def _in_a_sentence(name: str) -> Iterator[None]:
    try:
        yield
    except PhotoError:
        raise
    except Exception as error:  # decoders raise nearly every type there is on damaged files
        raise PhotoError(f"{name} {_reason(error)}", repr(error)) from error


def _read(
    path: Path,
    plan: Plan,
    max_megapixels: float,
    interpolation: str,
    file: BinaryIO | None = None,
    with_facts: bool = False,
) -> Image:
    name, resampling = f"“{shown_name(path)}”", RESAMPLING[interpolation]
    with contextlib.ExitStack() as stack:
        if file is None:
            file = stack.enter_context(opened(path))
        stack.enter_context(_in_a_sentence(name))
        return _decoded(file, name, plan, max_megapixels, resampling, with_facts)


def _decoded(
    file: BinaryIO, name: str, plan: Plan, max_megapixels: float, resampling: pillow.Resampling, with_facts: bool
) -> Image:
    start = file.read(START_BYTES)
    file.seek(0)
    kind = format_of(start)
    if not kind:
        raise PhotoError(f"{name} is empty (0 bytes)." if not start else f"{name} is no photo of a format Thaw reads.")
    _prepare(kind)
    photo = pillow.open(file, formats=(kind,))
    megapixels = photo.width * photo.height / 1e6
    if megapixels > max_megapixels:
        raise PhotoError(f"{name} has {megapixels:,.0f} megapixels; more than {max_megapixels:g} are not read.")
    facts = facts_of(photo) if with_facts else NOTHING
    # A JPEG says all before it is decoded. TIFF is turned while it loads, PNG may say behind its pixels how it stands.
    if kind != "JPEG":
        photo.load()
    turn, stored_at = _TURNS.get(1 if kind == "HEIF" else _orientation(photo), (None, None))
    across = turn in _ACROSS
    width, height = (photo.height, photo.width) if across else photo.size
    part, columns, rows = plan(width, height)
    if stored_at:
        (left, top), (right, bottom) = stored_at(*part[:2]), stored_at(*part[2:])
        part = min(left, right), min(top, bottom), max(left, right), max(top, bottom)
    if across:
        columns, rows = rows, columns
    if kind == "JPEG":
        wide, high = columns / (part[2] - part[0]), rows / (part[3] - part[1])
        photo.draft(None, (math.ceil(DRAFT * wide), math.ceil(DRAFT * high)))
        if isinstance(file, io.BytesIO) and isinstance(photo, ImageFile.ImageFile):
            # In one go: for each block the decoder stops, and waits for its turn among the threads.
            photo.decodermaxblock = max(photo.decodermaxblock, file.getbuffer().nbytes)
    flat = eight_bits(photo)
    box = (part[0] * flat.width, part[1] * flat.height, part[2] * flat.width, part[3] * flat.height)
    small = flat.resize((columns, rows), resampling, box)
    upright = small if turn is None else small.transpose(turn)
    if with_facts and facts is NOTHING:  # a PNG may say it behind its pixels
        facts = facts_of(photo)
    return Image(rgb(upright), width, height, photo.format or kind, facts)


@functools.cache
def _prepare(kind: str) -> None:
    """Load the decoder of a format when its first photo comes: importing all of them takes longer than a window."""
    if kind == "HEIF":
        importlib.import_module("pi_heif").register_heif_opener()
    else:
        importlib.import_module(f"PIL.{_PLUGINS[kind]}ImagePlugin")


def _orientation(photo: pillow.Image) -> int:
    try:
        orientation = int(photo.getexif().get(_ORIENTATION_TAG, 1))
    except Exception:  # broken EXIF says nothing about the pixels, which may be fine
        return 1
    return orientation


def _reason(error: Exception) -> str:
    """The end of a sentence that begins with the file's name."""
    if isinstance(error, FileNotFoundError):
        return "does not exist."
    if isinstance(error, PermissionError):
        return "may not be read: you lack the permission."
    if isinstance(error, NoNumbersError):
        return "has pixels that are no numbers (NaN or infinite); write it anew without them."
    if isinstance(error, pillow.DecompressionBombError):
        return "has far more pixels than a photo; it is not read."
    if isinstance(error, MemoryError):
        return "does not fit into memory."
    if isinstance(error, OSError) and error.errno:
        return f"could not be read from its drive ({os.strerror(error.errno)})."
    if "truncated" in str(error).lower():
        return "is cut off before its end; copy it again from where it came."
    return "is damaged and cannot be read."


def shown_name(path: Path) -> str:
    """The file's name for a sentence."""
    return printable(path.name)


def printable(name: str) -> str:
    """A name or path from the disk as text that can always be printed: bytes that are not UTF-8 are escaped."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
