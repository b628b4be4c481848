"""`thaw layers`: the layer tree of a name of the catalog, a model file or a run, under a strategy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.events import Layer, LayersFinished
from engine.model_file import locate, open_model
from engine.models.build import build, owners
from engine.models.catalog import CATALOG, find_model
from engine.models.layers import describe_layers
from engine.models.strategies import find_strategy, trainable_layers


def layers_of(
    model: str, strategy: str, image_size: int | None = None, classes: int = 2
) -> Iterator[Layer | LayersFinished]:
    """Yield the tree; a model file's own image size and number of classes are taken. Raises ThawError."""
    name = model
    if model not in CATALOG and Path(model).exists():
        manifest = open_model(locate(Path(model))).manifest
        name = str(manifest.architecture.get("name", ""))
        image_size, classes = image_size or manifest.preprocessing.image_size, len(manifest.classes)
    spec, row = find_model(name), find_strategy(strategy)
    layers = owners(build(spec, classes))
    reach = row.phases[-1].reach
    trained = () if reach == "chosen" else trainable_layers(layers, spec.blocks, spec.last_blocks, reach)
    yield from describe_layers(spec, image_size, classes, trained)
