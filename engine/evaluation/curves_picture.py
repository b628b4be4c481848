"""A run's curves as a PNG, for where there is no window."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from engine.events import EpochFinished

WIDTH, HEIGHT, MARGIN = 960, 400, 56
DASH = 8
TRAIN, VAL, INK, GRID = "#2f6fb0", "#c2570c", "#333333", "#dddddd"
"""Blue and orange are told apart with every common colour blindness; val is dashed as well."""


def draw_curves(history: Sequence[EpochFinished], path: Path) -> None:
    """Write loss (left) and accuracy (right) by epoch, train solid and val dashed."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    losses = [row.train_loss for row in history], [row.val_loss for row in history]
    accuracies = [row.train_accuracy for row in history], [row.val_accuracy for row in history]
    half = WIDTH // 2
    _plot(draw, (MARGIN, MARGIN, half - 24, HEIGHT - MARGIN), "Loss", losses, max(map(max, losses)) * 1.05, "{:.2f}")
    _plot(draw, (half + MARGIN, MARGIN, WIDTH - 24, HEIGHT - MARGIN), "Accuracy", accuracies, 1.0, "{:.0%}")
    picture.save(path)


def _plot(
    draw: ImageDraw.ImageDraw,
    box: tuple[int, int, int, int],
    title: str,
    curves: tuple[list[float], list[float]],
    top: float,
    label: str,
) -> None:
    left, upper, right, lower = box
    small, large = ImageFont.load_default(13), ImageFont.load_default(17)
    draw.text((left, upper - 40), title, INK, large)
    for name, colour, place in (("train", TRAIN, right - 130), ("val (dashed)", VAL, right - 84)):
        draw.text((place, upper - 36), name, colour, small)
    for part in range(5):
        height = lower - (lower - upper) * part / 4
        draw.line((left, height, right, height), GRID)
        draw.text((left - 6, height), label.format(top * part / 4), INK, small, anchor="rm")
    epochs = len(curves[0])
    for epoch in sorted({1, (epochs + 1) // 2, epochs}):
        draw.text((_across(epoch - 1, epochs, left, right), lower + 6), str(epoch), INK, small, anchor="ma")
    draw.text(((left + right) / 2, lower + 24), "Epoch", INK, small, anchor="ma")
    for values, colour, dashed in ((curves[0], TRAIN, False), (curves[1], VAL, True)):
        points = [
            (_across(place, epochs, left, right), lower - (lower - upper) * min(value / top, 1.0))
            for place, value in enumerate(values)
        ]
        _line(draw, points, colour, dashed)


def _across(place: int, count: int, left: int, right: int) -> float:
    return left + (right - left) * place / max(1, count - 1)


def _line(draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], colour: str, dashed: bool) -> None:
    gone = 0.0  # length so far: dashes go on around the corners
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        length = max(math.hypot(x1 - x0, y1 - y0), 1e-9)
        steps = max(1, math.ceil(length)) if dashed else 1
        for step in range(steps):
            start, end = step / steps, (step + 1) / steps
            if not dashed or (gone + length * start) % (2 * DASH) < DASH:
                ends = (x0 + (x1 - x0) * start, y0 + (y1 - y0) * start, x0 + (x1 - x0) * end, y0 + (y1 - y0) * end)
                draw.line(ends, colour, 3)
        gone += length
    for x, y in points[-1:]:
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), colour)
