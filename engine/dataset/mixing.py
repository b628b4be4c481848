"""MixUp and CutMix: a batch of photos mixed with itself in another order, and its labels with them.

A draw depends on (seed, epoch, step) and on nothing else, so a resumed run mixes as the uninterrupted one did.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.dataset.loader import Batch

_STREAM = 1
"""Parts this luck from that of a photo's augmentation, which is drawn from three numbers as well."""


@dataclass(frozen=True)
class Mix:
    """One batch's luck: each photo keeps `share` of itself and takes the rest from its partner, everywhere or, with a
    `box` (top, left, bottom, right in pixels), all of what lies in it."""

    partners: tuple[int, ...]
    share: float
    box: tuple[int, int, int, int] | None = None


def draw_mix(seed: int, epoch: int, step: int, photos: int, side: int, mixup: float, cutmix: float) -> Mix:
    """The draw for a batch of `photos` images of `side`×`side` pixels; where both alphas are above 0, one of the two by
    luck, as in timm.

    MixUp: share from Beta(alpha, alpha) (H. Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018). CutMix: a
    box of 1 - share of the area around any pixel; what of it lies outside is not cut, and the share is that of what
    stays (S. Yun et al., "CutMix", 2019).
    """
    generator = np.random.default_rng([seed, epoch, step, _STREAM])
    partners = tuple(generator.permutation(photos).tolist())
    cuts = cutmix > 0 and (mixup == 0 or generator.random() < 0.5)
    share = float(generator.beta(*((cutmix,) * 2 if cuts else (mixup,) * 2)))
    if not cuts:
        return Mix(partners, share)
    across = int(side * math.sqrt(1 - share))
    top, left = (int(centre) - across // 2 for centre in generator.integers(0, side, 2))
    box = (max(0, top), max(0, left), min(side, top + across), min(side, left + across))
    return Mix(partners, 1 - (box[2] - box[0]) * (box[3] - box[1]) / side**2, box)


def mixed(batch: Batch, mix: Mix, classes: int) -> Batch:
    """`batch` with mixed pixels (uint8, rounded) and soft `targets` (float32 N×classes), on the device it is on.

    `labels` become those that count more: an answer is right that names what there is most of.
    """
    partners = torch.tensor(mix.partners, device=batch.pixels.device)
    own = F.one_hot(batch.labels, classes).float()
    targets = mix.share * own + (1 - mix.share) * own[partners]
    return replace(batch, pixels=_pixels(batch.pixels, partners, mix), labels=targets.argmax(1), targets=targets)


def _pixels(pixels: Tensor, partners: Tensor, mix: Mix) -> Tensor:
    if mix.box:
        top, left, bottom, right = mix.box
        cut = pixels.clone()
        cut[:, top:bottom, left:right] = pixels[partners, top:bottom, left:right]
        return cut
    blend = mix.share * pixels.float() + (1 - mix.share) * pixels[partners].float()
    return blend.round().to(torch.uint8)
