"""timm's architectures as rows, from the table that `make_timm_facts` makes: no torch and no timm.

The table is read when the first of its rows is asked for; `timm/NAME` is a row's name.
"""

from __future__ import annotations

import functools
import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import resources
from engine.errors import ThawError
from engine.models.spec import Head, ModelSpec, WeightsSource

PREFIX = "timm/"
TABLES = Path(resources.__file__).parent / "tables"
_MANY_BLOCKS = 7  # above it blocks are layers of a transformer, below it the stages of a convolutional network
_Pixels = tuple[tuple[float, ...], tuple[float, ...]]  # mean and std
_NOT_FOR_SALE = ("nc", "noncommercial", "amlr", "seer", "unknown")


@functools.cache
def facts() -> dict[str, dict[str, Any]]:
    """What is known of each architecture, by timm's name. Tens of milliseconds the first time."""
    try:
        lines = gzip.decompress((TABLES / "timm.jsonl.gz").read_bytes()).splitlines()
    except (OSError, EOFError, zlib.error) as error:
        raise ThawError("The table of timm's models is missing or damaged; install Thaw again.") from error
    return {row["name"]: row for row in map(json.loads, lines[:-1])}


@functools.cache
def searched() -> tuple[tuple[str, str], ...]:
    """Each architecture's text to search in, lower case, and its name: itself, and what its weights were trained on."""
    return tuple(
        (" ".join((name, row["module"], *(source["title"] for source in row["weights"]))).lower(), name)
        for name, row in facts().items()
    )


def search(text: str, limit: int | None = None) -> tuple[ModelSpec, ...]:
    """The first `limit` rows in which every word of `text` is found, by name; all for an empty text."""
    words = text.lower().removeprefix(PREFIX).split()
    names = [name for within, name in searched() if all(word in within for word in words)]
    return tuple(spec_of(facts()[name]) for name in names[:limit])


def find(name: str) -> ModelSpec | None:
    """The row of `timm/NAME`, None where timm has no such architecture or Thaw cannot give it a head."""
    row = facts().get(name.removeprefix(PREFIX))
    return spec_of(row) if row else None


def spec_of(row: dict[str, Any], **said: Any) -> ModelSpec:
    """A row of the catalog from one of the table; `said` are the fields that a curated row says itself. Pixels are
    scaled as the best weights want them."""
    ranked = sorted(row["weights"], key=_best_first)
    mean, std = _pixels(row, ranked[0]) if ranked else (tuple(row["mean"]), tuple(row["std"]))
    path, kind, features = row["head"]
    fields: dict[str, Any] = {
        "name": PREFIX + row["name"],
        "title": row["name"],
        "family": f"timm: {row['module']}",
        "summary": f"One of timm's architectures, of its module “{row['module']}”.",
        "year": 0,
        "licence": f"{ranked[0]['licence']}; trained on {ranked[0]['title']}" if ranked else "",
        "code_licence": "Apache-2.0 (timm)",
        "curated": False,
        "last_blocks": 1 if len(row["blocks"]) <= _MANY_BLOCKS else min(2, len(row["blocks"]) - 1),
    } | said
    return ModelSpec(
        source="timm",
        parameters=row["parameters"],
        flops=row["flops"],
        input_size=row["size"],
        smallest_size=row["smallest"],
        fixed_size=row["fixed"],
        channels=3,
        mean=mean,
        std=std,
        interpolation=row["interpolation"],
        head=Head(path, kind, features),
        blocks=tuple(map(tuple, row["blocks"])),
        maps=row["maps"],
        weights=tuple(_sources(row, ranked, (mean, std))),
        **fields,
    )


def _sources(row: dict[str, Any], ranked: list[dict[str, Any]], own: _Pixels) -> Iterator[WeightsSource]:
    """Where several say the same of their data, the tag tells them apart."""
    titles = Counter(map(_title, ranked))
    for source in ranked:
        mean, std = ((), ()) if _pixels(row, source) == own else _pixels(row, source)
        yield WeightsSource(
            url=_url(row["name"], source),
            imagenet_top1=source.get("top1"),
            name=source["tag"],
            title=_title(source, titles[_title(source)] > 1),
            licence=source["licence"],
            mean=mean,
            std=std,
        )


def _title(source: dict[str, Any], with_tag: bool = False) -> str:
    title = f"{source['title']}, at {source['size']} px" if "size" in source else str(source["title"])
    return f"{title} ({source['tag']})" if with_tag else title


def _pixels(row: dict[str, Any], source: dict[str, Any]) -> _Pixels:
    return tuple(source.get("mean", row["mean"])), tuple(source.get("std", row["std"]))


def _best_first(source: dict[str, Any]) -> tuple[bool, bool, bool, float, str]:
    """Those that end on ImageNet-1k first, freely licensed before others, of the row's own image size before others,
    then by top-1."""
    restricted = any(word in source["licence"].split("-") for word in _NOT_FOR_SALE)
    foreign = not source["title"].endswith("ImageNet-1k")
    return foreign, restricted, "size" in source, -source.get("top1", 0.0), source["tag"]


def _url(name: str, source: dict[str, Any]) -> str:
    if "url" in source:
        return str(source["url"])
    repository = source.get("repository", f"timm/{name}.{source['tag']}")
    return f"https://huggingface.co/{repository}/resolve/main/{source.get('file', 'model.safetensors')}"
