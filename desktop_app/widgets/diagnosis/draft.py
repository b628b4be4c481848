"""A remedy's settings in words, and put into the draft of the next run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desktop_app.project import Project
from desktop_app.widgets.setting_fields import Declared
from engine.config import TrainConfig
from engine.models import strategies
from engine.models.catalog import title_of
from engine.models.strategies import STRATEGIES

OF_THEIR_OWN = ("custom", "continue")
"""Strategies that mean nothing without settings that only their run has."""


def in_words(changes: Mapping[str, Any]) -> str:
    """“learning rate 0.003, patience 5”."""
    return ", ".join(f"{_declared(name).title.lower()} {_value(name, value)}" for name, value in changes.items())


def moves(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """“learning rate 0.03 → 0.003”, for each of the settings."""
    return ", ".join(
        f"{_declared(name).title.lower()} {_value(name, before[name])} → {_value(name, after[name])}" for name in after
    )


def wanted(project: Project, model: str, strategy: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What of the draft must change for `changes` to be a remedy: it is one for a run of `model` and `strategy`."""
    base = {} if strategy in OF_THEIR_OWN or strategy not in STRATEGIES else {"model": model, "strategy": strategy}
    whole = base | dict(changes)
    return {name: value for name, value in whole.items() if getattr(project.config, name) != value}


def _declared(name: str) -> Declared:
    return Declared(name, TrainConfig.model_fields[name])


def _value(name: str, value: Any) -> str:
    if name == "model":
        return title_of(value)
    if name == "strategy":
        return strategies.title_of(value)
    return _declared(name).write(value)
