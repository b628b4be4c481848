"""What a wrong answer costs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from engine.config.declare import Settings, setting

Loss = Literal["cross-entropy", "focal", "bce"]


class LossSettings(Settings):
    group: ClassVar[str] = "Loss"

    loss: Annotated[
        Loss,
        setting(
            "cross-entropy",
            "Loss",
            "What a wrong answer costs: cross-entropy; focal, in which easy photos count little; or BCE, each class "
            "against all others. Validation's loss is always cross-entropy, so that runs compare.",
        ),
    ]
    focal_gamma: Annotated[
        float,
        setting(2.0, "Focal gamma", "How little easy photos count in the focal loss; 0 is cross-entropy.", ge=0, le=10),
    ]
    label_smoothing: Annotated[
        float | None,
        setting(
            None,
            "Label smoothing",
            "How much certainty is kept from each label; empty takes the strategy's, with focal loss none.",
            ge=0,
            lt=1,
        ),
    ]
    class_weights: Annotated[
        Literal["auto", "none", "balanced"],
        setting(
            "auto",
            "Class weights",
            "Count rare classes more: auto does so when the largest class is over 1.5 times the smallest. What "
            "sampling makes even is never made up for twice.",
        ),
    ]
    teacher: Annotated[
        Path | None,
        setting(
            None,
            "Teacher",
            "The folder of a finished run with the same classes whose answers are learnt from as well. It takes ten "
            "epochs or more to help, and a teacher that is better than what the run reaches by itself.",
        ),
    ]
    distillation_weight: Annotated[
        float,
        setting(
            0.5,
            "Weight of the teacher",
            "How much the teacher's answers count, where there is one; the labels count the rest.",
            ge=0,
            le=1,
        ),
    ]
    distillation_temperature: Annotated[
        float,
        setting(
            4.0,
            "Softness of the teacher",
            "The temperature at which answers are compared: the higher, the more second guesses count.",
            ge=1,
            le=100,
        ),
    ]
