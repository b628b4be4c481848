"""Which other models and strategies are worth holding beside a choice before a run. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.config import TrainConfig
from engine.events import Model

SUITING = ("feature-extraction", "last-blocks", "fine-tuning")
"""The strategies that the adviser's table names (`advice.TABLE`), from the cheapest to the dearest."""
MOST_MODELS = 3


@dataclass(frozen=True)
class Candidate:
    """A model and a strategy, by name."""

    model: str
    strategy: str

    def changes(self) -> dict[str, object]:
        """The settings that take it: what was ticked, planned or chosen for another model gives way."""
        return {"model": self.model, "strategy": self.strategy, "trainable": None, "unfreeze": None, "weights": None}


def candidates(config: TrainConfig, models: Sequence[Model]) -> tuple[Candidate, ...]:
    """What to hold beside `config`: its model by the other strategies, where its weights are here; and by its strategy,
    or feature extraction where that cannot be, the models of `models` with weights here that are best on ImageNet."""
    here = [model for model in models if model.weights and model.imagenet_top1 is not None and not model.too_large]
    names = {model.name for model in here}
    strategies = SUITING if config.model in names else ()
    strategy = config.strategy if config.strategy in SUITING else SUITING[0]
    others = [model for model in here if model.name != config.model]
    best = sorted(others, key=lambda model: -(model.imagenet_top1 or 0.0))
    found = [Candidate(config.model, name) for name in strategies]
    found += [Candidate(model.name, strategy) for model in best[:MOST_MODELS]]
    return tuple(one for one in found if one != Candidate(config.model, config.strategy))
