"""What the network sees of the photos, and which it learns from."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import field_validator

from engine.config.augmentations import why_wrong
from engine.config.declare import Settings, setting
from engine.fit import Fit

Sampling = Literal["each", "root", "balanced"]
AugmentationName = Literal[
    "none", "light", "standard", "strong", "randaugment", "trivialaugment", "autoaugment", "medical", "documents",
    "satellite", "microscopy",
]  # fmt: skip


class PhotoSettings(Settings):
    group: ClassVar[str] = "Photos"

    augmentation: Annotated[
        AugmentationName,
        setting(
            "light",
            "Augmentation",
            "Changes photos at random in every epoch, so that the model does not learn them by heart.",
            advanced=False,
        ),
    ]
    augmentation_strengths: Annotated[
        dict[str, float] | None,
        setting(
            None,
            "Augmentation strengths",
            "Strengths of single operations in place of the preset's, by name; empty takes the preset's.",
        ),
    ]
    views: Annotated[
        int | None,
        setting(
            None,
            "Augmented views",
            "Augmented versions of a photo that are used in turn where layers are frozen; 0 makes new ones in every "
            "epoch, empty takes 4, or 0 with MixUp and CutMix.",
            ge=0,
            le=1000,
        ),
    ]
    image_size: Annotated[
        int | None,
        setting(
            None,
            "Image size",
            "Side of the square image the model sees; empty takes the model's own.",
            "pixels",
            ge=16,
            le=1024,
        ),
    ]
    fit: Annotated[
        Fit,
        setting(
            "crop", "Fit", "How a photo that is not square becomes square: cut the long ends, add borders, or squeeze."
        ),
    ]
    val_share: Annotated[
        float,
        setting(
            0.15,
            "Validation share",
            "Part of the photos kept for validation where the folder has none.",
            ge=0.05,
            le=0.5,
        ),
    ]
    test_share: Annotated[
        float,
        setting(
            0.10,
            "Test share",
            "Part of the photos locked away for the test where the folder is not split.",
            ge=0,
            le=0.5,
        ),
    ]
    sampling: Annotated[
        Sampling,
        setting(
            "each",
            "Sampling",
            "Which photos an epoch draws, always as many: each once, classes by the square root of their size, or all "
            "classes equally often. It takes the place of class weights.",
        ),
    ]
    mixup: Annotated[
        float,
        setting(
            0.0,
            "MixUp",
            "Alpha of MixUp, which lays each photo over another, labels too; 0 is off, 0.2 is common. With CutMix on "
            "as well, each batch has one of the two.",
            ge=0,
            le=10,
        ),
    ]
    cutmix: Annotated[
        float,
        setting(
            0.0,
            "CutMix",
            "Alpha of CutMix, which puts a piece of another photo into each, labels too; 0 is off, 1 is common.",
            ge=0,
            le=10,
        ),
    ]

    @field_validator("augmentation_strengths")
    @classmethod
    def _check_strengths(cls, strengths: dict[str, float] | None) -> dict[str, float] | None:
        if wrong := why_wrong(strengths or {}):
            raise ValueError(wrong)
        return strengths
