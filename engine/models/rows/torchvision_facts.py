"""A row of a torchvision model: what torchvision publishes, from a table, and what Thaw says of it, from the caller."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import resources
from engine.models.rows.families import FAMILIES
from engine.models.spec import Head, ModelSpec, Need, WeightsSource

_LICENCE = "BSD-3-Clause (torchvision); trained on ImageNet"
_SMALLEST = 32  # below it the last feature maps are one pixel and more; torchvision publishes 1 where any size passes

_CHOICES = {  # by the end of torchvision's key: name, title, licence
    "IMAGENET1K_V1": ("imagenet1k", "ImageNet-1k", _LICENCE),
    "IMAGENET1K_V2": ("imagenet1k-v2", "ImageNet-1k, newer recipe", _LICENCE),
    "IMAGENET1K_SWAG_LINEAR_V1": ("swag", "3.6 billion Instagram photos (SWAG)", ""),
    "IMAGENET1K_SWAG_E2E_V1": ("swag-large", "3.6 billion Instagram photos (SWAG), then ImageNet-1k at {size} px", ""),
}


@functools.cache
def facts() -> dict[str, list[dict[str, Any]]]:
    """What torchvision publishes of each model's weights; see `make_facts.torchvision_table`."""
    path = Path(resources.__file__).parent / "tables" / "torchvision.json"
    read: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return read


def row(
    name: str,
    title: str,
    family: str,
    summary: str,
    head: Head,
    blocks: tuple[tuple[str, ...], ...],
    last_blocks: int,
    maps: str,
    *,
    needs: tuple[Need, ...] = (),
    year: int | None = None,
    fixed_size: bool = False,
    smallest_size: int = _SMALLEST,
    **other: Any,
) -> ModelSpec:
    """The row; sizes, pixels' statistics and weights are those of the best official ImageNet weights that the network
    takes at its own size. `other` are fields of ModelSpec that differ from the table."""
    here = [fact for fact in facts()[name] if not fixed_size or fact["size"] == _own_size(name)]
    best, *_ = sorted(here, key=_best_first)
    about = FAMILIES[family]
    fields: dict[str, Any] = {
        "parameters": best["parameters"],
        "flops": best["flops"],
        "input_size": best["size"],
        "mean": tuple(best["mean"]),
        "std": tuple(best["std"]),
        "interpolation": best["interpolation"],
        "weights": tuple(map(_source, sorted(here, key=_best_first))),
        "recipe": about.recipe,
    } | other
    smallest = best["size"] if fixed_size else max(smallest_size, best["smallest"] if best["smallest"] < 100 else 0)
    return ModelSpec(
        name=name,
        title=title,
        family=family,
        summary=summary,
        year=year or about.year,
        source="torchvision",
        smallest_size=smallest,
        channels=3,
        head=head,
        blocks=blocks,
        last_blocks=last_blocks,
        maps=maps,
        licence=_SWAG if "SWAG" in best["key"] else _LICENCE,
        fixed_size=fixed_size,
        brought=about.brought,
        code_licence="BSD-3-Clause",
        needs=needs,
        **fields,
    )


_SWAG = "CC-BY-NC-4.0 (SWAG); not for commercial use"


def _own_size(name: str) -> int:
    """The smallest size for which there are weights: a network with a fixed size is built for one."""
    return min(int(fact["size"]) for fact in facts()[name])


def _best_first(fact: dict[str, Any]) -> tuple[bool, float]:
    """ImageNet before SWAG, whose licence forbids commerce; then by top-1."""
    return "SWAG" in fact["key"], -fact["top1"]


def _source(fact: dict[str, Any]) -> WeightsSource:
    name, title, licence = _CHOICES[fact["key"]]
    return WeightsSource(fact["url"], fact["top1"], name, title.format(size=fact["size"]), licence or _SWAG)


def in_order(prefix: str, numbers: Iterable[int], *rest: str) -> tuple[tuple[str, ...], ...]:
    """A block for each of `prefix`.number, then one for each of `rest`."""
    return (*((f"{prefix}.{number}",) for number in numbers), *((name,) for name in rest))
