"""The architectures as rows of data. Differences between models are fields here, not branches elsewhere."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence

from engine.errors import ThawError
from engine.models import timm_models
from engine.models.network.files import models_folder
from engine.models.own_models import read_own_model, read_own_models
from engine.models.rows import classic, from_rows, mobile, residual, thaws_own, timm_rows, transformers
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
from engine.reachable import is_file

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
    "for_weights",
    "own_models",
    "title_of",
]

LARGEST_BYTES = 2**31 - 1
"""A protocol buffer, which an ONNX file is, cannot be larger."""

_ROWS = (
    *mobile.ROWS,
    *residual.ROWS,
    *classic.ROWS,
    *transformers.ROWS,
    *timm_rows.ROWS,
    *thaws_own.ROWS,
    *from_rows.ROWS,
)
CATALOG: dict[str, ModelSpec] = {row.name: row for row in _ROWS}


def find_model(name: str) -> ModelSpec:
    """The row of that name: a curated one, `timm/NAME` for any other of timm's, or a model of the person's own.

    Raises ThawError with the nearest names where there is none, and with what is wrong where a file of the person's own
    cannot be used.
    """
    found = _library_model(name)
    if found is None:
        path = models_folder() / f"{name}.toml"
        if name and "/" not in name and is_file(path):
            found = read_own_model(path, _find_base)
    if found is None:
        names = (*_library_names(), *own_models()[0])
        raise ThawError(f"There is no model named “{name}”{_nearest(name, names)}. “thaw models --all” lists them.")
    return found


def title_of(name: str) -> str:
    """The title of the model; its name where this machine does not know it."""
    try:
        return find_model(name).title
    except ThawError:
        return name


def own_models() -> tuple[dict[str, ModelSpec], tuple[str, ...]]:
    """The models of the person's own by name, and a sentence for each file that cannot be used."""
    return read_own_models(_find_base, CATALOG)


def for_weights(spec: ModelSpec, name: str | None) -> ModelSpec:
    """The row with the pixels scaled as its weights of that name were trained; the row itself for any other name."""
    source = next((source for source in spec.weights if source.name == name and source.mean), None)
    return dataclasses.replace(spec, mean=source.mean, std=source.std) if source else spec


def _library_model(name: str) -> ModelSpec | None:
    if name in CATALOG:
        return CATALOG[name]
    return timm_models.find(name) if name.startswith(timm_models.PREFIX) else None


def _find_base(name: str) -> ModelSpec:
    """What a model of one's own can be made of: the same but for other models of one's own."""
    found = _library_model(name)
    if found is None:
        raise ThawError(f"There is no model named “{name}”{_nearest(name, _library_names())}.")
    return found


def _library_names() -> tuple[str, ...]:
    return *CATALOG, *(timm_models.PREFIX + name for name in timm_models.facts())


def _nearest(name: str, names: Sequence[str]) -> str:
    """The names most like a mistyped one, as the middle of a sentence."""
    bare = timm_models.PREFIX + name
    near = [bare] if bare in names else difflib.get_close_matches(name, names, 3)
    return f"; did you mean {', '.join(near)}" if near else ""


def check_exportable(spec: ModelSpec) -> None:
    """Raises ThawError where the weights, four bytes each, are too large for the one ONNX file a model becomes."""
    size = 4 * spec.parameters
    if size > LARGEST_BYTES:
        raise ThawError(
            f"{spec.title} is too large ({size / 2**30:.1f} GiB) to become one model file (2 GiB at most); "
            "choose a smaller model."
        )
