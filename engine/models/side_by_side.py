"""Which strategies are held beside each other by training them all, and the settings of each. No torch."""

from __future__ import annotations

from collections.abc import Sequence

from engine.config import TrainConfig
from engine.errors import ConfigError
from engine.models.catalog import find_model
from engine.models.own_strategies import find_own
from engine.models.short_list import Candidate
from engine.models.strategies import STRATEGIES

TICKED = "custom"
FROM_RANDOM = "from-scratch"


def usual(config: TrainConfig) -> tuple[str, ...]:
    """The strategies that suit the settings' model: all that need neither an earlier run nor ticked layers, but from
    scratch only where there are no weights to start from."""
    pretrained = tuple(
        name for name, row in STRATEGIES.items() if row.pretrained and not row.from_run and name != TICKED
    )
    return pretrained if has_weights(config) else (FROM_RANDOM,)


def has_weights(config: TrainConfig) -> bool:
    """Whether there are weights that a run of these settings can start from, here or to be fetched."""
    spec = find_model(config.model)
    return bool(config.weights or spec.weights or spec.own_weights)


def pairs(config: TrainConfig, strategies: Sequence[str], models: Sequence[str]) -> tuple[Candidate, ...]:
    """Every one of `models` by every one of `strategies`; without any, the settings' model and what is usual for each.

    Raises ConfigError for fewer than two, and for a strategy that cannot be held beside others; ThawError for names
    that there are not.
    """
    found = tuple(
        dict.fromkeys(
            Candidate(model, strategy)
            for model in models or (config.model,)
            for strategy in strategies or usual(settings_of(config, Candidate(model, config.strategy)))
        )
    )
    for pair in found:
        _check(config, pair)
    if len(found) < 2:
        raise ConfigError(
            f"There is only one run to train, {found[0].model} by “{found[0].strategy}”; name at least two "
            "strategies, or two models."
        )
    return found


def settings_of(config: TrainConfig, pair: Candidate) -> TrainConfig:
    """`config` with another model or strategy and all else as it is, but for what was ticked, planned or chosen for
    the one that gives way."""
    changes: dict[str, object] = {"model": pair.model, "strategy": pair.strategy, "extends": None}
    if pair.model != config.model:
        changes |= pair.changes()
    if pair.strategy != config.strategy:
        changes |= {"unfreeze": None, "continue_from": None}
        changes |= {} if pair.strategy == TICKED else {"trainable": None}
    return config.with_changes(**changes)


def _check(config: TrainConfig, pair: Candidate) -> None:
    find_model(pair.model)
    if pair.strategy not in STRATEGIES:
        find_own(pair.strategy)
    elif STRATEGIES[pair.strategy].from_run:
        raise ConfigError(f"“{pair.strategy}” goes on from an earlier run and cannot be held beside the others.")
    elif pair.strategy == TICKED and not (config.trainable and pair.model == config.model):
        raise ConfigError(f"“{TICKED}” trains the layers that “trainable” names, of this very model; name some.")
