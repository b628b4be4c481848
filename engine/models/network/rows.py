"""The rows of which a person builds a network: each kind, its settings and their bounds, declared once. The table in
the window, the form beside it and the files are made from these declarations; `arithmetic` says what rows give.
"""

from __future__ import annotations

import typing
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.config.declare import setting
from engine.errors import ConfigError

Initialisation = Literal["he-normal", "he-uniform", "xavier-normal", "xavier-uniform"]
SMALLEST_INPUT, LARGEST_INPUT = 16, 512


def _shown(default: Any, title: str, description: str, unit: str = "", **bounds: Any) -> Any:
    return setting(default, title, description, unit, False, **bounds)


class Row(BaseModel):
    """One row. `title` is what a person reads, `about` one sentence on what it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    title: ClassVar[str]
    about: ClassVar[str]


class Flatten(Row):
    title: ClassVar[str] = "Flatten"
    about: ClassVar[str] = "Lays all pixels of all channels in one line, for linear layers."
    kind: Literal["flatten"] = "flatten"


class Linear(Row):
    title: ClassVar[str] = "Linear"
    about: ClassVar[str] = "Each unit weighs every input: all knowledge of where a pixel lies has to be learned."
    kind: Literal["linear"] = "linear"
    units: int = _shown(128, "Units", "How many outputs it has.", ge=1, le=65_536)
    bias: bool = _shown(True, "Bias", "A number added to each output; normalisation after it does the same.")


class Conv(Row):
    title: ClassVar[str] = "Convolution"
    about: ClassVar[str] = "The same small window of weights everywhere: what is learned in one corner holds in all."
    kind: Literal["conv"] = "conv"
    channels: int = _shown(32, "Channels", "How many maps it gives.", ge=1, le=8192)
    kernel: int = _shown(3, "Kernel", "Side of the window.", "pixels", ge=1, le=63)
    stride: int = _shown(1, "Stride", "How far the window moves each time.", "pixels", ge=1, le=32)
    padding: int = _shown(1, "Padding", "Zeros added at each side.", "pixels", ge=0, le=63)
    groups: int = _shown(1, "Groups", "Channels are cut into so many parts, each seen alone.", ge=1, le=8192)
    dilation: int = _shown(1, "Dilation", "Distance of the window's pixels.", "pixels", ge=1, le=32)
    bias: bool = _shown(True, "Bias", "A number added to each map; normalisation after it does the same.")


class Norm(Row):
    """Batch: Ioffe and Szegedy 2015. Layer, over the channels of each pixel as in ConvNeXt: Ba et al. 2016, Liu et al.
    2022. Instance: Ulyanov et al. 2016. Group: Wu and He 2018."""

    title: ClassVar[str] = "Normalisation"
    about: ClassVar[str] = "Brings values to mean 0 and spread 1, so that deep networks train."
    kind: Literal["norm"] = "norm"
    over: Literal["batch", "layer", "instance", "group", "none"] = _shown(
        "batch", "Over", "What shares a mean: a channel in the batch, a pixel, a map, a group of maps."
    )
    groups: int = _shown(8, "Groups", "For group norm: how many parts the channels make.", ge=1, le=8192)


class Activation(Row):
    title: ClassVar[str] = "Activation"
    about: ClassVar[str] = "Bends each value; without it, any number of layers is no more than one."
    kind: Literal["activation"] = "activation"
    function: Literal["relu", "leaky-relu", "prelu", "elu", "gelu", "silu", "sigmoid", "tanh"] = _shown(
        "relu", "Function", "How values are bent."
    )


class Pooling(Row):
    title: ClassVar[str] = "Pooling"
    about: ClassVar[str] = "Makes maps smaller, so that later windows see more of the image."
    kind: Literal["pooling"] = "pooling"
    how: Literal["max", "average", "strided"] = _shown(
        "max", "How", "The largest, the mean, or a convolution that learns what to keep."
    )
    size: int = _shown(2, "Size", "Side of the window.", "pixels", ge=1, le=63)
    stride: int = _shown(2, "Stride", "How far the window moves each time.", "pixels", ge=1, le=32)


class SqueezeExcitation(Row):
    """Hu, Shen and Sun 2018, “Squeeze-and-Excitation Networks”: a reduction of 16 is theirs."""

    title: ClassVar[str] = "Squeeze-and-excitation"
    about: ClassVar[str] = "Looks at the mean of every map and turns each up or down."
    kind: Literal["squeeze-excitation"] = "squeeze-excitation"
    reduction: int = _shown(16, "Reduction", "How much narrower its middle is.", ge=1, le=8192)


class Dropout(Row):
    title: ClassVar[str] = "Dropout"
    about: ClassVar[str] = "In training, leaves out values by chance, against learning by heart."
    kind: Literal["dropout"] = "dropout"
    share: float = _shown(0.5, "Share", "How many values are left out.", ge=0, lt=1)


class SpatialDropout(Row):
    """Tompson et al. 2015."""

    title: ClassVar[str] = "Spatial dropout"
    about: ClassVar[str] = "In training, leaves out whole maps by chance."
    kind: Literal["spatial-dropout"] = "spatial-dropout"
    share: float = _shown(0.2, "Share", "How many maps are left out.", ge=0, lt=1)


class GlobalPooling(Row):
    title: ClassVar[str] = "Global average pooling"
    about: ClassVar[str] = "The mean of each map: a flat output whose length does not depend on the image size."
    kind: Literal["global-pooling"] = "global-pooling"


InnerRow = Annotated[
    Flatten
    | Linear
    | Conv
    | Norm
    | Activation
    | Pooling
    | SqueezeExcitation
    | Dropout
    | SpatialDropout
    | GlobalPooling,
    Field(discriminator="kind"),
]


class Residual(Row):
    """He et al. 2015, “Deep Residual Learning”. Where the shapes differ, the skip is a 1×1 convolution (their option B)
    whose stride is the product of the strides inside."""

    title: ClassVar[str] = "Residual block"
    about: ClassVar[str] = "Adds its input to what its rows make of it, so that gradients find a short way back."
    kind: Literal["residual"] = "residual"
    rows: tuple[InnerRow, ...] = ()


NetworkRow = Annotated[
    Flatten
    | Linear
    | Conv
    | Norm
    | Activation
    | Pooling
    | SqueezeExcitation
    | Residual
    | Dropout
    | SpatialDropout
    | GlobalPooling,
    Field(discriminator="kind"),
]

ROW_TYPES: dict[str, type[Row]] = {
    str(row.model_fields["kind"].default): row for row in typing.get_args(typing.get_args(NetworkRow)[0])
}
"""Kind to type, in the order in which a person chooses among them."""


class Network(BaseModel):
    """A network from rows; the last linear layer, to the classes, is added by itself and is called the head."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: Annotated[str, Field(title="Title", min_length=1, max_length=80)]
    input_size: int = _shown(
        28, "Input size", "Side of the square image it sees.", "pixels", ge=SMALLEST_INPUT, le=LARGEST_INPUT
    )
    channels: Literal[1, 3] = _shown(3, "Channels", "3 for colour, 1 for grey.")
    initialisation: Initialisation = _shown(
        "he-normal", "Initialisation", "How weights start: He for ReLU and its like, Xavier for sigmoid and tanh."
    )
    rows: Annotated[tuple[NetworkRow, ...], Field(title="Rows", max_length=500)] = ()


