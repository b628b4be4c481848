"""What augmentations there are: operations with their range of strengths, and presets as rows of strengths.

A run that is resumed must see the photos it saw before, so a preset's numbers never change once they are released; what
turns out better becomes a row with another name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Unit = Literal["share", "chance", "degrees", "levels", "number"]
Policy = Literal["", "randaugment", "trivialaugment", "autoaugment"]
Fill = Literal["reflect", "edge"]


@dataclass(frozen=True)
class Operation:
    """A change of a photo and how strong it may be, from 0, which is not at all, to `most`.

    "share" is a part of the photo's side or area or of a value, "chance" how often it happens, "levels" are grey levels
    of 255.
    """

    name: str
    title: str
    sentence: str
    unit: Unit
    most: float


OPERATIONS: dict[str, Operation] = {
    row.name: row
    for row in (
        Operation(
            "crop", "Random crop", "Cuts out a part and enlarges it; up to this much area is lost.", "share", 0.95
        ),
        Operation("padded_crop", "Crop with padding", "Cuts from a photo with a border this wide.", "share", 0.5),
        Operation("flip", "Mirror left and right", "How often left and right change places.", "chance", 1),
        Operation("vertical_flip", "Mirror top and bottom", "How often top and bottom change places.", "chance", 1),
        Operation("quarter_turns", "Quarter turns", "How often it is turned by 90, 180 or 270 degrees.", "chance", 1),
        Operation("rotation", "Rotation", "Turns by up to this angle, either way.", "degrees", 180),
        Operation("shear", "Shear", "Slants by up to this angle, along both sides.", "degrees", 30),
        Operation("translate", "Shift", "Moves by up to this share of the side.", "share", 0.5),
        Operation("scale", "Zoom", "Grows or shrinks by up to this much.", "share", 1),
        Operation("perspective", "Perspective", "Moves each corner by up to this share of the side.", "share", 0.2),
        Operation("elastic", "Elastic", "Bends smoothly; no point moves by more of the side.", "share", 0.1),
        Operation("brightness", "Brightness", "Lighter or darker by up to this much.", "share", 1),
        Operation("contrast", "Contrast", "More or less contrast by up to this much.", "share", 1),
        Operation("saturation", "Saturation", "More or less colourful by up to this much.", "share", 1),
        Operation("hue", "Hue", "Turns all colours by up to this angle of the colour circle.", "degrees", 180),
        Operation("greyscale", "Greyscale", "How often colour is taken away.", "chance", 1),
        Operation("noise", "Noise", "Adds grain, the same to all channels, of up to this deviation.", "levels", 64),
        Operation("blur", "Blur", "Softens, by a Gaussian of up to this share of the side.", "share", 0.03),
        Operation("erasing", "Erasing", "Greys out a rectangle in half of the photos, at most so large.", "share", 0.5),
        Operation("picked", "Picked operations", "How many operations RandAugment picks for a photo.", "number", 6),
        Operation("magnitude", "Their magnitude", "How strong those that RandAugment picks are, of 30.", "number", 30),
    )
}


@dataclass(frozen=True)
class Preset:
    """A row: `sentence` says when to use it, `strengths` are by operation, what is not named is 0.

    `policy` picks further operations for each photo, as its paper says. `fill` is what comes in from beyond the photo's
    edge: the photo mirrored, or its outermost pixels.
    """

    name: str
    title: str
    sentence: str
    strengths: Mapping[str, float]
    policy: Policy = ""
    fill: Fill = "reflect"

    def strength(self, operation: str) -> float:
        return self.strengths.get(operation, 0.0)

    @property
    def changes_photos(self) -> bool:
        return bool(self.policy) or any(self.strengths.values())


PRESETS: dict[str, Preset] = {
    row.name: row
    for row in (
        Preset("none", "None", "Every epoch sees the same photos; for measuring what augmentation gives.", {}),
        Preset(
            "light", "Light", "Crops, mirror images and mild colour; right for a start, and where layers are frozen.",
            {"crop": 0.5, "flip": 0.5, "brightness": 0.2, "contrast": 0.2, "saturation": 0.2},
        ),
        Preset(
            "standard", "Standard", "For ordinary photos where most of the model trains: what the field usually does.",
            {
                "crop": 0.7, "flip": 0.5, "rotation": 10, "brightness": 0.3, "contrast": 0.3, "saturation": 0.3,
                "hue": 10, "erasing": 0.1,
            },
        ),
        Preset(
            "strong", "Strong", "For few photos, or long training in which the model learns the photos by heart.",
            {
                "crop": 0.8, "flip": 0.5, "rotation": 20, "shear": 8, "perspective": 0.06, "brightness": 0.4,
                "contrast": 0.4, "saturation": 0.4, "hue": 20, "greyscale": 0.1, "noise": 10, "blur": 0.008,
                "erasing": 0.25,
            },
        ),
        Preset(
            "randaugment", "RandAugment", "For long training of every layer; two knobs say how much and how strong.",
            {"crop": 0.9, "flip": 0.5, "picked": 2, "magnitude": 9}, "randaugment",
        ),
        Preset(
            "trivialaugment", "TrivialAugment", "Strong and nothing to tune: one operation a photo, of any strength.",
            {"crop": 0.9, "flip": 0.5}, "trivialaugment",
        ),
        Preset(
            "autoaugment", "AutoAugment", "Pairs of operations that were found best for ImageNet; for photos like its.",
            {"crop": 0.9, "flip": 0.5}, "autoaugment",
        ),
        Preset(
            "medical", "Medical", "For scans and X-rays: colour and sides stay, brightness and shape vary a little.",
            {
                "rotation": 8, "scale": 0.1, "translate": 0.05, "elastic": 0.02, "brightness": 0.2, "contrast": 0.25,
                "noise": 6,
            },
            fill="edge",
        ),
        Preset(
            "documents", "Documents", "For pages, labels and signs: never mirrored, as if held by hand.",
            {
                "padded_crop": 0.04, "rotation": 4, "scale": 0.08, "perspective": 0.05, "brightness": 0.25,
                "contrast": 0.25, "noise": 12, "blur": 0.004,
            },
            fill="edge",
        ),
        Preset(
            "satellite", "Satellite", "For views from above that have no up: quarter turns and crops, never mirrored.",
            {"crop": 0.6, "quarter_turns": 0.75, "brightness": 0.2, "contrast": 0.2, "saturation": 0.15},
        ),
        Preset(
            "microscopy", "Microscopy", "For slides and cells, which have no up and no sides: any angle, mirrored too.",
            {
                "crop": 0.4, "flip": 0.5, "vertical_flip": 0.5, "rotation": 180, "brightness": 0.2, "contrast": 0.2,
                "saturation": 0.15, "hue": 5,
            },
        ),
    )
}  # fmt: skip


def preset_of(name: str, strengths: Mapping[str, float] | None = None) -> Preset:
    """The preset, with a person's own `strengths` in place of its."""
    preset = PRESETS[name]
    return replace(preset, strengths={**preset.strengths, **(strengths or {})})


def why_wrong(strengths: Mapping[str, float]) -> str:
    """The end of a sentence that begins with the setting's name, "" where all strengths are right."""
    for name, strength in strengths.items():
        if name not in OPERATIONS:
            return f"has no operation “{name}”; there are {', '.join(OPERATIONS)}"
        if not 0 <= strength <= OPERATIONS[name].most:
            return f"must be from 0 to {OPERATIONS[name].most:g} for {name}"
    return ""
