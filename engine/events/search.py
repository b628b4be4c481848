"""What is told of a search for settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.events.base import Event
from engine.events.diagnosis import Value

Outcome = Literal["finished", "pruned", "failed"]


@dataclass(frozen=True)
class TrialStarted(Event):
    """`changes` are the settings that differ from those the search began with; the first trial has none."""

    trial: int
    trials: int
    changes: Mapping[str, Value]


@dataclass(frozen=True)
class TrialFinished(Event):
    """`val_accuracy` is that of the best epoch so far, None where there was none. A trial that promised less than the
    others at the same epoch was pruned. `best` says whether it is the best until now."""

    trial: int
    trials: int
    changes: Mapping[str, Value]
    outcome: Outcome
    epochs: int
    val_accuracy: float | None
    best: bool
    seconds: float
    seconds_left: float


@dataclass(frozen=True)
class SearchFinished(Event):
    """Last of a search. `run_dir` holds the best trial as a finished run; `usual_accuracy` is what the settings reached
    that the search began with, None where that trial failed. Both are the best of several looks at the same validation
    photos; the run's test figure is not."""

    run_dir: Path
    trials: int
    best_trial: int
    changes: Mapping[str, Value]
    val_accuracy: float
    usual_accuracy: float | None
    seconds: float
