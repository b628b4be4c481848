"""For which settings and photos something was found, so that it can be told when it holds no more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from engine.config import TrainConfig
from engine.dataset.index import DatasetIndex


@dataclass(frozen=True)
class FoundFor:
    config: TrainConfig
    dataset: DatasetIndex | None

    def reason_against(self, config: TrainConfig, dataset: DatasetIndex | None, without: Collection[str]) -> str:
        """Why what was found does not hold for a run of `config`, as a sentence; "" where it does. The settings in
        `without` decide nothing."""
        if config.data != self.config.data:
            return "Found for another dataset."
        if dataset != self.dataset:
            return "Found before the photos changed."
        changed = changed_settings(self.config, config, without)
        return f"Found for other settings; changed since: {', '.join(changed)}." if changed else ""


def changed_settings(one: TrainConfig, other: TrainConfig, without: Collection[str]) -> list[str]:
    """The titles, in lower case, of the settings in which two differ, those in `without` left out."""
    names = [name for name in TrainConfig.model_fields if name not in without]
    differing = [name for name in names if getattr(one, name) != getattr(other, name)]
    return [str(TrainConfig.model_fields[name].title).lower() for name in differing]
