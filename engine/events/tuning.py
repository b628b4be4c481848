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


@dataclass(frozen=True)
class RunEstimated(Event):
    """What a run of `model` by `strategy` will take on this machine, from measured pieces of it.

    `seconds` is the whole run from its start to its model file, `seconds_per_epoch` the mean of its `epochs`; `parts`
    are (what, seconds) in the run's order. `memory_bytes` is the largest that the process will be, `gpu_bytes` what it
    takes of a GPU's memory; `disk_bytes` is what the run's folder will hold, `cache_bytes` what is kept of frozen
    layers. `warnings` say what will not suffice; `measured_seconds` is how long the measuring took.
    """

    model: str
    strategy: str
    epochs: int
    seconds: float
    seconds_per_epoch: float
    parts: tuple[tuple[str, float], ...]
    memory_bytes: int
    gpu_bytes: int
    disk_bytes: int
    cache_bytes: int
    warnings: tuple[str, ...]
    measured_seconds: float
