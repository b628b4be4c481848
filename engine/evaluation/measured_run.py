"""What a finished run answered, photo by photo, so that several can be put beside each other. No torch."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine import runs
from engine.config import TrainConfig
from engine.errors import RunError
from engine.runs import PredictionRow

SPLITS = ("test", "val")
Key = tuple[str, str, int]
"""A photo whoever trained on it: hash of its content, its label, and how many of the same came before it."""


@dataclass(frozen=True)
class MeasuredRun:
    """A run by the name that it has beside others. `photos` has by split what it answered for each, `trained` the
    hashes of those that it trained on."""

    folder: Path
    name: str
    config: TrainConfig
    metrics: dict[str, Any]
    photos: dict[str, dict[Key, PredictionRow]]
    trained: frozenset[str]

    @functools.cached_property
    def classes(self) -> tuple[str, ...]:
        split = self.metrics.get("val") or {}
        return tuple(row["name"] for row in split.get("per_class", ()))

    def answers(self, split: str, keys: Sequence[Key]) -> tuple[np.ndarray, np.ndarray]:
        """The labels (N) and calibrated probabilities (N×classes) of these photos of a split, as the run numbers its
        classes."""
        rows = [self.photos[split][key] for key in keys]
        number = {name: place for place, name in enumerate(self.classes)}
        return np.array([number[row.label] for row in rows]), np.array([row.probabilities for row in rows])


def read_measured(run_dir: Path, name: str) -> MeasuredRun:
    """A run and its answers, none where it has no results yet. Raises RunError where its list of photos is damaged."""
    config, metrics = runs.read_config(run_dir), runs.read_metrics(run_dir)
    try:
        _, photos, hashes = runs.read_dataset(run_dir)
        rows = runs.read_predictions(run_dir) if metrics else ()
    except (OSError, ValueError) as error:
        raise RunError(f"The run in {run_dir} has no readable list of its photos: {error}.") from None
    hash_of = {photo.path: digest for photo, digest in zip(photos, hashes, strict=True)}
    found: dict[str, dict[Key, PredictionRow]] = {split: {} for split in SPLITS}
    seen: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        if digest := hash_of.get(row.path):
            found[row.split][digest, row.label, seen[row.split, digest, row.label]] = row
            seen[row.split, digest, row.label] += 1
    trained = frozenset(digest for photo, digest in zip(photos, hashes, strict=True) if photo.split == "train")
    return MeasuredRun(run_dir, name, config, metrics, found, trained)


def common_photos(measured: Sequence[MeasuredRun], split: str, trained: frozenset[str]) -> tuple[Key, ...]:
    """The photos of a split that all these runs were measured on and whose content is not in `trained`."""
    first, *others = (run.photos[split] for run in measured)
    return tuple(key for key in first if key[0] not in trained and all(key in other for other in others))


def trained_by_any(measured: Sequence[MeasuredRun]) -> frozenset[str]:
    """Hashes of the photos that any of the runs has trained on."""
    return frozenset[str]().union(*(run.trained for run in measured))
