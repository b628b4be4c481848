"""How good a classifier is, from true labels and probabilities. NumPy only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.wilson import wilson

Labels = npt.NDArray[np.integer[Any]]
Probabilities = npt.NDArray[np.floating[Any]]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassMetrics:
    """One class. `precision` is 0 where nothing was predicted as it, `recall` 0 where no photo is of it; `support` is
    how many photos are of it."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Metrics:
    """One split. `low` and `high` bound the accuracy (Wilson, 95 %).

    `macro_f1` is the mean over the classes that occur among the labels or the predictions, as scikit-learn counts it:
    a class the split has no photo of, and that was never predicted, says nothing and is left out. `log_loss` is in
    nats a photo. `confusion[true][predicted]` counts photos.
    """

    accuracy: float
    low: float
    high: float
    photos: int
    macro_f1: float
    log_loss: float
    per_class: tuple[ClassMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for metrics.json."""
        return asdict(self)


def confusion(true: Labels, predicted: Labels, n: int) -> Counts:
    """n × n counts of photos: a row for each true class, a column for each predicted one."""
    pairs = np.asarray(true, np.int64) * n + np.asarray(predicted, np.int64)
    return np.bincount(pairs, minlength=n * n).reshape(n, n)


def log_loss(true: Labels, probabilities: Probabilities) -> float:
    """Mean of -log(probability of the true class), in nats; a probability of 0 counts as 2.2e-16."""
    given = np.asarray(probabilities, np.float64)[np.arange(len(true)), true]
    return float(-np.log(np.clip(given, np.finfo(np.float64).eps, 1.0)).mean())


def summary(true: Labels, probabilities: Probabilities, classes: tuple[str, ...]) -> Metrics:
    """All of it for one split: `true` holds N class numbers, `probabilities` is N × classes.

    Raises ValueError where there are no photos or the shapes differ: an accuracy of nothing is no number.
    """
    true = np.asarray(true)
    if len(true) == 0 or probabilities.shape != (len(true), len(classes)):
        raise ValueError(f"{len(true)} labels and {len(classes)} classes do not fit {probabilities.shape}")
    table = confusion(true, probabilities.argmax(axis=1), len(classes))
    hits, support, predicted = table.diagonal(), table.sum(axis=1), table.sum(axis=0)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(support + predicted, 1)
    right, photos = int(hits.sum()), len(true)
    low, high = wilson(right, photos)
    return Metrics(
        accuracy=right / photos,
        low=low,
        high=high,
        photos=photos,
        macro_f1=float(f1[(support + predicted) > 0].mean()),
        log_loss=log_loss(true, probabilities),
        per_class=tuple(
            ClassMetrics(name, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i, name in enumerate(classes)
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in table),
    )
