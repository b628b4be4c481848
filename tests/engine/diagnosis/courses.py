"""Runs as tables of numbers, for tests of the rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.config import make_config
from engine.diagnosis.course import Course
from engine.events import EpochFinished
from engine.runs import PredictionRow

SETTINGS: dict[str, Any] = {
    "data": Path("photos"),
    "model": "small_resnet",
    "strategy": "from-scratch",
    "epochs": 10,
    "learning_rate": 0.001,
    "weight_decay": 0.01,
}

Row = tuple[float, float, float, float]
"""Training loss and accuracy, validation loss and accuracy."""


def history(rows: Sequence[Row], epochs: int | None = None, rate: float = 0.001) -> tuple[EpochFinished, ...]:
    """One phase at a constant rate."""
    found: list[EpochFinished] = []
    for number, (train_loss, train_accuracy, val_loss, val_accuracy) in enumerate(rows, 1):
        best = max((row.val_accuracy for row in found), default=0.0)
        found.append(
            EpochFinished(
                epoch=number,
                epochs=epochs or len(rows),
                phase=1,
                train_loss=train_loss,
                train_accuracy=train_accuracy,
                val_loss=val_loss,
                val_accuracy=val_accuracy,
                learning_rate=rate,
                seconds=1.0,
                images_per_second=1.0,
                best_epoch=number,
                best_val_accuracy=max(best, val_accuracy),
                patience_left=None,
                seconds_left=None,
            )
        )
    return tuple(found)


def course(
    rows: Sequence[Row], train: int = 100, val: int = 100, classes: int = 2, epochs: int | None = None, **changes: Any
) -> Course:
    """`train` and `val` are photos of each class; `changes` are settings."""
    names = [f"class {number}" for number in range(classes)]
    return Course(
        config=make_config(SETTINGS | changes),
        train=dict.fromkeys(names, train),
        val=dict.fromkeys(names, val),
        history=history(rows, epochs),
    )


def prediction(label: str, predicted: str, probabilities: tuple[float, ...], name: str = "a.jpg") -> PredictionRow:
    return PredictionRow(Path(name), "val", label, predicted, probabilities)
