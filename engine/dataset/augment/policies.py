"""Policies that pick operations for each photo: RandAugment, TrivialAugment and AutoAugment for ImageNet.

Operations and ranges are those of the papers as torchvision has them; translations are shares of the side, as models
differ in size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.config.augmentations import Preset

HIGHEST = 30
"""RandAugment's scale of magnitudes, and TrivialAugment's."""

GEOMETRIC = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")
_SIGNED = (*GEOMETRIC, "Brightness", "Color", "Contrast", "Sharpness")
_ALL = ("Identity", *_SIGNED, "Posterize", "Solarize", "AutoContrast", "Equalize")
_MOST = {
    "ShearX": 0.3, "ShearY": 0.3, "TranslateX": 150 / 331, "TranslateY": 150 / 331, "Rotate": 30.0, "Brightness": 0.9,
    "Color": 0.9, "Contrast": 0.9, "Sharpness": 0.9, "Posterize": 4.0,
}  # fmt: skip
_MOST_TRIVIAL = {
    **dict.fromkeys(("ShearX", "ShearY", "Brightness", "Color", "Contrast", "Sharpness"), 0.99),
    **dict.fromkeys(("TranslateX", "TranslateY"), 32 / 224), "Rotate": 135.0, "Posterize": 6.0,
}  # fmt: skip

# Cubuk et al. 2019, table 9: two operations each, with how often of ten and the magnitude of nine.
IMAGENET = (
    ("Posterize", 4, 8, "Rotate", 6, 9), ("Solarize", 6, 5, "AutoContrast", 6, 0), ("Equalize", 8, 0, "Equalize", 6, 0),
    ("Posterize", 6, 7, "Posterize", 6, 6), ("Equalize", 4, 0, "Solarize", 2, 4), ("Equalize", 4, 0, "Rotate", 8, 8),
    ("Solarize", 6, 3, "Equalize", 6, 0), ("Posterize", 8, 5, "Equalize", 10, 0), ("Rotate", 2, 3, "Solarize", 6, 8),
    ("Equalize", 6, 0, "Posterize", 4, 6), ("Rotate", 8, 8, "Color", 4, 0), ("Rotate", 4, 9, "Equalize", 6, 0),
    ("Equalize", 0, 0, "Equalize", 8, 0), ("Invert", 6, 0, "Equalize", 10, 0), ("Color", 6, 4, "Contrast", 10, 8),
    ("Rotate", 8, 8, "Color", 10, 2), ("Color", 8, 8, "Solarize", 8, 7), ("Sharpness", 4, 7, "Invert", 6, 0),
    ("ShearX", 6, 5, "Equalize", 10, 0), ("Color", 4, 0, "Equalize", 6, 0), ("Equalize", 4, 0, "Solarize", 2, 4),
    ("Solarize", 6, 5, "AutoContrast", 6, 0), ("Invert", 6, 0, "Equalize", 10, 0), ("Color", 6, 4, "Contrast", 10, 8),
    ("Equalize", 8, 0, "Equalize", 6, 0),
)  # fmt: skip


class Picked(NamedTuple):
    """An operation, and a slope, a share of the side, degrees, 1 less than a factor, bits, or a grey level."""

    name: str
    value: float


def pick(preset: Preset, generator: np.random.Generator) -> tuple[Picked, ...]:
    """The operations of one photo, in order."""
    match preset.policy:
        case "randaugment":
            level = preset.strength("magnitude") / HIGHEST
            chosen = generator.choice(_ALL, round(preset.strength("picked")))
            return tuple(_picked(str(name), level, _MOST, generator) for name in chosen)
        case "trivialaugment":
            name, level = str(generator.choice(_ALL)), generator.integers(HIGHEST + 1) / HIGHEST
            return (_picked(name, float(level), _MOST_TRIVIAL, generator),)
        case "autoaugment":
            first, often, level, second, often_too, level_too = IMAGENET[generator.integers(len(IMAGENET))]
            pair = ((first, often, level), (second, often_too, level_too))
            return tuple(
                _picked(name, of_nine / 9, _MOST, generator)
                for name, of_ten, of_nine in pair
                if generator.random() < of_ten / 10
            )
    return ()


def _picked(name: str, level: float, most: dict[str, float], generator: np.random.Generator) -> Picked:
    """`level` is from 0 to 1 of the operation's range."""
    sign = 1 if generator.random() < 0.5 else -1
    if name == "Posterize":
        return Picked(name, 8 - round(level * most[name]))
    if name == "Solarize":
        return Picked(name, 255 * (1 - level))
    return Picked(name, sign * level * most[name] if name in _SIGNED else 0.0)
