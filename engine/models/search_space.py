"""What a search may change, as rows: a setting, and what a trial may give it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from engine.config import TrainConfig
from engine.errors import ConfigError
from engine.events.diagnosis import Value
from engine.models.catalog import find_model
from engine.models.recipes import choose_recipe
from engine.models.strategies import STRATEGIES, find_strategy

RATE_FACTOR = 10.0
"""How far the learning rate goes from the usual one, to both sides."""
USUAL = ("learning_rate", "weight_decay", "label_smoothing", "augmentation")
"""What is varied where nothing is named."""


class Trial(Protocol):
    """What of optuna's Trial and FrozenTrial is used."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any: ...


def _one_of(*choices: Value) -> Callable[[Trial, str], Value]:
    return lambda trial, name: trial.suggest_categorical(name, choices)


def _between(low: float, high: float, log: bool = False) -> Callable[[Trial, str], Value]:
    return lambda trial, name: float(f"{trial.suggest_float(name, low, high, log=log):.2g}")


SPACE: dict[str, Callable[[Trial, str], Value]] = {
    "strategy": _one_of(*(name for name, row in STRATEGIES.items() if not row.from_run and name != "custom")),
    "head": _one_of("linear", "dropout", "mlp", "batchnorm-mlp"),
    "augmentation": _one_of("none", "light", "standard", "strong", "trivialaugment"),
    "batch_size": _one_of(8, 16, 32, 64),
    "optimizer": _one_of("adamw", "sgd"),
    "weight_decay": _between(1e-5, 0.3, log=True),
    "label_smoothing": _between(0.0, 0.2),
    "mixup": _between(0.0, 0.4),
    "learning_rate": _between(1 / RATE_FACTOR, RATE_FACTOR, log=True),
}
"""In the order in which they are asked for. The learning rate is a factor to what suits the others, so that a trial of
another strategy or optimizer begins where that one's rates lie."""


def check(names: Sequence[str]) -> tuple[str, ...]:
    """`names` in the space's order. Raises ConfigError for one that cannot be varied."""
    for name in names:
        if name not in SPACE:
            raise ConfigError(f"A search cannot vary “{name}”; it can vary {', '.join(sorted(SPACE))}.")
    return tuple(name for name in SPACE if name in names)


def changes_of(trial: Trial, config: TrainConfig, names: Sequence[str]) -> dict[str, Value]:
    """The settings that a trial is given."""
    changes = {name: SPACE[name](trial, name) for name in names}
    if "learning_rate" in changes:
        changes["learning_rate"] = _rate(config, changes)
    return changes


def _rate(config: TrainConfig, changes: Mapping[str, Value]) -> float:
    """The usual rate of these settings, times the trial's factor."""
    others = {name: value for name, value in changes.items() if name != "learning_rate"}
    asked = config.with_changes(**others)
    usual = choose_recipe(asked, find_model(asked.model), find_strategy(asked.strategy)).learning_rate
    assert usual
    return min(10.0, float(f"{usual * float(changes['learning_rate']):.2g}"))
