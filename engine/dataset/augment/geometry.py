"""Where in the photo each pixel of the square comes from, and the one resampling that brings it there.

A window lies over the photo and is the square, seen straight. Rotation, shear, perspective and bends say for points of
the square, in shares of its side around its centre, where in the window they come from.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt
from PIL import Image as pillow

from engine.dataset.augment.draw import Draw, Points, Rectangle
from engine.dataset.augment.policies import GEOMETRIC, Picked
from engine.photos import NEUTRAL, centre_part, part_of

Pixels = npt.NDArray[np.uint8]

COARSEST = 1.6
"""Pixels of the photo for one of the square from which it is made smaller first: a bilinear transform looks at two."""

_SQUARE = np.array([[(-0.5, -0.5), (0.5, -0.5)], [(-0.5, 0.5), (0.5, 0.5)]])
_ROUNDING = 1e-9
_BILINEAR = pillow.Resampling.BILINEAR
_TURNS = (pillow.Transpose.ROTATE_90, pillow.Transpose.ROTATE_180, pillow.Transpose.ROTATE_270)


def squared(whole: Pixels, draw: Draw, size: int, interpolation: str = "bilinear") -> Pixels:
    """The draw's square of the whole photo (H×W×3), size×size×3. `interpolation` is for what is cut out straight; a
    transform is bilinear."""
    rows, columns = whole.shape[:2]
    around = window(draw, columns, rows, size)
    left, top, right, bottom = around
    if _is_straight(draw) and min(left, top) >= 0 and max(right, bottom) <= 1 + _ROUNDING:
        part = (left, top, min(1.0, right), min(1.0, bottom))
        pixels = part_of(whole, size, size, part, interpolation)
    else:
        pixels = _transformed(whole, around, draw, size)
    moves = [_TURNS[draw.turns - 1]] if draw.turns else []
    moves += [pillow.Transpose.FLIP_TOP_BOTTOM] if draw.vertical_flip else []
    moves += [pillow.Transpose.FLIP_LEFT_RIGHT] if draw.flip else []
    if not moves:
        return pixels
    # a third of the time of NumPy's views, which must be put in order afterwards
    return np.asarray(functools.reduce(pillow.Image.transpose, moves, pillow.fromarray(pixels)))


def window(draw: Draw, width: int, height: int, size: int) -> Rectangle:
    """What of a width×height photo the square shows, as shares (left, top, right, bottom), which may lie beyond it.

    A part that is cut out is as large as `area` says, or as fits: one that would stand over the edge shrinks and keeps
    its shape, so that a photo is never squeezed by more than `aspect`, however long it is.
    """
    if draw.crop:
        wide, high = _cut_out(draw, width, height)
        left, top = draw.across * (1 - wide), draw.down * (1 - high)
    else:
        left, top, right, bottom = _as_fit_says(draw, width, height, size)
        wide, high = right - left, bottom - top
    left += wide * ((2 * draw.across - 1) * draw.overhang - draw.move[0])
    top += high * ((2 * draw.down - 1) * draw.overhang - draw.move[1])
    if draw.scale != 1:
        left, top = left + wide * (1 - 1 / draw.scale) / 2, top + high * (1 - 1 / draw.scale) / 2
        wide, high = wide / draw.scale, high / draw.scale
    return left, top, left + wide, top + high


def source_points(draw: Draw) -> Points:
    """Where in the window the corners of the square (2×2×2), or the nodes of a grid over it (N×N×2), come from."""
    points = _SQUARE
    if draw.bends is not None:
        steps = np.linspace(-0.5, 0.5, len(draw.bends))
        points = np.stack(np.meshgrid(steps, steps), axis=-1) + draw.bends
    return _mapped(_matrix(draw), points)


def _cut_out(draw: Draw, width: int, height: int) -> tuple[float, float]:
    if draw.fit == "stretch":
        width = height = 1
    wide, high = (
        math.sqrt(draw.area * width * height * draw.aspect),
        math.sqrt(draw.area * width * height / draw.aspect),
    )
    shrink = min(1.0, width / wide, height / high)
    return min(1.0, shrink * wide / width), min(1.0, shrink * high / height)


def _as_fit_says(draw: Draw, width: int, height: int, size: int) -> Rectangle:
    if draw.fit == "crop":
        return centre_part(width, height, size)
    longest = max(width, height)
    across, down = (longest / width, longest / height) if draw.fit == "pad" else (1.0, 1.0)
    return (1 - across) / 2, (1 - down) / 2, (1 + across) / 2, (1 + down) / 2


def _is_straight(draw: Draw) -> bool:
    turned = draw.rotation or any(draw.shears) or draw.corners is not None or draw.bends is not None
    return not turned and not any(one.name in GEOMETRIC for one in draw.picked)


def _matrix(draw: Draw) -> Points:
    """From a point (x, y, 1) of the square to where it comes from, homogeneous."""
    matrix = np.eye(3)
    cosine, sine = math.cos(draw.rotation), math.sin(draw.rotation)
    matrix[:2, :2] = [[cosine, sine], [-sine, cosine]]
    matrix = matrix @ np.array([[1, math.tan(draw.shears[0]), 0], [math.tan(draw.shears[1]), 1, 0], [0, 0, 1]])
    if draw.corners is not None:
        matrix = matrix @ _perspective(draw.corners)
    return functools.reduce(np.matmul, [_picked_matrix(one) for one in draw.picked], matrix)


def _picked_matrix(one: Picked) -> Points:
    matrix = np.eye(3)
    if one.name == "Rotate":
        angle = math.radians(one.value)
        matrix[:2, :2] = [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    elif one.name in GEOMETRIC:
        place = {"ShearX": (0, 1), "ShearY": (1, 0), "TranslateX": (0, 2), "TranslateY": (1, 2)}[one.name]
        matrix[place] = -one.value
    return matrix


def _perspective(moved: Points) -> Points:
    """The projective map that takes the square's corners by `moved` (4×2)."""
    corners = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
    rows, values = [], []
    for (x, y), (to_x, to_y) in zip(corners, corners + moved, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -x * to_x, -y * to_x), (0, 0, 0, x, y, 1, -x * to_y, -y * to_y)]
        values += [to_x, to_y]
    return np.append(np.linalg.solve(np.array(rows), np.array(values)), 1).reshape(3, 3)


