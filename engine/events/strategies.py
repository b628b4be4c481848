"""What is told of strategies that were trained to be held beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.events.base import Event


@dataclass(frozen=True)
class StrategyCompared(Event):
    """One finished run of the comparison. Accuracies are of its best epoch: `train_accuracy` as it was while that epoch
    trained, of augmented photos; `val_low` and `val_high` are the 95 % interval (Wilson).

    `baseline_accuracy` is that of a linear classifier before any training, and `gain` what the run added to it on the
    validation photos; None where no baseline was measured. What a run has no record of is None as well.
    """

    run_dir: Path
    model: str
    strategy: str
    train_accuracy: float | None
    val_accuracy: float
    val_low: float
    val_high: float
    test_accuracy: float | None
    seconds: float
    trained_parameters: int | None
    parameters: int | None
    baseline_accuracy: float | None
    gain: float | None


@dataclass(frozen=True)
class StrategiesCompared(Event):
    """Last of a comparison of strategies. `best` is the run that got most validation photos right, of equals the one
    that trains fewer parameters; `sentence` says so, and whether its lead may be luck."""

    strategies: int
    best: Path
    sentence: str
