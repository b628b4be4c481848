from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine import photos
from engine.fit import Fit

SIZES = [(120, 80), (80, 120), (64, 64), (1, 9), (640, 37)]


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_picture_in_memory_becomes_the_square_that_its_file_does(
    tmp_path: Path, fit: Fit, interpolation: str
) -> None:
    for number, (width, height) in enumerate(SIZES):
        pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photo.png")
        read = photos.read(tmp_path / "photo.png", 32, fit, interpolation=interpolation).pixels
        made = photos.squared(pixels, 32, fit, interpolation=interpolation)
        assert made.dtype == np.uint8 and np.array_equal(made, read), (width, height)


def test_borders_are_neutral_and_the_picture_is_in_the_middle() -> None:
    made = photos.squared(np.zeros((10, 40, 3), np.uint8), 32, "pad")
    assert (made[:12] == photos.NEUTRAL).all() and (made[20:] == photos.NEUTRAL).all() and not made[12:20].any()


def test_the_crop_is_the_centre_that_torchvision_takes() -> None:
    pixels = np.zeros((256, 512, 3), np.uint8)
    pixels[16:240, 144:368] = 200
    assert (photos.squared(pixels, 224, "crop") == 200).all()
    assert photos.centre_part(512, 256, 224) == (144 / 512, 16 / 256, 368 / 512, 240 / 256)
