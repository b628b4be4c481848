"""`thaw layers`: the layer tree and the graph of a name of the catalog, a model file or a run, under a strategy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from engine.errors import ThawError
from engine.events import GraphNode, Layer, LayersFinished
from engine.model_file import locate, open_model
from engine.models.blocks import trainable_layers
from engine.models.catalog import CATALOG, find_model
from engine.models.layers.tree import describe_layers
from engine.models.spec import ModelSpec
from engine.models.strategies import find_strategy

DEFAULT_STRATEGY = "feature-extraction"


def layers_of(
    model: str,
    strategy: str | None = None,
    image_size: int | None = None,
    classes: int = 2,
    *,
    head: str = "linear",
    width: int = 512,
    graph: bool = False,
) -> Iterator[Layer | GraphNode | LayersFinished]:
    """Yield the tree, with `graph` the operations too, and the sums.

    A model file or a run brings its own image size, classes and head, and without `strategy` shows which layers its run
    trained. Raises ThawError.
    """
    name, frozen = model, None
    if model not in CATALOG and Path(model).exists():
        manifest = open_model(locate(Path(model))).manifest
        name = str(manifest.architecture.get("name", ""))
        if members := manifest.lineage.get("members"):
            raise ThawError(f"An ensemble has no layer tree of its own; name one of its runs: {members}.")
        image_size, classes = image_size or manifest.preprocessing.image_size, len(manifest.classes)
        head = str(manifest.architecture.get("head", head))
        width = int(manifest.architecture.get("head_width", width))
        frozen = manifest.lineage.get("frozen_layers") if strategy is None else None
    spec = find_model(name)
    events = list(describe_layers(spec, image_size, classes, head=head, width=width, graph=graph))
    owners = tuple(row.name for row in events if isinstance(row, Layer) and row.parameters)
    trained = set(owners) - set(frozen or ())
    if frozen is None:
        trained = _trained(spec, owners, strategy or DEFAULT_STRATEGY)
    parameters = 0
    for event in events:
        if isinstance(event, Layer) and event.name in trained:
            parameters += event.parameters
            event = dataclasses.replace(event, trainable=True)
        elif isinstance(event, LayersFinished):
            event = dataclasses.replace(event, trainable=parameters)
        yield event


def _trained(spec: ModelSpec, owners: tuple[str, ...], strategy: str) -> set[str]:
    """What trains in the last phase."""
    reach = find_strategy(strategy).phases[-1].reach
    return set() if reach == "chosen" else set(trainable_layers(owners, spec.blocks, spec.last_blocks, reach))
