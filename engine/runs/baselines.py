"""Baselines: what a linear classifier on frozen features gets right of a dataset's validation photos.

They are kept beside the caches, by the photos themselves, so that every later run on the same photos can say what it
gained. What is lost there is measured anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from engine.dataset.index import Photo
from engine.dataset.row_store import stores_folder
from engine.whole_file import write_whole

NAME = "baselines.json"
MOST_KEPT = 200
LOOKED_AT = 200
"""Photos of a split whose sizes in bytes are compared: other photos under the same names are other photos."""


@dataclass(frozen=True)
class Baseline:
    """`val_accuracy` is the share of `val_photos` that is right, `low` and `high` its 95 % interval (Wilson), `chance`
    what always naming the largest training class would get right. Where the dataset has more than `train_photos` or
    `val_photos`, those are a sample."""

    model: str
    val_accuracy: float
    low: float
    high: float
    chance: float
    train_photos: int
    val_photos: int


def keep(photos: Iterable[Photo], baseline: Baseline) -> None:
    """Keep what was measured on these photos of the dataset (all of them, each with its split)."""
    photos = tuple(photos)
    kept = _read()
    kept.pop(_digest(photos, "val"), None)
    kept[_digest(photos, "val")] = asdict(baseline) | {"learnt_from": _digest(photos, "train")}
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps(dict(list(kept.items())[-MOST_KEPT:]), indent=1).encode())


def find(photos: Iterable[Photo], model: str | None = None) -> Baseline | None:
    """What was measured on the same validation photos; with a `model`, by that one and learnt from the same photos."""
    photos = tuple(photos)
    found = _read().get(_digest(photos, "val"))
    if found is None or (model and (found["model"], found["learnt_from"]) != (model, _digest(photos, "train"))):
        return None
    return Baseline(**{field.name: found[field.name] for field in fields(Baseline)})


def _path() -> Path:
    return stores_folder().parent / NAME


def _read() -> dict[str, dict[str, Any]]:
    try:
        kept = json.loads(_path().read_text(encoding="utf-8"))
        needed = {field.name for field in fields(Baseline)} | {"learnt_from"}
        return {key: row for key, row in kept.items() if needed <= set(row)}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _digest(photos: Iterable[Photo], split: str) -> str:
    rows = sorted((str(photo.path), photo.label) for photo in photos if photo.split == split)
    told = [f"{path}\0{label}" for path, label in rows]
    told += [str(_bytes_of(path)) for path, _ in rows[:: max(1, len(rows) // LOOKED_AT)]]
    return hashlib.sha256("\n".join(told).encode("utf-8", "surrogatepass")).hexdigest()


def _bytes_of(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return -1
