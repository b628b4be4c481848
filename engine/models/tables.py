"""The catalog as a person sees it, and the layer trees of its rows, from tables made by `make tables`: no torch."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import resources
from engine.events import Model
from engine.models import weights
from engine.models.catalog import CATALOG, ModelSpec
from engine.models.layer_tables import has_table, read_graph, read_layers, with_classes

__all__ = ["has_table", "list_models", "read_graph", "read_layers", "read_speeds", "with_classes"]

FOLDER = Path(resources.__file__).parent / "tables"
FAST, SLOW = 100, 30
"""Photos a second on two CPU cores: above the first is fast, below the second slow."""


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
