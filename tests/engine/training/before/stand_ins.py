"""What stands for the training of many runs: their settings, what they tell, and what is left when they are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.config import TrainConfig, make_config
from engine.events import EpochFinished, Event


def config(**settings: Any) -> TrainConfig:
    return make_config({"data": Path("/photos"), "epochs": 4, **settings})


def epoch_of(epoch: int, epochs: int, best: float) -> EpochFinished:
    return EpochFinished(epoch, epochs, 1, 0.5, 0.5, 0.5, best, 0.01, 1.0, 10.0, epoch, best, None, None)


def of(kind: type, events: list[Event]) -> list[Any]:
    """Those of a kind."""
    return [event for event in events if isinstance(event, kind)]