def make_network(values: dict[str, Any], source: str = "The network") -> Network:
    """A checked Network from plain values, as TOML reads them. Raises ConfigError that names each wrong key."""
    try:
        return Network.model_validate(values)
    except ValidationError as error:
        sentences = [_sentence(item) for item in error.errors()]
        raise ConfigError(f"{source} cannot be used: {' '.join(sentences)}") from None


def make_row(kind: str, **settings: Any) -> Row:
    """A checked row. Raises ConfigError that names each wrong setting."""
    try:
        return ROW_TYPES[kind](**settings)
    except ValidationError as error:
        raise ConfigError(" ".join(_wrong(item, ROW_TYPES[kind].model_fields) for item in error.errors())) from None


def _sentence(item: Any) -> str:
    """One of pydantic's findings in words; its place is like ("rows", 3, "residual", "rows", 0, "conv", "kernel")."""
    numbers = [str(part + 1) for part in item["loc"] if isinstance(part, int)]
    kind = next((part for part in reversed(item["loc"][:-1]) if part in ROW_TYPES), None)
    row = ROW_TYPES.get(str(kind))
    place = f"Row {'.'.join(numbers)}" + (f" ({kind})" if kind else "") + ": " if numbers else ""
    if item["type"].startswith("union_tag"):
        given = item["input"].get("kind", "") if isinstance(item["input"], dict) else item["input"]
        kinds = [kind for kind in ROW_TYPES if kind != "residual" or len(numbers) == 1]
        return f"{place}there is no kind of row “{given}” here; there are {', '.join(kinds)}."
    return place + _wrong(item, row.model_fields if row else Network.model_fields)


def _wrong(item: Any, fields: dict[str, Any]) -> str:
    key = str(item["loc"][-1])
    if item["type"] == "extra_forbidden":
        return f"there is no setting “{key}”; there are {', '.join(fields)}."
    if item["type"] == "missing":
        return f"“{key}” is missing."
    title = getattr(fields.get(key), "title", None) or key
    reason = item["msg"].replace("Input should", "must").replace("Value error, ", "")
    return f"{title} ({key}) {reason}, not {item['input']!r}."
