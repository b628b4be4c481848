"""The built-in sample set: circles, squares and triangles, drawn on the spot, so that a first run needs nothing.

Shapes have a random place, size, rotation and colour, on backgrounds of gradients, blobs, lines and noise. Neither
place nor colour tells a class (nearest centroid on pixels stays near chance): a network has to find the shape.
"""

from __future__ import annotations

import contextlib
import math
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image as pillow
from PIL import ImageDraw, ImageFilter

SETTINGS = {
    "model": "small_resnet",
    "strategy": "from-scratch",
    "epochs": 45,
    "batch_size": 16,
    "optimizer": "adamw",
    "learning_rate": 0.01,
    "weight_decay": 0.01,
    "label_smoothing": 0.05,
    "warmup_epochs": 4.5,
    "threads": 1,  # so small a network gains nothing from a second, and loses much where the machine is busy
}
"""With these the shapes are learned in about half a minute, from random weights: nothing has to be fetched."""
CLASSES = ("circle", "square", "triangle")
COUNTS = {"train": 100, "val": 20, "test": 20}
"""Photos a class."""
SIZE = 64
# Drawn larger and scaled down, so that edges are as soft as in a photo.
_OVERSAMPLING = 3
_CORNERS = {"square": 4, "triangle": 3}
# Of the circle around the shape, as shares of the side: shapes are 50 to 76 % of it across.
_RADII = (0.25, 0.38)
# Free of the shape on each side, as a share: the centre crop of evaluation cuts no shape.
_MARGIN = 0.065
# Least difference of lightness between shape and background, of 255.
_LEAST_CONTRAST = 90


def make_sample(folder: Path, seed: int = 0) -> Path:
    """Write the sample set (train 300, val 60, test 60 PNG files in folders per class) and return its folder.

    A set that is there already is left as it is; a half-written one is never seen, since it is made beside and moved
    into place. The same seed draws the same pictures. Raises OSError where the folder cannot be written.
    """
    if folder.exists() and any(folder.iterdir()):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for split, name, number in _places():
            path = beside / split / name / f"{name}_{number:03d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            draw_shape(name, np.random.default_rng(_seed_of(seed, split, name, number))).save(path, compress_level=1)
        beside.chmod(0o755)
        with contextlib.suppress(FileNotFoundError):
            folder.rmdir()
        try:
            beside.rename(folder)
        except OSError:
            if not folder.is_dir():  # another process was quicker, and drew the same pictures
                raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return folder


def _places() -> Iterator[tuple[str, str, int]]:
    for split, count in COUNTS.items():
        for name in CLASSES:
            for number in range(1, count + 1):
                yield split, name, number


def _seed_of(seed: int, split: str, name: str, number: int) -> tuple[int, ...]:
    return seed, list(COUNTS).index(split), CLASSES.index(name), number


def draw_shape(name: str, rng: np.random.Generator) -> pillow.Image:
    """One SIZE×SIZE RGB picture of the class `name`."""
    side = SIZE * _OVERSAMPLING
    background = _background(rng)
    radius = rng.uniform(*_RADII) * side
    centre = rng.uniform(radius + _MARGIN * side, side - radius - _MARGIN * side, 2)
    lightness = float(background.mean())
    canvas = pillow.fromarray(background).resize((side, side), pillow.Resampling.BICUBIC)
    _draw_lines(canvas, background.mean((0, 1)), rng)
    ImageDraw.Draw(canvas).polygon(_outline(name, centre, radius, rng), fill=_colour_away_from(lightness, rng))
    small = canvas.resize((SIZE, SIZE), pillow.Resampling.BOX)
    noisy = np.asarray(small).astype(np.float64) + rng.normal(0, rng.uniform(1, 8), (SIZE, SIZE, 3))
    return pillow.fromarray(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))


def _outline(
    name: str, centre: npt.NDArray[np.float64], radius: float, rng: np.random.Generator
) -> list[tuple[float, float]]:
    """The corners of a shape within `radius`, turned at random; a circle is 90 corners."""
    corners = _CORNERS.get(name, 90)
    start = rng.uniform(0, 2 * math.pi)
    angles = start + np.arange(corners) * 2 * math.pi / corners
    return [(float(centre[0] + radius * math.cos(a)), float(centre[1] + radius * math.sin(a))) for a in angles]


def _background(rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """A SIZE×SIZE×3 mix of a gradient between two near colours, soft blobs and fine texture."""
    base = rng.uniform(40, 215)
    ends = np.clip(base + rng.uniform(-20, 20, (2, 3)), 0, 255)
    angle = rng.uniform(0, 2 * math.pi)
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, SIZE), np.linspace(-0.5, 0.5, SIZE))
    along = np.clip(0.5 + x * math.cos(angle) + y * math.sin(angle), 0, 1)[..., None]
    blobs = pillow.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8)).resize((SIZE, SIZE), pillow.Resampling.BICUBIC)
    blobs = blobs.filter(ImageFilter.GaussianBlur(2))
    mixed = ends[0] * (1 - along) + ends[1] * along + (np.asarray(blobs) - 128.0) * rng.uniform(0.05, 0.2)
    pixels: npt.NDArray[np.uint8] = np.clip(mixed + rng.normal(0, 2, (SIZE, SIZE, 1)), 0, 255).astype(np.uint8)
    return pixels


def _draw_lines(canvas: pillow.Image, mean: npt.NDArray[np.float64], rng: np.random.Generator) -> None:
    """Thin, faint lines from edge to edge: clutter that never closes to a shape of its own."""
    draw = ImageDraw.Draw(canvas)
    side = canvas.width
    for _ in range(int(rng.integers(3, 9))):
        points = [(float(rng.uniform(0, side)), float(rng.choice((0, side)))) for _ in range(2)]
        if rng.random() < 0.5:
            points = [(y, x) for x, y in points]
        red, green, blue = np.clip(mean + rng.uniform(-45, 45, 3), 0, 255)
        draw.line(points, fill=(int(red), int(green), int(blue)), width=int(rng.integers(1, 2 * _OVERSAMPLING)))


def _colour_away_from(lightness: float, rng: np.random.Generator) -> tuple[int, int, int]:
    """A random colour at least `_LEAST_CONTRAST` lighter or darker than the background."""
    while True:
        red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
        if abs(0.299 * red + 0.587 * green + 0.114 * blue - lightness) >= _LEAST_CONTRAST:
            return red, green, blue
