"""What is told of several runs beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.events.base import Event


@dataclass(frozen=True)
class RunCompared(Event):
    """One run of a comparison, by the name that it has there.

    `accuracy`, its bounds `low` and `high` (Wilson, 95 %) and `macro_f1` are measured on the `photos` of `split` that
    all runs have in common, out of `own_photos` of its own; they are None where there are none. What a run has no
    record of (no model file yet, say) is None as well.
    """

    run_dir: Path
    name: str
    model: str
    strategy: str
    epochs: int
    best_epoch: int | None
    split: str
    photos: int
    own_photos: int
    accuracy: float | None
    low: float | None
    high: float | None
    macro_f1: float | None
    seconds: float | None
    parameters: int | None
    trained_parameters: int | None
    model_bytes: int | None


@dataclass(frozen=True)
class SettingDiffers(Event):
    """A setting in which the runs differ; `values` are (name of the run, value in words)."""

    setting: str
    title: str
    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PairCompared(Event):
    """Two runs on the same photos: how many both got right, one alone, and neither.

    `p_value` is McNemar's, exact: how often chance alone would part two equally good models so far or further.
    `adjusted_p_value` is that with regard to the number of pairs (Holm).
    """

    first: str
    second: str
    both: int
    first_only: int
    second_only: int
    neither: int
    p_value: float
    adjusted_p_value: float


@dataclass(frozen=True)
class ComparisonFinished(Event):
    """Last of a comparison. `split` is “test”, or “val” where a run has no test photos; "" where there are no common
    photos to measure on."""

    runs: int
    split: str
    photos: int
