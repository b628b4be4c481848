"""A learning rate that was found, and for what: so that it can be told when it holds no more."""

from __future__ import annotations

from dataclasses import dataclass

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
        if config.data != self.config.data:
            return "Found for another dataset."
        if dataset != self.dataset:
            return "Found before the photos changed."
        changed = changed_settings(self.config, config, WITHOUT_EFFECT)
        return f"Found for other settings; changed since: {', '.join(changed)}." if changed else ""


def changed_settings(one: TrainConfig, other: TrainConfig, without: frozenset[str]) -> list[str]:
    """The titles, in lower case, of the settings in which two differ, those in `without` left out."""
    names = [name for name in TrainConfig.model_fields if name not in without]
    differing = [name for name in names if getattr(one, name) != getattr(other, name)]
    return [str(TrainConfig.model_fields[name].title).lower() for name in differing]
