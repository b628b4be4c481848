"""The architectures as rows of data. Differences between models are fields here, not branches elsewhere."""

from __future__ import annotations

from engine.errors import ThawError
from engine.models.rows import classic, from_rows, mobile, residual, thaws_own, transformers
from engine.models.spec import (
    ANY_NETWORK,
    IMAGENET_MEAN,
    IMAGENET_STD,
    Family,
    Head,
    ModelSpec,
    Need,
    Recipe,
    Source,
    WeightsSource,
)

__all__ = [
    "ANY_NETWORK",
    "CATALOG",
    "IMAGENET_MEAN",
    "IMAGENET_STD",
    "LARGEST_BYTES",
    "Family",
    "Head",
    "ModelSpec",
    "Need",
    "Recipe",
    "Source",
    "WeightsSource",
    "check_exportable",
    "find_model",
]

LARGEST_BYTES = 2**31 - 1
"""A protocol buffer, which an ONNX file is, cannot be larger."""

_ROWS = (*mobile.ROWS, *residual.ROWS, *classic.ROWS, *transformers.ROWS, *thaws_own.ROWS, *from_rows.ROWS)
CATALOG: dict[str, ModelSpec] = {row.name: row for row in _ROWS}


def find_model(name: str) -> ModelSpec:
    """The row of that name. Raises ThawError that lists the names there are."""
    if name not in CATALOG:
        raise ThawError(f"There is no model named “{name}”; the models are {', '.join(CATALOG)}.")
    return CATALOG[name]


def check_exportable(spec: ModelSpec) -> None:
    """Raises ThawError where the weights, four bytes each, are too large for the one ONNX file a model becomes."""
    size = 4 * spec.parameters
    if size > LARGEST_BYTES:
        raise ThawError(
            f"{spec.title} is too large ({size / 2**30:.1f} GiB) to become one model file (2 GiB at most); "
            "choose a smaller model."
        )
