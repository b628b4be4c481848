"""Augmented views of photos, as a run sees them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine import photos
from engine.config.augmentations import OPERATIONS, PRESETS, Preset, preset_of
from engine.config.photos import Fit
from engine.dataset.augment.draw import Draw, draw
from engine.dataset.augment.geometry import window
from engine.dataset.augment.view import augmented

FITS: tuple[Fit, ...] = ("crop", "pad", "stretch")
MIRRORLESS = ("medical", "documents", "satellite")
RELEASED = "a4bedec4b5a7f24f"


def smooth(rows: int, columns: int, seed: int = 0) -> np.ndarray:
    few = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), np.uint8)
    return np.asarray(Image.fromarray(few).resize((columns, rows), Image.Resampling.BICUBIC))


Views = list[np.ndarray]


def seen(whole: np.ndarray, preset: Preset, epochs: range = range(1, 7), size: int = 32, fit: Fit = "crop") -> Views:
    return [augmented(whole, draw(preset, 0, epoch, 5, fit), size) for epoch in epochs]


PHOTO = smooth(48, 64)


def first_release(whole: np.ndarray, size: int, seed: int, epoch: int, number: int, fit: Fit) -> np.ndarray:
    """What “light” was when there was no other."""
    area, aspect, across, down, flip, *colours = np.random.default_rng((seed, epoch, number)).random(8)
    area, aspect = 0.5 + (1 - 0.5) * float(area), (4 / 3) ** (2 * float(aspect) - 1)
    brightness, contrast, saturation = (1 + 0.2 * (2 * float(share) - 1) for share in colours)

    def box(width: int, height: int) -> tuple[float, float, float, float]:
        width, height = (1, 1) if fit == "stretch" else (width, height)
        wide, high = math.sqrt(area * width * height * aspect), math.sqrt(area * width * height / aspect)
        shrink = min(1.0, width / wide, height / high)
        wide, high = min(1.0, shrink * wide / width), min(1.0, shrink * high / height)
        left, top = float(across) * (1 - wide), float(down) * (1 - high)
        return left, top, min(1.0, left + wide), min(1.0, top + high)

    pixels = photos.part_of(whole, size, size, box(whole.shape[1], whole.shape[0]))
    values = (pixels[:, ::-1] if flip < 0.5 else pixels).astype(np.float32)
    gain = brightness * contrast
    shift = values @ np.array((0.299, 0.587, 0.114), np.float32) * np.float32(gain * (1 - saturation))
    shift += np.float32((1 - contrast) * 128.0 + 0.5)
    values *= np.float32(gain * saturation)
    return np.clip(values + shift[..., None], 0, 255).astype(np.uint8)


@pytest.mark.parametrize("fit", FITS)
def test_light_gives_the_bits_of_the_first_release(fit: Fit) -> None:
    for epoch, view in zip(range(1, 7), seen(PHOTO, PRESETS["light"], fit=fit), strict=True):
        assert np.array_equal(view, first_release(PHOTO, 32, 0, epoch, 5, fit))


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_keeps_shape_and_type_and_is_the_same_again(name: str) -> None:
    views = seen(PHOTO, PRESETS[name])
    assert all(view.shape == (32, 32, 3) and view.dtype == np.uint8 for view in views)
    assert all(np.array_equal(one, other) for one, other in zip(views, seen(PHOTO, PRESETS[name]), strict=True))
    unlike = len({view.tobytes() for view in views})
    assert unlike == 1 if name == "none" else unlike >= 5


@pytest.mark.parametrize("fit", FITS)
def test_none_is_what_validation_sees(tmp_path: Path, fit: Fit) -> None:
    (view, *_) = seen(PHOTO, PRESETS["none"], fit=fit)
    Image.fromarray(PHOTO).save(tmp_path / "a.png")
    validation = photos.read(tmp_path / "a.png", 32, fit).pixels
    assert np.abs(view.astype(int) - validation).mean() < (3 if fit == "pad" else 1e-9)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 40), (40, 1), (3, 700)])
def test_the_smallest_and_longest_photos_are_augmented(name: str, rows: int, columns: int) -> None:
    for fit in FITS:
        assert [view.shape for view in seen(smooth(rows, columns), PRESETS[name], range(1, 4), 16, fit)] == [
            (16, 16, 3)
        ] * 3


@pytest.mark.parametrize("name", PRESETS)
def test_grey_photos_stay_grey(name: str) -> None:
    grey = np.repeat(PHOTO[..., :1], 3, axis=2)
    for view in seen(grey, PRESETS[name], range(1, 10)):
        assert np.ptp(view.astype(int), axis=2).max() <= 1


def test_a_row_of_strengths_stays_as_it_was_released() -> None:
    """A run that is resumed by a later version must see the photos it saw."""
    rows = [(row.name, sorted(row.strengths.items()), row.policy, row.fill) for row in PRESETS.values()]
    assert hashlib.sha256(repr(rows).encode()).hexdigest()[:16] == RELEASED


@pytest.mark.parametrize("name", PRESETS)
def test_only_presets_with_flips_mirror(name: str) -> None:
    """Three marks that go round one way; however they are turned, slanted or bent, a mirror alone changes the way."""
    pixels = np.zeros((120, 120, 3))
    for centre, channel in (((45, 45), 0), ((45, 75), 1), ((75, 60), 2)):
        rows, columns = np.ogrid[:120, :120]
        pixels[((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < 90), channel] = 255
    whole = pixels.astype(np.uint8)
    only_shape = preset_of(name, dict.fromkeys(("hue", "greyscale", "saturation", "erasing", "noise", "crop"), 0.0))
    if only_shape.policy:
        only_shape = preset_of(name, {"picked": 0, "crop": 0})
    ways = set()
    for view in seen(whole, only_shape, range(1, 25), 64):
        places = []
        for channel in range(3):
            others = view.astype(int).sum(2) - view[..., channel]
            rows, columns = np.nonzero(view[..., channel] - others / 2 > 60)
            if not len(rows):
                break
            places.append((rows.mean(), columns.mean()))
        else:
            (a, b), (c, d), (e, f) = places
            ways.add(np.sign((c - a) * (f - b) - (d - b) * (e - a)))
    mirrors = any(PRESETS[name].strengths.get(flip) for flip in ("flip", "vertical_flip"))
    assert len(ways) == (2 if mirrors else 1)
    assert mirrors is (name not in (*MIRRORLESS, "none"))


def test_medical_never_changes_a_hue() -> None:
    colours = np.array([(150, 110, 90), (90, 140, 120), (120, 100, 140)])
    whole = np.kron(colours[:, None], np.ones((30, 90, 1))).astype(np.uint8)
    calm = preset_of("medical", {"noise": 0})  # rounding of single grains is no hue
    for view in seen(whole, calm, range(1, 20), 48):
        for row, colour in ((4, colours[0]), (24, colours[1]), (43, colours[2])):
            assert np.argsort(view[row, 24]).tolist() == np.argsort(colour).tolist()
            (low, middle, high), found = np.sort(colour), np.sort(view[row, 24].astype(float))
            hue = (found[1] - found[0]) / (found[2] - found[0])
            assert hue == pytest.approx((middle - low) / (high - low), abs=0.1)


SHAPE = ("crop", "padded_crop", "flip", "vertical_flip", "quarter_turns", "rotation", "shear", "translate", "scale",
         "perspective", "elastic")  # fmt: skip
strengths_of_all = st.fixed_dictionaries(
    {}, optional={name: st.floats(0, row.most) for name, row in OPERATIONS.items() if row.unit != "number"}
)


@given(number=st.integers(0, 10**6), width=st.integers(1, 5000), height=st.integers(1, 5000), fit=st.sampled_from(FITS))
def test_a_crop_lies_inside_and_keeps_its_shape(number: int, width: int, height: int, fit: Fit) -> None:
    one = draw(PRESETS["light"], 0, 1, number, fit)
    left, top, right, bottom = window(one, width, height, 32)
    assert 0 <= left < right <= 1 + 1e-9 and 0 <= top < bottom <= 1 + 1e-9
    across, down = (
        (right - left, bottom - top) if fit == "stretch" else ((right - left) * width, (bottom - top) * height)
    )
    assert 0.74 < across / down < 1.34
    share = (right - left) * (bottom - top)
    assert share <= one.area * 1.0001
    if fit == "stretch" or width == height:
        assert share > 0.5 * 0.74  # the most elongated part that fits into a square


@settings(max_examples=60)
@given(
    strengths=strengths_of_all,
    number=st.integers(0, 10**6),
    fit=st.sampled_from(FITS),
    rows=st.integers(1, 60),
    columns=st.integers(1, 60) | st.just(3000),
)
def test_any_strengths_give_a_square(
    strengths: dict[str, float], number: int, fit: Fit, rows: int, columns: int
) -> None:
    one = draw(Preset("own", "Own", "Own.", strengths), 0, 1, number, fit)
    view = augmented(smooth(rows, columns), one, 24)
    assert view.shape == (24, 24, 3) and view.dtype == np.uint8 and view.flags.writeable


@given(strengths=strengths_of_all, number=st.integers(0, 10**6), grey=st.integers(0, 255))
def test_what_comes_in_from_beyond_the_photo_is_the_photo(strengths: dict[str, float], number: int, grey: int) -> None:
    only_shape = {name: value for name, value in strengths.items() if name in SHAPE}
    one = draw(Preset("own", "Own", "Own.", only_shape), 0, 1, number)
    assert (augmented(np.full((30, 40, 3), grey, np.uint8), one, 24) == grey).all()


@pytest.mark.parametrize(
    ("one", "same_as"),
    [
        (Draw(rotation=math.radians(-90)), lambda pixels: np.rot90(pixels)),
        (Draw(turns=1), lambda pixels: np.rot90(pixels)),
        (Draw(flip=True), lambda pixels: pixels[:, ::-1]),
        (Draw(vertical_flip=True), lambda pixels: pixels[::-1]),
        (Draw(rotation=1e-9), lambda pixels: pixels),
        (Draw(corners=np.zeros((4, 2))), lambda pixels: pixels),
        (Draw(bends=np.zeros((9, 9, 2))), lambda pixels: pixels),
    ],
)
def test_geometry_does_what_it_says(one: Draw, same_as: Callable[[np.ndarray], np.ndarray]) -> None:
    whole = smooth(60, 60)
    wanted = same_as(photos.part_of(whole, 40, 40, photos.centre_part(60, 60, 40)))
    assert np.abs(augmented(whole, one, 40).astype(int) - wanted).max() <= 6


def test_a_shift_moves_and_the_edge_is_filled() -> None:
    whole = smooth(60, 60)
    straight = photos.part_of(whole, 40, 40, (0.0, 0.0, 1.0, 1.0)).astype(int)
    view = augmented(whole, Draw(move=(0.25, 0.0), fit="stretch", fill="edge"), 40)
    assert np.abs(view[:, 11:] - straight[:, 1:30]).mean() < 2
    assert np.ptp(view[:, :9].astype(int), axis=1).max() == 0
    mirrored = augmented(whole, Draw(move=(0.25, 0.0), fit="stretch"), 40)
    assert np.abs(mirrored[:, :9] - mirrored[:, 19:10:-1].astype(int)).mean() < 4
    bordered = augmented(whole, Draw(move=(0.25, 0.0), fit="pad"), 40)
    assert (bordered[:, :9] == photos.NEUTRAL).all()


def test_a_photo_much_finer_than_the_square_is_not_sampled_in_points() -> None:
    """Rows of black and white, finer than the square's pixels, are grey in it."""
    fine = np.zeros((400, 400, 3), np.uint8)
    fine[::2] = 255
    view = augmented(fine, Draw(rotation=0.02, fit="stretch"), 40)
    assert np.abs(view[5:-5, 5:-5].astype(int) - 127).max() < 25
