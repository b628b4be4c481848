"""What is told of looking for settings before a run."""

from __future__ import annotations

from dataclasses import dataclass

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
