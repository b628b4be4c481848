"""What is trained, and what it begins with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from engine.config.declare import Settings, setting


class ModelSettings(Settings):
    group: ClassVar[str] = "Model and layers"

    data: Annotated[Path, setting(Path(), "Dataset", "The folder with one folder of photos per class.")]
    model: Annotated[str, setting("mobilenet_v2", "Model", "The architecture, by its name in the catalog.")]
    strategy: Annotated[
        str, setting("feature-extraction", "Strategy", "What is trained and what stays frozen, by name.")
    ]
    trainable: Annotated[
        tuple[str, ...] | None,
        setting(None, "Trainable layers", "The layers that train once their block does, by their dotted names."),
    ]
    unfreeze: Annotated[
        tuple[Annotated[int, Field(ge=0)], ...] | None,
        setting(None, "Unfreezing", "The epoch from which each block trains, the head last; 0 is never."),
    ]
    unfreeze_when: Annotated[
        Literal["schedule", "saturation"],
        setting(
            "schedule",
            "Unfreeze when",
            "Progressive or your own choice: the next blocks train at their epochs, or when validation saturates.",
        ),
    ]
    unfreeze_patience: Annotated[
        int,
        setting(
            2,
            "Unfreeze patience",
            "Validation has saturated when it has not improved for this many epochs.",
            "epochs",
            ge=1,
            le=1000,
        ),
    ]
    block_lr_ratio: Annotated[
        float | None,
        setting(
            None,
            "Block rate ratio",
            "The learning rate of the first block over that of the head, geometric between; 1 is the same everywhere.",
            gt=0,
            le=1,
        ),
    ]
    norm_affine: Annotated[
        Literal["follow", "frozen", "trained"],
        setting("follow", "Norm scale and shift", "Follow their layer's tick, or always stay frozen, or always train."),
    ]
    norm_statistics: Annotated[
        Literal["follow", "frozen"],
        setting(
            "follow", "Norm statistics", "Running means and variances follow their layer's tick, or stay as they are."
        ),
    ]
    weights: Annotated[
        str | None,
        setting(None, "Weights", "Which pretrained weights to start from: a name of the model's list, or a file."),
    ]
    continue_from: Annotated[
        Path | None, setting(None, "Continue from", "The folder of an earlier run whose best weights to start from.")
    ]
    pseudo_labels: Annotated[
        Path | None,
        setting(None, "Pseudo-labels", "A CSV file of photos labelled by an earlier model, to train on as well."),
    ]
    head: Annotated[
        Literal["linear", "dropout", "mlp", "batchnorm-mlp"],
        setting("linear", "Head", "What stands between the model's features and the classes."),
    ]
    head_width: Annotated[
        int,
        setting(512, "Head width", "Units of the hidden layer, where the head has one.", "units", ge=1, le=65_536),
    ]
    head_dropout: Annotated[
        float | None,
        setting(None, "Head dropout", "Share of features left out at random, where the head has dropout.", ge=0, lt=1),
    ]
