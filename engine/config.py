"""TrainConfig: what was asked of a run. Each setting is declared once, here; the form in the window, the flags of the
command line and the documentation are made from this declaration."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ConfigError

Fit = Literal["crop", "pad", "stretch"]


def setting(default: Any, title: str, description: str, unit: str = "", advanced: bool = True, **bounds: Any) -> Any:
    """A declared setting: `description` is one sentence, `bounds` are pydantic's (ge, gt, le, lt)."""
    return Field(
        default=default,
        title=title,
        description=description,
        json_schema_extra={"unit": unit, "advanced": advanced},
        **bounds,
    )


class TrainConfig(BaseModel):
    """Everything that decides what a run computes. Frozen; an unknown or wrong key is a ConfigError that names it.

    None means "chosen for you"; a run directory's config.toml holds the values that were chosen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)

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
    epochs: Annotated[
        int,
        setting(10, "Epochs", "How often the run goes through all training photos.", advanced=False, ge=1, le=10_000),
    ]
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
    augmentation: Annotated[
        Literal["none", "light"],
        setting(
            "light",
            "Augmentation",
            "Random crops, flips and mild colour, so that the model does not learn by heart.",
            advanced=False,
        ),
    ]
    views: Annotated[
        int | None,
        setting(
            None,
            "Augmented views",
            "Augmented versions of a photo that are used in turn where layers are frozen; 0 makes new ones in every "
            "epoch, empty takes 4.",
            ge=0,
            le=1000,
        ),
    ]
    cache: Annotated[
        Literal["auto", "off"],
        setting(
            "auto",
            "Cache",
            "Auto computes what is frozen once and keeps it on disk; off does so in every epoch.",
        ),
    ]
    patience: Annotated[
        int,
        setting(
            0,
            "Patience",
            "Stop when validation has not improved for this many epochs; 0 never stops early.",
            "epochs",
            False,
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
    seed: Annotated[
        int, setting(0, "Seed", "The same seed on the same machine gives the same run.", ge=0, le=2**31 - 1)
    ]
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        setting("auto", "Device", "Where the run computes; auto takes the fastest found."),
    ]
    threads: Annotated[
        int | None, setting(None, "Threads", "CPU threads of the run; empty takes every core.", ge=1, le=256)
    ]
    channels_last: Annotated[
        bool | None, setting(None, "Channels last", "Memory layout; empty takes what is fast on the device.")
    ]

    def with_changes(self, **changes: Any) -> TrainConfig:
        """A copy with `changes`, checked again; ConfigError names what is wrong."""
        return make_config(self.model_dump() | changes)


def make_config(values: dict[str, Any]) -> TrainConfig:
    """A checked TrainConfig. Raises ConfigError with a sentence for each wrong or unknown key."""
    try:
        return TrainConfig(**values)
    except ValidationError as error:
        fields = {str(item["loc"][0]): _sentence(item) for item in error.errors()}
        raise ConfigError(" ".join(fields.values()), fields) from None


def _sentence(item: Any) -> str:
    key, given = item["loc"][0], item["input"]
    if item["type"] == "extra_forbidden":
        return f"There is no setting named “{key}”; see “thaw train --help” for those there are."
    field = TrainConfig.model_fields.get(str(key))
    title = field.title if field else key
    reason = item["msg"].replace("Input should be", "must be").replace("Value error, ", "")
    return f"{title} ({key}) {reason}, not {given!r}."


def parse_assignment(text: str) -> tuple[str, Any]:
    """`key=value` of the command line, the value read as TOML where it is that, else as plain text."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"“{text}” is not of the form key=value.")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value.strip()


def to_toml(config: TrainConfig) -> str:
    """The settings as TOML; those that are None are left out, which reads back as None."""
    return tomli_w.dumps(config.model_dump(mode="json", exclude_none=True))


def read_values(text: str, source: str = "the settings") -> dict[str, Any]:
    """The keys and values of a TOML text, unchecked. Raises ConfigError where it is no TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{source} cannot be read as TOML: {error}.") from None


def from_toml(text: str, source: str = "the settings") -> TrainConfig:
    """The TrainConfig that `to_toml` wrote. Raises ConfigError for bad TOML, unknown and wrong keys."""
    return make_config(read_values(text, source))
