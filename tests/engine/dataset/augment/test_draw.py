"""What chance decides: from (seed, epoch, photo) alone, within its bounds, and as the first release did."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config.augmentations import OPERATIONS, PRESETS, Preset
from engine.dataset.augment.draw import Draw, draw
from engine.dataset.augment.policies import IMAGENET

LIGHT = PRESETS["light"]
FIRST_RELEASE = (0.835236131, 0.799468433, 0.511509082, 0.356176426, 0.991805829, 1.084478165, 0.952341691)


def plain(one: Draw) -> tuple[Any, ...]:
    values = (getattr(one, field.name) for field in fields(Draw))
    return tuple(value.tobytes() if isinstance(value, np.ndarray) else value for value in values)


def of(**strengths: float) -> Preset:
    return Preset("own", "Own", "Own.", strengths)


@pytest.mark.parametrize("name", PRESETS)
def test_a_draw_depends_on_seed_epoch_and_photo_only(name: str) -> None:
    keys = [(seed, epoch, photo) for seed in (0, 7) for epoch in range(3) for photo in range(5)]
    alone = [plain(draw(PRESETS[name], *key)) for key in keys]
    backwards = [plain(draw(PRESETS[name], *key)) for key in reversed(keys)]
    with ThreadPoolExecutor(4) as pool:
        threaded = list(pool.map(lambda key: plain(draw(PRESETS[name], *key)), keys))
    assert alone == threaded == backwards[::-1]
    assert len(set(alone)) == len(alone)


def test_a_light_draw_is_the_same_in_every_release() -> None:
    """Runs of an older version must resume to the same bits, so these numbers may not change."""
    one = draw(LIGHT, 1, 2, 3)
    found = (one.area, one.aspect, one.across, one.down, one.brightness, one.contrast, one.saturation)
    assert found == pytest.approx(FIRST_RELEASE) and one.flip is False


def test_another_operation_changes_nothing_of_those_there_are() -> None:
    with_more = replace(LIGHT, strengths={**LIGHT.strengths, "noise": 9, "elastic": 0.05, "rotation": 20})
    one, other = draw(LIGHT, 3, 1, 4), draw(with_more, 3, 1, 4)
    unlike = {
        field.name for field, ours, theirs in zip(fields(Draw), plain(one), plain(other), strict=True) if ours != theirs
    }
    assert unlike == {"noise", "bends", "rotation", "grain"}


@given(photo=st.integers(0, 10**6), share=st.floats(0, 1))
def test_nothing_is_stronger_than_it_may_be(photo: int, share: float) -> None:
    strengths = {name: share * row.most for name, row in OPERATIONS.items()}
    one = draw(of(**strengths), 0, 1, photo)
    assert 1 - strengths["crop"] <= one.area <= 1
    assert 1 / (1 + strengths["scale"]) - 1e-9 <= one.scale <= 1 + strengths["scale"] + 1e-9
    assert max(map(abs, one.move)) <= strengths["translate"]
    for name, value in (("rotation", one.rotation), ("shear", max(map(abs, one.shears))), ("hue", one.hue)):
        assert abs(math.degrees(value)) <= strengths[name] + 1e-9
    for name in ("brightness", "contrast", "saturation"):
        assert abs(getattr(one, name) - 1) <= strengths[name] + 1e-9
    assert one.corners is None or np.abs(one.corners).max() <= strengths["perspective"]
    assert one.bends is None or np.hypot(*one.bends.T).max() <= strengths["elastic"] + 1e-9
    if one.erased:
        left, top, right, bottom = one.erased
        assert 0 <= left <= right <= 1 + 1e-9 and 0 <= top <= bottom <= 1 + 1e-9
        assert (right - left) * (bottom - top) <= strengths["erasing"] + 1e-9


def test_chances_are_how_often() -> None:
    chances = of(flip=0.3, vertical_flip=0.6, quarter_turns=0.75, greyscale=0.1, erasing=0.2)
    drawn = [draw(chances, 0, 1, photo) for photo in range(2000)]

    def often(values: list[bool]) -> float:
        return sum(values) / len(values)

    assert often([one.flip for one in drawn]) == pytest.approx(0.3, abs=0.04)
    assert often([one.vertical_flip for one in drawn]) == pytest.approx(0.6, abs=0.04)
    assert often([one.grey for one in drawn]) == pytest.approx(0.1, abs=0.03)
    assert often([one.erased is not None for one in drawn]) == pytest.approx(0.5, abs=0.04)
    for turns in range(4):
        assert often([one.turns == turns for one in drawn]) == pytest.approx(0.25, abs=0.04)


def test_bends_are_smooth() -> None:
    bends = draw(of(elastic=0.05), 0, 1, 2).bends
    assert bends is not None
    assert np.abs(np.diff(bends, axis=0)).max() < np.abs(bends).max()


@pytest.mark.parametrize(("name", "most"), [("randaugment", 2), ("trivialaugment", 1), ("autoaugment", 2)])
def test_a_policy_picks_as_its_paper_says(name: str, most: int) -> None:
    drawn = [draw(PRESETS[name], 0, 1, photo).picked for photo in range(300)]
    counts = {len(picked) for picked in drawn}
    assert max(counts) == most and (name == "autoaugment" or counts == {most})
    values = {picked.name: abs(picked.value) for picks in drawn for picked in picks}
    if name == "randaugment":
        assert values["Rotate"] == pytest.approx(9) and values["Color"] == pytest.approx(0.27)
        assert values["Posterize"] == 7 and values["Solarize"] == pytest.approx(178.5)
    assert any(pick.value < 0 for picks in drawn for pick in picks)


@pytest.mark.long
def test_the_policy_for_imagenet_is_that_of_torchvision() -> None:
    from torchvision.transforms import AutoAugment, AutoAugmentPolicy  # noqa: PLC0415

    theirs = AutoAugment()._get_policies(AutoAugmentPolicy.IMAGENET)
    ours = [((a, b / 10, c), (d, e / 10, f)) for a, b, c, d, e, f in IMAGENET]
    assert ours == [tuple((name, often, level or 0) for name, often, level in pair) for pair in theirs]
