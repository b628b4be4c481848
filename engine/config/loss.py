"""What a wrong answer costs."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from engine.config.declare import Settings, setting


class LossSettings(Settings):
    group: ClassVar[str] = "Loss"

    label_smoothing: Annotated[
        float | None,
        setting(
            None,
            "Label smoothing",
            "How much certainty is kept from each label; empty takes the strategy's.",
            ge=0,
            lt=1,
        ),
    ]
    class_weights: Annotated[
        Literal["auto", "none", "balanced"],
        setting(
            "auto",
            "Class weights",
            "Count rare classes more: auto does so when the largest class is over 1.5 times the smallest.",
        ),
    ]
