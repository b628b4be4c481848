"""The catalog as a person sees it, and the layer trees of its rows, from tables made by `make tables`: no torch."""

from __future__ import annotations

import dataclasses
import functools
import json
from pathlib import Path

import resources
from engine.errors import ThawError
from engine.events import Layer, Model
from engine.models import weights
from engine.models.catalog import CATALOG, ModelSpec, find_model
from engine.wire import from_json

FOLDER = Path(resources.__file__).parent / "tables"
FAST, SLOW = 100, 30
"""Photos a second on two CPU cores: above the first is fast, below the second slow."""


@functools.cache
def read_layers(name: str) -> tuple[Layer, ...]:
    """The layer tree of a row at its own image size, with a head for two classes."""
    path = FOLDER / "layers" / f"{find_model(name).name}.jsonl"
    try:
        rows = [from_json(line) for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise ThawError(f"The table of layers of {name} is missing or damaged; install Thaw again.") from error
    return tuple(row for row in rows if isinstance(row, Layer))


def with_classes(name: str, classes: int) -> tuple[Layer, ...]:
    """The same, with the head as large as `classes` classes make it."""
    spec = find_model(name)
    rows = read_layers(name)
    head = max(index for index, row in enumerate(rows) if row.type == "Linear")
    new = dataclasses.replace(rows[head], output_shape=(classes,), parameters=(spec.head.features + 1) * classes)
    return (*rows[:head], new, *rows[head + 1 :])


@functools.cache
def read_speeds() -> dict[str, float]:
    """Measured photos a second of each row in ONNX Runtime on two CPU cores."""
    measured: dict[str, float] = json.loads((FOLDER / "speeds.json").read_text(encoding="utf-8"))["images_per_second"]
    return measured


def list_models(weights_dir: Path | None = None) -> tuple[Model, ...]:
    """A Model for each row of the catalog; says where weights are on this machine."""
    return tuple(_as_seen(spec, weights_dir) for spec in CATALOG.values())


def _as_seen(spec: ModelSpec, weights_dir: Path | None) -> Model:
    found = weights.find(spec, weights_dir)
    rate = read_speeds().get(spec.name)
    return Model(
        name=spec.name,
        title=spec.title,
        family=spec.family,
        summary=spec.summary,
        parameters=spec.parameters,
        imagenet_top1=spec.imagenet_top1,
        input_size=spec.input_size,
        speed="" if rate is None else "fast" if rate > FAST else "slow" if rate < SLOW else "medium",
        images_per_second=rate,
        weights=str(found.path) if found else "",
        has_official_weights=bool(spec.weights),
        year=spec.year,
        licence=spec.licence,
    )
