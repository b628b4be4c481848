"""What is told of an ensemble."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.events.base import Event


@dataclass(frozen=True)
class EnsembleFinished(Event):
    """Last of making an ensemble of the runs `members`. Accuracies are of the photos that all have in common and none
    has trained on, `best_…` those of the best run alone on them; None where there are no such photos."""

    model_file: Path
    members: tuple[str, ...]
    val_photos: int
    val_accuracy: float | None
    best_val_accuracy: float | None
    test_photos: int
    test_accuracy: float | None
    best_test_accuracy: float | None
    model_bytes: int
