"""One photo's luck in one epoch: every random number is drawn here."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.config.augmentations import Fill, Preset
from engine.dataset.augment.policies import Picked, pick
from engine.fit import Fit

VERSION = 1
"""Of what the operations compute from a draw; what is kept of augmented photos is kept by it."""

WIDEST_ASPECT = 4 / 3
ERASED_AT_LEAST = 0.02
ERASED_LONGEST = 10 / 3
# In this order since the first release, where there were the first eight; what comes anew stands at the end, so that a
# run of an older version resumes to the same bits.
_SHARES = (
    "area", "aspect", "across", "down", "flip", "brightness", "contrast", "saturation",
    "hue", "vertical_flip", "turned", "turns", "rotation", "shear_across", "shear_down", "move_across", "move_down",
    "scale", "greyscale", "noise", "blur", "erased", "erased_area", "erased_aspect", "erased_across", "erased_down",
    "elastic", "corner0", "corner1", "corner2", "corner3", "corner4", "corner5", "corner6", "corner7",
)  # fmt: skip
_ELASTIC_NODES = 9

Rectangle = tuple[float, float, float, float]
Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Draw:
    """`crop` says that a part of `area` is cut out, else the photo is seen as `fit` says. `aspect` is the part's width
    by its height, `across` and `down` where it lies between the edges (0 to 1), `overhang` how far it may stand over
    them, as a share of its side. The window is `scale` times as near and moved by `move`, shares of its side.

    `rotation` and `shears` are in radians, `corners` (4×2) and `bends` (9×9×2) in shares of the side. Colours are
    factors around 1, `hue` is in radians, `noise` a deviation in grey levels, `blur` one in shares of the side,
    `erased` left, top, right and bottom as shares.
    """

    area: float = 1.0
    aspect: float = 1.0
    across: float = 0.5
    down: float = 0.5
    crop: bool = False
    overhang: float = 0.0
    flip: bool = False
    vertical_flip: bool = False
    turns: int = 0
    scale: float = 1.0
    move: tuple[float, float] = (0.0, 0.0)
    rotation: float = 0.0
    shears: tuple[float, float] = (0.0, 0.0)
    corners: Points | None = None
    bends: Points | None = None
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    grey: bool = False
    noise: float = 0.0
    blur: float = 0.0
    erased: Rectangle | None = None
    picked: tuple[Picked, ...] = ()
    grain: int = 0
    fit: Fit = "crop"
    fill: Fill = "reflect"


def draw(preset: Preset, seed: int, epoch: int, photo_index: int, fit: Fit = "crop") -> Draw:
    """The draw of one photo in one epoch.

    A part that is cut out has an aspect of 3/4 to 4/3 (logarithmically even, as in Szegedy et al. 2015); with `fit`
    "stretch" the model sees squeezed photos, so aspects are relative to the photo's own. Strengths are the ends of even
    distributions around no change; zoom is logarithmically even.
    """
    generator = np.random.default_rng((seed, epoch, photo_index))
    share = {name: float(value) for name, value in zip(_SHARES, generator.random(len(_SHARES)), strict=True)}

    def around(name: str, strength: float) -> float:
        return strength * (2 * share[name] - 1)

    strength = preset.strength
    picked = pick(preset, generator)
    zoom, shift = strength("scale"), strength("translate")
    shear = math.radians(strength("shear"))
    return Draw(
        area=1 - strength("crop") + strength("crop") * share["area"],
        aspect=WIDEST_ASPECT ** (2 * share["aspect"] - 1),
        across=share["across"],
        down=share["down"],
        crop=strength("crop") > 0,
        overhang=strength("padded_crop"),
        flip=share["flip"] < strength("flip"),
        vertical_flip=share["vertical_flip"] < strength("vertical_flip"),
        turns=1 + int(3 * share["turns"]) if share["turned"] < strength("quarter_turns") else 0,
        scale=(1 + zoom) ** (2 * share["scale"] - 1),
        move=(around("move_across", shift), around("move_down", shift)),
        rotation=around("rotation", math.radians(strength("rotation"))),
        shears=(around("shear_across", shear), around("shear_down", shear)),
        corners=_corners(share, strength("perspective")),
        bends=_bends(generator, share["elastic"] * strength("elastic")),
        brightness=1 + around("brightness", strength("brightness")),
        contrast=1 + around("contrast", strength("contrast")),
        saturation=1 + around("saturation", strength("saturation")),
        hue=around("hue", math.radians(strength("hue"))),
        grey=share["greyscale"] < strength("greyscale"),
        noise=share["noise"] * strength("noise"),
        blur=share["blur"] * strength("blur"),
        erased=_erased(share, strength("erasing")),
        picked=picked,
        grain=int(generator.integers(2**63)),
        fit=fit,
        fill=preset.fill,
    )


def _corners(share: Mapping[str, float], strength: float) -> Points | None:
    """Where the corners (left top, right top, right bottom, left bottom) of the square are moved."""
    if not strength:
        return None
    return strength * (2 * np.array([share[f"corner{number}"] for number in range(8)]).reshape(4, 2) - 1)


def _bends(generator: np.random.Generator, largest: float) -> Points | None:
    """A smooth random field (Simard et al. 2003), no point of which moves by more than `largest`: their deviation of 4
    of 28 pixels is that of a seventh of the side."""
    if not largest:
        return None
    places = np.arange(_ELASTIC_NODES)
    deviation = (_ELASTIC_NODES - 1) / 7
    smooth = np.exp(-((places[:, None] - places) ** 2) / (2 * deviation**2))
    field = np.einsum("ik,klc,jl->ijc", smooth, generator.uniform(-1, 1, (_ELASTIC_NODES, _ELASTIC_NODES, 2)), smooth)
    bends: Points = field * (largest / np.hypot(field[..., 0], field[..., 1]).max())
    return bends


def _erased(share: Mapping[str, float], largest: float) -> Rectangle | None:
    """A rectangle in half of the photos, 2 % of the area or more and of an aspect of 0.3 to 3.3 (Zhong et al. 2020)."""
    if not largest or share["erased"] >= 0.5:
        return None
    area = min(largest, ERASED_AT_LEAST) + max(0.0, largest - ERASED_AT_LEAST) * share["erased_area"]
    aspect = ERASED_LONGEST ** (2 * share["erased_aspect"] - 1)
    wide, high = min(1.0, math.sqrt(area * aspect)), min(1.0, math.sqrt(area / aspect))
    left, top = share["erased_across"] * (1 - wide), share["erased_down"] * (1 - high)
    return left, top, left + wide, top + high