def _mapped(matrix: Points, points: Points) -> Points:
    found: Points = points @ matrix[:2, :2].T + matrix[:2, 2]
    if matrix[2, 0] or matrix[2, 1]:
        found = found / (points @ matrix[2, :2] + matrix[2, 2])[..., None]
    return found


def _transformed(whole: Pixels, around: Rectangle, draw: Draw, size: int) -> Pixels:
    """One bilinear transform of what of the photo is needed; what lies beyond the photo is filled in before."""
    whole = _coarse_enough(whole, around, size)
    into = _into_photo(whole, around, size)
    points = _mapped(into, source_points(draw))
    # a pixel more than the points reach, for bilinear weights
    first, last = np.floor(points.min((0, 1))).astype(int) - 1, np.ceil(points.max((0, 1))).astype(int) + 1
    most = np.array(whole.shape[1::-1])
    start, end = np.clip(first, 0, most - 1), np.clip(last, 1, most)
    end = np.maximum(end, start + 1)
    neutral = draw.fit == "pad" and not draw.crop
    needed = whole[start[1] : end[1], start[0] : end[0]]
    before, after = np.maximum(0, start - first), np.maximum(0, last - end)
    photo = pillow.fromarray(_bordered(needed, before, after, "neutral" if neutral else draw.fill))
    corner = start - before
    if draw.bends is not None:
        mesh = _mesh(points - corner, size)
        return np.asarray(photo.transform((size, size), pillow.Transform.MESH, mesh, _BILINEAR))
    shift = np.eye(3)
    shift[:2, 2] = -corner
    centred = np.array([[1 / size, 0, -0.5], [0, 1 / size, -0.5], [0, 0, 1]])
    matrix = shift @ into @ _matrix(draw) @ centred
    numbers = tuple((matrix / matrix[2, 2]).flatten()[:8])
    if draw.corners is None:
        return np.asarray(photo.transform((size, size), pillow.Transform.AFFINE, numbers[:6], _BILINEAR))
    return np.asarray(photo.transform((size, size), pillow.Transform.PERSPECTIVE, numbers, _BILINEAR))


