"""How a loss becomes a step."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import model_validator

from engine.config.declare import Settings, setting


class OptimizerSettings(Settings):
    group: ClassVar[str] = "Optimizer"

    batch_size: Annotated[
        int | None,
        setting(
            None,
            "Batch size",
            "Photos per training step; empty takes 32. Where memory is short they go through the network in parts by "
            "themselves; few with “Accumulation” step as many would.",
            "photos",
            False,
            ge=2,  # batch norm cannot train on one
            le=4096,
        ),
    ]
    learning_rate: Annotated[
        float | None,
        setting(None, "Learning rate", "The largest step size; empty takes the strategy's.", "", False, gt=0, le=10),
    ]
    accumulation: Annotated[
        int,
        setting(
            1,
            "Accumulation",
            "Batches that together make one step, as if the batch were so much larger; batch norm still sees one at a "
            "time.",
            "batches",
            ge=1,
            le=1024,
        ),
    ]
    optimizer: Annotated[
        Literal["adamw", "sgd", "adam", "rmsprop", "lion", "lamb"] | None,
        setting(None, "Optimizer", "The rule that turns gradients into steps; empty takes the strategy's."),
    ]
    momentum: Annotated[
        float | None,
        setting(
            None,
            "Momentum",
            "How much of the last step SGD and RMSProp keep; empty takes the strategy's.",
            ge=0,
            lt=1,
            only=("optimizer", (None, "sgd", "rmsprop")),
        ),
    ]
    nesterov: Annotated[
        bool,
        setting(
            False,
            "Nesterov",
            "SGD's momentum looks a step ahead; it needs SGD and a momentum above 0.",
            only=("optimizer", ("sgd",)),
        ),
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
    l1: Annotated[
        float | None,
        setting(
            None,
            "L1 penalty",
            "Pull of the weights towards zero, the same for small ones, so that many become zero; not of norms and "
            "biases.",
            empty="off",
            ge=0,
            le=1,
        ),
    ]
    clip_norm: Annotated[
        float | None,
        setting(
            None,
            "Gradient clipping",
            "A gradient longer than this is shortened to it; empty never does.",
            empty="off",
            gt=0,
            le=1000,
        ),
    ]
    schedule: Annotated[
        Literal[
            "cosine",
            "constant",
            "step",
            "exponential",
            "cosine-restarts",
            "one-cycle",
            "inverse-sqrt",
            "plateau",
        ],
        setting("cosine", "Schedule", "How the learning rate goes after the warm-up; it is drawn beside the settings."),
    ]
    warmup_epochs: Annotated[
        float, setting(0.5, "Warm-up", "The learning rate rises from near zero over this long.", "epochs", ge=0, le=100)
    ]
    step_epochs: Annotated[
        float,
        setting(
            0.0,
            "Step length",
            "Schedule “step”: from one drop to the next; 0 has two drops, a third of the run apart.",
            "epochs",
            ge=0,
            le=10_000,
            only=("schedule", ("step",)),
        ),
    ]
    restart_epochs: Annotated[
        float,
        setting(
            0.0,
            "First cosine",
            "Schedule “warm restarts”: the length of the first cosine, each later one twice as long; 0 fits three into "
            "the run.",
            "epochs",
            ge=0,
            le=10_000,
            only=("schedule", ("cosine-restarts",)),
        ),
    ]
    plateau_epochs: Annotated[
        int,
        setting(
            3,
            "Plateau",
            "Schedule “on plateau”: the rate drops when validation has not improved for this long.",
            "epochs",
            ge=1,
            le=1000,
            only=("schedule", ("plateau",)),
        ),
    ]
    rate_factor: Annotated[
        float | None,
        setting(
            None,
            "Rate factor",
            "What each drop of “step” and “on plateau”, and each epoch of “exponential”, multiplies the rate "
            "by; empty takes 0.1, or what ends at a hundredth.",
            gt=0,
            lt=1,
            only=("schedule", ("step", "plateau", "exponential")),
        ),
    ]

    ema_decay: Annotated[
        float | None,
        setting(
            None,
            "Moving average",
            "Keep a moving average of the weights (EMA), of which each step keeps this share, and use it in place of "
            "them; 0.999 suits long runs, empty keeps none.",
            empty="off",
            gt=0,
            lt=1,
        ),
    ]
    swa_start: Annotated[
        float | None,
        setting(
            None,
            "Weight averaging from",
            "The part of the run after which the weights of all epochs are averaged (SWA) and used in place of the "
            "last; 0.75 is usual, empty never averages.",
            empty="off",
            ge=0,
            lt=1,
        ),
    ]

    @model_validator(mode="after")
    def _agree(self) -> Self:
        """Settings that contradict each other are refused."""
        if self.nesterov and self.optimizer != "sgd":
            raise ValueError("Nesterov is a form of SGD's momentum: choose the optimizer SGD, or leave Nesterov off.")
        if self.nesterov and self.momentum == 0:
            raise ValueError("Nesterov needs momentum: set a momentum above 0, such as 0.9, or leave Nesterov off.")
        if self.ema_decay is not None and self.swa_start is not None:
            raise ValueError("A moving average and weight averaging both replace the weights: leave one of them empty.")
        return self
