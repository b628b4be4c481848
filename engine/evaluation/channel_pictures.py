"""Channels of a layer as pictures: numbers to grey or colour by one scale, and many small pictures as one. No torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.errors import ThawError

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

MOST_SHOWN = 64
TILE = 72
"""Pixels that a tile is brought up to, in whole multiples, so that a 3×3 filter can be seen."""
LARGEST_TILE = 112
GAP = 4
CLIPPED = 0.5
"""Percent of the values at either end that may be clipped: one odd pixel must not make all others grey."""


def filter_tiles(weights: Floats) -> Floats:
    """One picture for each filter of `weights` (filters × inputs × height × width).

    Three inputs, which are red, green and blue in a first layer: height × width × 3, the weights as they are. One input
    (grey photos, depthwise): the weights as they are, × 1. More: the length of the weight vector over the inputs, √Σw²,
    at each place, × 1: where the filter looks, and how hard, whatever it looks for.
    """
    if weights.shape[1] in (1, 3):
        return np.ascontiguousarray(weights.transpose(0, 2, 3, 1))
    lengths: Floats = np.sqrt(np.square(weights).sum(1))[..., None].astype(np.float32)
    return lengths


def map_tiles(maps: Floats) -> Floats:
    """One picture for each feature map of `maps` (channels × height × width), × 1.

    Values are shown by their square root, with their sign: a few channels answer ten times as strongly as the rest, and
    by one linear scale only those would be seen.
    """
    roots: Floats = (np.sign(maps) * np.sqrt(np.abs(maps)))[..., None].astype(np.float32)
    return roots


def scale_of(*tiles: Floats | None, signed: bool) -> tuple[float, float]:
    """(black, white): one scale for all pictures that are compared.

    `signed` puts zero at mid grey: as far to the one side as to the other.
    """
    values = np.concatenate([part.ravel() for part in tiles if part is not None])
    low, high = (float(value) for value in np.percentile(values, (CLIPPED, 100 - CLIPPED)))
    if signed:
        low, high = -max(-low, high), max(-low, high)
    return (low, high) if high > low else (low, low + 1.0)


def most_telling(before: Floats | None, after: Floats | None, most: int = MOST_SHOWN) -> tuple[int, ...]:
    """Which channels to show, in their order: all, or the `most` that changed most, or, where there is no before and
    after or they are the same, those with the largest weights.

    `before` and `after` are filters × anything, at least one of them given; what is compared is the length of a
    filter's weights, or of their change.
    """
    given = after if after is not None else before
    assert given is not None
    strength = np.sqrt(np.square(given.reshape(len(given), -1)).sum(1))
    if before is not None and after is not None:
        change = np.sqrt(np.square((after - before).reshape(len(given), -1)).sum(1))
        strength = change if change.any() else strength
    return tuple(sorted(np.argsort(-strength, kind="stable")[:most].tolist()))


def montage(tiles: Floats, scale: tuple[float, float]) -> Bytes:
    """The tiles (N × height × width × 1 or 3) side by side on a transparent ground: rows × columns × 4, uint8.

    Values are mapped from `scale` to black and white, and each pixel is enlarged to a square.
    """
    low, high = scale
    shades = np.rint(np.clip((tiles - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    shades = np.repeat(shades, 3, axis=-1) if shades.shape[-1] == 1 else shades
    height, width = shades.shape[1:3]
    if max(height, width) > LARGEST_TILE:
        shades = np.stack([_shrunk(tile) for tile in shades])
    else:
        times = max(1, TILE // max(height, width))
        shades = shades.repeat(times, axis=1).repeat(times, axis=2)
    height, width = shades.shape[1:3]
    columns = columns_of(len(shades))
    rows = math.ceil(len(shades) / columns)
    whole = np.zeros((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, 4), np.uint8)
    for place, tile in enumerate(shades):
        top, left = place // columns * (height + GAP), place % columns * (width + GAP)
        whole[top : top + height, left : left + width, :3] = tile
        whole[top : top + height, left : left + width, 3] = 255
    return whole


def columns_of(tiles: int) -> int:
    """How many stand in a row: about as many as there are rows."""
    return max(1, math.ceil(math.sqrt(tiles)))


def _shrunk(tile: Bytes) -> Bytes:
    height, width = tile.shape[:2]
    share = LARGEST_TILE / max(height, width)
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return np.asarray(Image.fromarray(tile).resize(size, Image.Resampling.BOX))


def write_pictures(
    folder: Path, layer: str, kind: str, before: Floats | None, after: Floats | None, scale: tuple[float, float]
) -> tuple[Path | None, Path | None]:
    """PNG files of both, by one scale; the paths, None where there are no tiles. Raises ThawError."""
    written: list[Path | None] = []
    for when, tiles in (("before", before), ("after", after)):
        path = None if tiles is None else folder / f"{layer or 'network'}-{kind}-{when}.png"
        if path is not None and tiles is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                Image.fromarray(montage(tiles, scale)).save(path)
            except OSError as error:
                raise ThawError(f"“{path}” could not be written ({error.strerror or error}).") from None
        written.append(path)
    return written[0], written[1]


def chosen(tiles: Floats | None, numbers: Sequence[int]) -> Floats | None:
    """The tiles of these channels."""
    return None if tiles is None else tiles[list(numbers)]
