"""How long a run lasts, and what luck it draws."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from engine.config.declare import Settings, setting


class RunSettings(Settings):
    group: ClassVar[str] = "Run"

    epochs: Annotated[
        int,
        setting(10, "Epochs", "How often the run goes through all training photos.", advanced=False, ge=1, le=10_000),
    ]
    patience: Annotated[
        int,
        setting(
            0,
            "Patience",
            "Stop when validation has not improved for this many epochs, once all layers train that are to; 0 never "
            "stops early.",
            "epochs",
            False,
            ge=0,
            le=1000,
        ),
    ]
    checkpoint_minutes: Annotated[
        float,
        setting(
            10,
            "Checkpoint every",
            "Also saves in the middle of an epoch, so that a crash costs no more than this; 0 saves after epochs only.",
            "minutes",
            ge=0,
            le=1440,
        ),
    ]
    seed: Annotated[
        int, setting(0, "Seed", "The same seed on the same machine gives the same run.", ge=0, le=2**31 - 1)
    ]
    extends: Annotated[
        Path | None,
        setting(None, "Extends", "The finished run that this one goes on with, from its last epoch to more of them."),
    ]
    comparison: Annotated[
        str | None,
        setting(None, "Comparison", "What runs share that were asked for together, to be held beside each other."),
    ]
    tensorboard: Annotated[
        bool,
        setting(False, "TensorBoard files", "Write curves for TensorBoard, too, into the run's folder."),
    ]
