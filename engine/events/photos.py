"""What is told of folders of photos: looking through them, measuring on them, classifying them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.events.base import Event


@dataclass(frozen=True)
class ScanProgress(Event):
    folder: Path
    photos: int


@dataclass(frozen=True)
class ScanFinished(Event):
    """`counts` has a row (class, train, val, test, unsplit) for each class, in order."""

    root: Path
    classes: tuple[str, ...]
    photos: int
    skipped: int
    findings: tuple[str, ...]
    counts: tuple[tuple[str, int, int, int, int], ...] = ()


@dataclass(frozen=True)
class EvaluationFinished(Event):
    """`split` is what was looked at; `low` and `high` bound accuracy (Wilson, 95 %)."""

    out: Path
    split: str
    photos: int
    failed: int
    accuracy: float
    low: float
    high: float
    macro_f1: float


@dataclass(frozen=True)
class Prediction(Event):
    """One photo's answer. `label` may be "unknown"; with an `error` there is no label. `top` is (class, confidence),
    best first."""

    path: Path
    label: str
    confidence: float
    top: tuple[tuple[str, float], ...] = ()
    error: str = ""


@dataclass(frozen=True)
class PredictionProgress(Event):
    done: int
    total: int | None
    images_per_second: float
    seconds_left: float | None


@dataclass(frozen=True)
class PredictionFinished(Event):
    photos: int
    failed: int
    skipped: int
    seconds: float
    images_per_second: float
    stopped: bool = False
    out: Path | None = None


@dataclass(frozen=True)
class PseudoLabel(Event):
    """A photo without a label that a model is sure of, to be looked at before it is trained on."""

    path: Path
    label: str
    confidence: float


@dataclass(frozen=True)
class PseudoLabelsFinished(Event):
    """`photos` were looked at, `sure` of them reached the threshold, `proposed` are left after balancing the classes;
    `out` is the file they were written to."""

    photos: int
    failed: int
    sure: int
    proposed: int
    threshold: float
    seconds: float
    stopped: bool = False
    out: Path | None = None