def _coarse_enough(whole: Pixels, around: Rectangle, size: int) -> Pixels:
    rows, columns = whole.shape[:2]
    most = COARSEST * size
    across, down = (around[2] - around[0]) * columns / most, (around[3] - around[1]) * rows / most
    if max(across, down) <= 1:
        return whole
    wanted = max(1, round(columns / max(1.0, across))), max(1, round(rows / max(1.0, down)))
    return part_of(whole, *wanted, (0.0, 0.0, 1.0, 1.0))


def _into_photo(whole: Pixels, around: Rectangle, size: int) -> Points:
    """From the window, in shares around its centre, to pixels of the photo."""
    matrix = np.eye(3)
    for axis, count in enumerate(whole.shape[1::-1]):
        side = around[axis + 2] - around[axis]
        # A photo of a pixel that would be less of the window is taken for a little wider than it is, or the border
        # around it would be as many times too wide.
        per_side = min(count * side, 2 * COARSEST * size)
        matrix[axis, axis], matrix[axis, 2] = per_side, per_side * (0.5 + around[axis] / side)
    return matrix


def _mesh(points: Points, size: int) -> list[tuple[tuple[int, int, int, int], tuple[float, ...]]]:
    """Pillow's mesh: for each cell of the grid its box in the square and its four corners in the source."""
    cells = len(points) - 1
    edges = [round(number * size / cells) for number in range(cells + 1)]
    return [
        (
            (edges[column], edges[row], edges[column + 1], edges[row + 1]),
            (
                *points[row, column],
                *points[row + 1, column],
                *points[row + 1, column + 1],
                *points[row, column + 1],
            ),
        )
        for row in range(cells)
        for column in range(cells)
        if edges[column] < edges[column + 1] and edges[row] < edges[row + 1]
    ]


def _bordered(pixels: Pixels, before: npt.NDArray[np.int_], after: npt.NDArray[np.int_], fill: str) -> Pixels:
    """With (columns, rows) of border before and after."""
    if not (before.any() or after.any()):
        return pixels
    rows, columns = pixels.shape[:2]
    left, top = before
    canvas = np.empty((top + rows + after[1], left + columns + after[0], 3), np.uint8)
    middle = canvas[top : top + rows]
    middle[:, left : left + columns] = pixels
    if fill == "neutral":
        middle[:, :left], middle[:, left + columns :] = NEUTRAL, NEUTRAL
        canvas[:top], canvas[top + rows :] = NEUTRAL, NEUTRAL
        return canvas
    middle[:, :left] = pixels[:, _from(np.arange(-left, 0), columns, fill)]
    middle[:, left + columns :] = pixels[:, _from(np.arange(columns, columns + after[0]), columns, fill)]
    canvas[:top] = middle[_from(np.arange(-top, 0), rows, fill)]
    canvas[top + rows :] = middle[_from(np.arange(rows, rows + after[1]), rows, fill)]
    return canvas


def _from(places: npt.NDArray[np.int_], count: int, fill: str) -> npt.NDArray[np.int_]:
    """Which of `count` pixels stands in for each place beyond them."""
    if fill == "edge":
        return np.clip(places, 0, count - 1)
    around = places % (2 * count)
    return np.where(around < count, around, 2 * count - 1 - around)
