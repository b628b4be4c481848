"""What is told of looking for settings before a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.events.base import Event


@dataclass(frozen=True)
class RateTried(Event):
    """One step of a sweep of learning rates; `loss` is of its batch, `smooth_loss` the mean of the last."""

    step: int
    steps: int
    learning_rate: float
    loss: float
    smooth_loss: float


@dataclass(frozen=True)
class LearningRateFound(Event):
    """What a sweep came to. `learning_rate` is the one to take, None where the curve says nothing; `steepest` is where
    the loss fell fastest. `usual` is what the settings would take; `phase` is the run's first, which was tried. `why`
    is a sentence."""

    model: str
    strategy: str
    phase: str
    learning_rate: float | None
    steepest: float | None
    usual: float
    why: str
    steps: int
    seconds: float


@dataclass(frozen=True)
class BaselineMeasured(Event):
    """What a linear classifier on a frozen network's features gets right of the validation photos. `low` and `high`
    are the 95 % interval (Wilson), `chance` is what always naming the commonest class would get right."""

    data: Path
    model: str
    val_accuracy: float
    low: float
    high: float
    chance: float
    train_photos: int
    val_photos: int
    seconds: float
