from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import ThawError
from engine.evaluation.channel_pictures import (
    GAP,
    filter_tiles,
    map_tiles,
    montage,
    most_telling,
    scale_of,
    write_pictures,
)


def test_a_filter_of_a_first_layer_is_shown_in_its_colours() -> None:
    weights = np.zeros((1, 3, 2, 2), np.float32)
    weights[0, 0, 0, 0], weights[0, 2, 1, 1] = 1.0, -1.0  # red above left, minus blue below right
    tiles = filter_tiles(weights)
    assert tiles.shape == (1, 2, 2, 3)
    whole = montage(tiles, scale_of(tiles, signed=True))
    side = whole.shape[0] // 2
    assert whole[0, 0].tolist() == [255, 128, 128, 255]
    assert whole[side, side].tolist() == [128, 128, 0, 255]
    assert whole[0, side].tolist() == [128, 128, 128, 255]


def test_a_deeper_filter_is_the_length_of_its_weights() -> None:
    weights = np.zeros((2, 5, 3, 3), np.float32)
    weights[0, 0, 1, 1], weights[0, 4, 1, 1] = 3.0, -4.0
    tiles = filter_tiles(weights)
    assert tiles.shape == (2, 3, 3, 1)
    assert tiles[0, 1, 1, 0] == 5.0 and tiles.sum() == 5.0


def test_a_depthwise_filter_keeps_its_signs() -> None:
    weights = np.array([[[[1.0, -2.0]]]], np.float32)
    assert filter_tiles(weights)[0, :, :, 0].tolist() == [[1.0, -2.0]]


def test_maps_are_shown_by_their_signed_root() -> None:
    assert map_tiles(np.array([[[4.0, -9.0]]], np.float32))[0, 0, :, 0].tolist() == [2.0, -3.0]


def test_one_scale_spans_all_that_is_compared() -> None:
    low, high = scale_of(np.array([-1.0, 0.5], np.float32), None, np.array([0.25], np.float32), signed=True)
    assert low == -high and 0.9 < high <= 1.0
    assert scale_of(np.zeros(4, np.float32), signed=True)[0] < scale_of(np.zeros(4, np.float32), signed=True)[1]


def test_those_that_changed_most_are_shown_in_their_order() -> None:
    before = np.zeros((100, 3, 2, 2), np.float32)
    before[5] = 9.0
    after = before.copy()
    after[[70, 20]] += 1.0
    assert most_telling(before, after, most=2) == (20, 70)
    assert most_telling(before, before, most=1) == (5,)  # nothing changed: the largest weights
    assert most_telling(None, after, most=3) == (5, 20, 70)
    assert len(most_telling(before, None)) == 64


def test_tiles_stand_in_rows_on_a_transparent_ground() -> None:
    whole = montage(np.ones((5, 8, 8, 1), np.float32), (0.0, 1.0))
    side = (whole.shape[1] - 2 * GAP) // 3
    assert whole.shape == (2 * side + GAP, 3 * side + 2 * GAP, 4)
    assert whole[0, 0].tolist() == [255, 255, 255, 255]
    assert whole[0, side, 3] == 0 and whole[-1, -1, 3] == 0  # the gap, and the sixth place
    assert max(montage(np.ones((1, 500, 300, 1), np.float32), (0.0, 1.0)).shape) <= 112


def test_pictures_are_png_files(tmp_path: Path) -> None:
    tiles = np.ones((4, 3, 3, 1), np.float32)
    before, after = write_pictures(tmp_path / "new", "conv1", "filters", None, tiles, (0.0, 1.0))
    assert before is None and after is not None
    assert Image.open(after).mode == "RGBA"
    (tmp_path / "file").write_text("")
    with pytest.raises(ThawError, match="could not be written"):
        write_pictures(tmp_path / "file", "conv1", "filters", None, tiles, (0.0, 1.0))
