"""How a loss becomes a step."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from engine.config.declare import Settings, setting


class OptimizerSettings(Settings):
    group: ClassVar[str] = "Optimizer"

    batch_size: Annotated[
        int,
        setting(
            32, "Batch size", "Photos per training step; halve it if memory runs out.", "photos", False, ge=1, le=4096
        ),
    ]
    learning_rate: Annotated[
        float | None,
        setting(None, "Learning rate", "The largest step size; empty takes the strategy's.", "", False, gt=0, le=10),
    ]
    optimizer: Annotated[
        Literal["adamw", "sgd"] | None,
        setting(None, "Optimizer", "The rule that turns gradients into steps; empty takes the strategy's."),
    ]
    momentum: Annotated[
        float | None,
        setting(None, "Momentum", "How much of the last step SGD keeps; empty takes the strategy's.", ge=0, lt=1),
    ]
    weight_decay: Annotated[
        float | None,
        setting(
            None,
            "Weight decay",
            "Pull of the weights towards zero, norms and biases left out; empty takes the strategy's.",
            ge=0,
            le=1,
        ),
    ]
    schedule: Annotated[
        Literal["cosine", "constant"], setting("cosine", "Schedule", "How the learning rate goes after the warm-up.")
    ]
    warmup_epochs: Annotated[
        float, setting(0.5, "Warm-up", "The learning rate rises from near zero over this long.", "epochs", ge=0, le=100)
    ]
