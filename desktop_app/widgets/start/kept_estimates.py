"""Estimates of runs, each kept for the settings and photos that it was measured for."""

from __future__ import annotations

from collections.abc import Hashable

from engine.config import TrainConfig
from engine.dataset.index import DatasetIndex
from engine.events import RunEstimated
from engine.models.short_list import Candidate

WITHOUT_COST = frozenset(
    (
        *("learning_rate", "momentum", "weight_decay", "label_smoothing", "schedule", "warmup_epochs", "seed"),
        *("patience", "class_weights", "head_dropout", "clip_norm", "l1"),
    )
)
"""Settings on which neither time nor memory hangs; any other may cost. An estimate is of all the epochs that were asked
for, so patience is among them."""
CHOICE = frozenset(("model", "strategy", "trainable", "unfreeze", "weights"))
"""What rows of a comparison differ in."""


class KeptEstimates:
    """For as long as the window is open."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, RunEstimated] = {}

    def find(self, config: TrainConfig, dataset: DatasetIndex | None) -> RunEstimated | None:
        return self._kept.get(key_of(config, dataset))

    def keep(self, estimate: RunEstimated, config: TrainConfig, dataset: DatasetIndex | None, chosen: bool) -> None:
        """`chosen` says that it is of `config` itself; else it is of another model or strategy with its settings."""
        if not chosen:
            config = config.with_changes(**Candidate(estimate.model, estimate.strategy).changes())
        self._kept[key_of(config, dataset)] = estimate


def key_of(config: TrainConfig, dataset: DatasetIndex | None, without: frozenset[str] = frozenset()) -> Hashable:
    """What an estimate hangs on: all settings but those without cost and those in `without`, and the photos."""
    left_out = WITHOUT_COST | without
    values = tuple((name, repr(value)) for name, value in config if name not in left_out)
    return values, (dataset.root, len(dataset.photos)) if dataset else None
