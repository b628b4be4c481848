"""A learning rate that was found, and for what: so that it can be told when it holds no more."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_app.widgets.start.found_for import FoundFor
from engine.config import TrainConfig
from engine.dataset.index import DatasetIndex
from engine.events import LearningRateFound

WITHOUT_EFFECT = frozenset(
    (
        *("learning_rate", "schedule", "warmup_epochs", "epochs", "patience", "unfreeze_when", "unfreeze_patience"),
        *("step_epochs", "restart_epochs", "plateau_epochs", "rate_factor", "accumulation", "ema_decay", "swa_start"),
        *("views", "device", "threads", "channels_last", "cache"),
    )
)
"""Settings that decide nothing of a sweep's curve: how the rate goes later, how long the run lasts, and where it
computes. Any other may."""


@dataclass(frozen=True)
class RateFinding:
    """What a sweep found for these settings and these photos."""

    found: LearningRateFound
    config: TrainConfig
    dataset: DatasetIndex | None

    def reason_against(self, config: TrainConfig, dataset: DatasetIndex | None) -> str:
        """Why it does not hold for a run of `config`, as a sentence; "" where it does."""
        return FoundFor(self.config, self.dataset).reason_against(config, dataset, WITHOUT_EFFECT)
