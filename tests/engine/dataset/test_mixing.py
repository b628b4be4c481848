"""MixUp and CutMix: what is mixed, by how much, and that the labels say so."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.dataset.loader import Batch
from engine.dataset.mixing import Mix, draw_mix, mixed

SIDE, CLASSES = 12, 3
ALPHAS = st.sampled_from([0.0, 0.2, 1.0, 8.0])
PLACES = st.integers(0, 10_000)


def batch_of(photos: int = 4, side: int = SIDE) -> Batch:
    generator = torch.Generator().manual_seed(photos)
    pixels = torch.randint(0, 256, (photos, side, side, 3), dtype=torch.uint8, generator=generator)
    return Batch(pixels, torch.arange(photos) % CLASSES, tuple(range(photos)))


@given(PLACES, PLACES, PLACES, st.integers(2, 40), st.integers(8, 64), ALPHAS, ALPHAS)
def test_a_draw_is_sound_and_depends_on_its_numbers_alone(
    seed: int, epoch: int, step: int, photos: int, side: int, mixup: float, cutmix: float
) -> None:
    if not mixup + cutmix:
        return
    mix = draw_mix(seed, epoch, step, photos, side, mixup, cutmix)
    np.random.seed(step)
    assert mix == draw_mix(seed, epoch, step, photos, side, mixup, cutmix)
    assert sorted(mix.partners) == list(range(photos))
    assert 0 <= mix.share <= 1
    if mix.box:
        assert cutmix and 0 <= mix.box[0] <= mix.box[2] <= side and 0 <= mix.box[1] <= mix.box[3] <= side
    else:
        assert mixup


def test_both_on_means_each_about_half_the_time_and_steps_differ() -> None:
    draws = [draw_mix(0, 1, step, 4, 32, 0.2, 1.0) for step in range(200)]
    assert 70 < sum(mix.box is not None for mix in draws) < 130
    assert len({mix.share for mix in draws}) > 150
    assert draw_mix(0, 1, 5, 4, 32, 0.2, 0) != draw_mix(0, 2, 5, 4, 32, 0.2, 0)


def test_mixup_lays_photos_over_each_other() -> None:
    batch = batch_of()
    made = mixed(batch, Mix((1, 2, 3, 0), 0.75), CLASSES)
    wanted = 0.75 * batch.pixels.float() + 0.25 * batch.pixels[[1, 2, 3, 0]].float()
    assert made.pixels.dtype == torch.uint8 and (made.pixels.float() - wanted).abs().max() <= 0.5
    assert made.targets is not None
    assert made.targets.tolist() == [[0.75, 0.25, 0], [0, 0.75, 0.25], [0.25, 0, 0.75], [1, 0, 0]]
    assert made.wanted is made.targets and made.numbers == batch.numbers


def test_cutmix_takes_the_box_and_no_more() -> None:
    batch = batch_of(2)
    made = mixed(batch, Mix((1, 0), 0.5, (2, 3, 6, 12)), CLASSES)
    inside = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    inside[2:6, 3:12] = True
    assert torch.equal(made.pixels[0][inside], batch.pixels[1][inside])
    assert torch.equal(made.pixels[0][~inside], batch.pixels[0][~inside])


@given(PLACES)
def test_the_share_of_cutmix_is_that_of_the_pixels(step: int) -> None:
    batch = batch_of(2, 20)
    batch.pixels[0], batch.pixels[1] = 0, 255
    mix = draw_mix(1, 1, step, 2, 20, 0, 1.0)
    made = mixed(batch, Mix((1, 0), mix.share, mix.box), CLASSES)
    assert abs((made.pixels[0] == 0).float().mean().item() - mix.share) < 1e-6
    assert made.targets is not None and abs(made.targets[0, 0].item() - mix.share) < 1e-6


def test_the_label_that_counts_more_is_the_right_answer() -> None:
    batch = batch_of(2)
    assert mixed(batch, Mix((1, 0), 0.3), CLASSES).labels.tolist() == [1, 0]
    assert mixed(batch, Mix((1, 0), 0.6), CLASSES).labels.tolist() == [0, 1]
    assert torch.equal(batch.pixels, batch_of(2).pixels), "what was loaded stays as it is"
