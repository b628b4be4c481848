"""The catalog as a person sees it, and the layer trees of its rows, from tables made by `make tables`: no torch."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import resources
from engine.events import Model, Notice, WeightsChoice
from engine.models import timm_models
from engine.models.catalog import CATALOG, LARGEST_BYTES, ModelSpec, own_models
from engine.models.layers.tables import has_table, read_graph, read_layers, with_classes
from engine.models.pretrained import weights

__all__ = [
    "has_table",
    "list_models",
    "listed",
    "problems",
    "read_graph",
    "read_layers",
    "read_speeds",
    "search_all",
    "with_classes",
]

FOLDER = Path(resources.__file__).parent / "tables"
FAST, SLOW = 100, 30
"""Photos a second on two CPU cores: above the first is fast, below the second slow."""
TYPICAL_RATE = 60e9
"""Multiply-adds a second of the measured rows, for those that were not measured."""


@functools.cache
def read_speeds() -> dict[str, float]:
    """Measured photos a second of each row in ONNX Runtime on two CPU cores."""
    measured: dict[str, float] = json.loads((FOLDER / "speeds.json").read_text(encoding="utf-8"))["images_per_second"]
    return measured


def list_models(weights_dir: Path | None = None) -> tuple[Model, ...]:
    """A Model for each curated row and each model of the person's own; says which weights are on this machine."""
    own, _ = own_models()
    return _as_seen((*CATALOG.values(), *own.values()), weights_dir)


def search_all(text: str = "", weights_dir: Path | None = None, limit: int | None = 200) -> tuple[Model, ...]:
    """The models in which every word of `text` is found, curated and own ones first, then timm's, `limit` at most.

    Looked in are names, titles, families, sentences, and what weights were trained on. Light: tens of milliseconds the
    first time, then few.
    """
    words = text.lower().split()
    own, _ = own_models()
    found = [spec for spec in (*CATALOG.values(), *own.values()) if all(word in _said(spec) for word in words)]
    rest = None if limit is None else limit - len(found)
    if rest is None or rest > 0:
        found += timm_models.search(text, rest)
    return _as_seen(found[:limit], weights_dir)


def problems() -> tuple[str, ...]:
    """A sentence for each file in the person's folder of models that cannot be used."""
    return own_models()[1]


def listed(text: str | None, everything: bool, weights_dir: Path | None = None) -> Iterator[Model | Notice]:
    """What `thaw models` prints: the curated and own rows; with `everything`, or a `text` to search for, timm's too."""
    for problem in problems():
        yield Notice(problem, "own_model")
    if text is None and not everything:
        yield from list_models(weights_dir)
    else:
        yield from search_all(text or "", weights_dir, limit=None)


def _said(spec: ModelSpec) -> str:
    """The text of a row to search in, lower case."""
    said = (spec.name, spec.title, spec.family, spec.summary, spec.brought, *(source.title for source in spec.weights))
    return " ".join(said).lower()


def _as_seen(specs: Iterable[ModelSpec], weights_dir: Path | None) -> tuple[Model, ...]:
    here = weights.shelves(weights_dir)
    return tuple(_model(spec, weights.found_for(spec, weights_dir, here)) for spec in specs)


def _model(spec: ModelSpec, found: tuple[weights.FoundWeights, ...]) -> Model:
    rate = read_speeds().get(spec.name)
    paths = {one.name: str(one.path) for one in found}
    official = [
        WeightsChoice(source.name, source.title, source.licence, source.imagenet_top1, paths.pop(source.name, ""))
        for source in spec.weights
    ]
    own = [WeightsChoice(one.name, one.trained_on, "", None, str(one.path)) for one in found if one.name in paths]
    return Model(
        name=spec.name,
        title=spec.title,
        family=spec.family,
        summary=spec.summary,
        parameters=spec.parameters,
        imagenet_top1=spec.imagenet_top1,
        input_size=spec.input_size,
        speed=_speed(spec, rate),
        images_per_second=rate,
        weights=str(found[0].path) if found else "",
        has_official_weights=bool(spec.weights),
        year=spec.year,
        licence=spec.licence,
        flops=spec.flops,
        brought=spec.brought,
        needs=spec.needs,
        choices=(*official, *own),
        curated=spec.curated,
        source=spec.source,
        code_licence=spec.code_licence,
        smallest_size=spec.smallest_size,
        fixed_size=spec.fixed_size,
        too_large=4 * spec.parameters > LARGEST_BYTES,
    )


def _speed(spec: ModelSpec, rate: float | None) -> str:
    if rate is None:
        if not spec.flops:
            return ""
        rate = TYPICAL_RATE / spec.flops
    return "fast" if rate > FAST else "slow" if rate < SLOW else "medium"
