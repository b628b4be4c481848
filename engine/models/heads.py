"""The heads as rows of data: what takes the pooled feature vector and gives a logit for each class. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from engine.errors import ThawError

Part = Literal["norm", "hidden", "relu", "dropout", "output"]
"""BatchNorm1d · Linear to the width · ReLU · Dropout · Linear to the classes."""


@dataclass(frozen=True)
class HeadKind:
    """`parts` in order; `dropout` is the share dropped where the person does not say."""

    name: str
    title: str
    summary: str
    parts: tuple[Part, ...]
    dropout: float = 0.0


@dataclass(frozen=True)
class HeadLayer:
    """One layer of a head: its class name in torch, how many values it gives, how many parameters it owns."""

    type: str
    outputs: int
    parameters: int


_ROWS = (
    HeadKind(
        "linear", "Linear",
        "One linear layer, the usual head: quick to train, and hard to overfit.",
        ("output",),
    ),
    HeadKind(
        "dropout", "Dropout and linear",
        "A linear layer that sees half of the features at each step: for few photos a class.",
        ("dropout", "output"), 0.5,  # Srivastava et al. 2014, "Dropout": half is near the best for hidden layers
    ),
    HeadKind(
        "mlp", "Two layers (MLP)",
        "A hidden layer between: can separate classes that one linear layer cannot, given enough photos.",
        ("hidden", "relu", "dropout", "output"),
    ),
    HeadKind(
        "batchnorm-mlp", "Two layers with batch norm",
        "As above with batch norm and dropout: steadier when the photos differ much from everyday ones.",
        ("norm", "hidden", "relu", "norm", "dropout", "output"), 0.5,  # as fastai's create_head, whose last is 0.5
    ),
)  # fmt: skip

HEADS: dict[str, HeadKind] = {row.name: row for row in _ROWS}


def find_head(name: str) -> HeadKind:
    """The row of that name. Raises ThawError that lists the names there are."""
    if name not in HEADS:
        raise ThawError(f"There is no head named “{name}”; the heads are {', '.join(HEADS)}.")
    return HEADS[name]


def describe_head(kind: HeadKind, features: int, classes: int, width: int) -> Iterator[HeadLayer]:
    """Yield the layers of a head for `features` inputs, in order."""
    size = features
    for part in kind.parts:
        if part == "norm":
            yield HeadLayer("BatchNorm1d", size, 2 * size)
        elif part in ("hidden", "output"):
            before, size = size, width if part == "hidden" else classes
            yield HeadLayer("Linear", size, (before + 1) * size)
        else:
            yield HeadLayer({"relu": "ReLU", "dropout": "Dropout"}[part], size, 0)
