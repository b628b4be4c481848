"""Batches of photos, augmented and not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine import photos
from engine.config.augmentations import PRESETS
from engine.dataset.augment.draw import draw
from engine.dataset.augment.view import augmented
from engine.dataset.index import Photo
from engine.dataset.loader import PhotoLoader
from tests.tiny_photos import make_photos


@pytest.mark.parametrize("name", ["light", "standard", "randaugment", "microscopy"])
def test_only_what_has_an_epoch_is_augmented_and_by_the_preset(tmp_path: Path, name: str) -> None:
    paths = sorted(make_photos(tmp_path, photos=2).rglob("*.png"))
    dataset = [Photo(path, path.parent.name, "train") for path in paths]
    loader = PhotoLoader(dataset, ("blue", "green"), 24, "crop", "bilinear", 2, preset=PRESETS[name])
    (plain,) = loader.batches([[0, 1, 2, 3]])
    (changed,) = loader.batches([[3, 1]], (7, 2))
    loader.close()
    for path, pixels in zip(paths, plain.pixels, strict=True):
        assert torch.equal(pixels, torch.from_numpy(photos.read(path, 24).pixels))
    for number, pixels in zip((3, 1), changed.pixels, strict=True):
        whole = photos.read_whole(paths[number], 36).pixels
        view = augmented(whole, draw(PRESETS[name], 7, 2, number), 24)
        assert torch.equal(pixels, torch.from_numpy(view))
