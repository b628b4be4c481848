"""What a draw does to colours."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from engine.dataset.augment.colour import apply_colour, recoloured, turned_hue
from engine.dataset.augment.draw import Draw
from engine.dataset.augment.policies import Picked
from engine.photos import NEUTRAL

PIXELS = np.random.default_rng(0).integers(0, 256, (32, 24, 3), np.uint8)


def test_no_change_is_no_change() -> None:
    for change in (recoloured, apply_colour):
        assert np.array_equal(change(PIXELS, Draw()), PIXELS)
    assert apply_colour(PIXELS, Draw()) is not PIXELS


def test_colours_do_what_they_say() -> None:
    def applied(**changes: Any) -> np.ndarray:
        return recoloured(PIXELS, Draw(**changes)).astype(float)

    original = PIXELS.astype(float)
    grey = original @ (0.299, 0.587, 0.114)
    assert np.abs(applied(brightness=0.5) - original / 2).max() <= 0.51
    assert np.abs(applied(contrast=0.0) - 128).max() <= 0.51
    assert np.abs(applied(saturation=0.0) - grey[..., None]).max() <= 0.51
    assert np.abs(applied(grey=True) - grey[..., None]).max() <= 1
    assert applied(brightness=2.0).max() == 255


def test_hue_turns_colours_and_leaves_greys_and_how_light_they_are() -> None:
    calm = (PIXELS // 4 + 96).astype(np.uint8)
    turned = turned_hue(calm, Draw(hue=math.radians(60)))
    luma = np.array((0.299, 0.587, 0.114))
    assert np.abs(turned @ luma - calm @ luma).max() <= 1
    assert np.abs(turned.astype(int) - calm).mean() > 5
    grey = np.repeat(PIXELS[..., :1], 3, axis=2)
    assert np.abs(turned_hue(grey, Draw(hue=2.0)).astype(int) - grey).max() <= 1
    whole = turned_hue(calm, Draw(hue=2 * math.pi))
    assert np.abs(whole.astype(int) - calm).max() <= 1


def test_hue_and_light_in_one_matrix_are_what_both_are() -> None:
    calm = (PIXELS // 4 + 96).astype(np.uint8)
    draw = Draw(brightness=1.1, contrast=0.9, saturation=0.8)
    tiny = Draw(brightness=1.1, contrast=0.9, saturation=0.8, hue=1e-9)
    assert np.abs(recoloured(calm, draw).astype(int) - recoloured(calm, tiny)).max() <= 1


def test_noise_is_the_same_in_all_channels_and_as_strong_as_drawn() -> None:
    ground = np.full((64, 64, 3), 128, np.uint8)
    noisy = recoloured(ground, Draw(noise=10, grain=5)).astype(int)
    assert np.ptp(noisy, axis=2).max() == 0
    assert noisy.std() == pytest.approx(10, abs=0.6)
    assert np.array_equal(noisy, recoloured(ground, Draw(noise=10, grain=5)))
    assert not np.array_equal(noisy, recoloured(ground, Draw(noise=10, grain=6)))


def test_blur_softens_and_what_is_erased_is_grey() -> None:
    assert recoloured(PIXELS, Draw(blur=0.1)).std() < 0.7 * PIXELS.std()
    view = recoloured(PIXELS, Draw(erased=(0.25, 0.5, 0.75, 1.0)))
    assert (view[16:, 6:18] == NEUTRAL).all()
    assert np.array_equal(view[:16], PIXELS[:16]) and np.array_equal(view[:, :6], PIXELS[:, :6])


@pytest.mark.parametrize(
    ("name", "value", "check"),
    [
        ("Posterize", 3, lambda view: set(np.unique(view)) <= set(range(0, 256, 32))),
        ("Solarize", 100.0, lambda view: np.array_equal(view, np.where(PIXELS < 100, PIXELS, 255 - PIXELS))),
        ("Invert", 0.0, lambda view: np.array_equal(view, 255 - PIXELS)),
        ("Brightness", -0.5, lambda view: np.abs(view - PIXELS / 2).max() <= 1),
        ("Color", -1.0, lambda view: np.ptp(view, axis=2).max() == 0),
        ("Contrast", -1.0, lambda view: np.ptp(view) == 0),
        ("Sharpness", -1.0, lambda view: view.std() < PIXELS.std()),
        ("AutoContrast", 0.0, lambda view: view.min() == 0 and view.max() == 255),
        ("Equalize", 0.0, lambda view: abs(view.mean() - 128) < 8),
        ("Identity", 0.0, lambda view: np.array_equal(view, PIXELS)),
        ("Rotate", 20.0, lambda view: np.array_equal(view, PIXELS)),
    ],
)
def test_operations_of_policies(name: str, value: float, check: Any) -> None:
    assert check(recoloured(PIXELS, Draw(picked=(Picked(name, value),))))
