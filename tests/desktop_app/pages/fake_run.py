"""A run that never was: its events, and the directory it would have left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine import runs
from engine.config import make_config
from engine.dataset.index import DatasetIndex, Photo
from engine.evaluation.metrics import summary
from engine.events import (
    EpochFinished,
    Event,
    Notice,
    ParityMeasured,
    PhaseStarted,
    RunFinished,
    RunStarted,
    StageStarted,
    StepFinished,
)

CLASSES = ("ants", "bees")
STEPS = 4


def dataset(root: Path) -> DatasetIndex:
    photos = tuple(Photo(root / name / f"{number}.jpg", name) for name in CLASSES for number in range(10))
    return DatasetIndex(root, CLASSES, photos)


def epoch(number: int, epochs: int) -> EpochFinished:
    accuracy = 0.5 + 0.4 * number / epochs
    left = float(epochs - number)
    return EpochFinished(
        number, epochs, 1, 1 / number, accuracy, 1 / number, accuracy, 1e-3, 1.0, 92.4, number, accuracy, 3, left
    )


def opening(run_dir: Path, epochs: int, first_epoch: int = 1) -> Iterator[Event]:
    yield StageStarted("Reading the pretrained weights")
    yield Notice("The pretrained weights are a file of your own.", "own_weights")
    yield RunStarted(
        run_dir, "mobilenet_v2", "feature-extraction", "cpu", 2, CLASSES, 14, 4, 2, 100, 10, epochs, STEPS, first_epoch
    )
    yield PhaseStarted("Head", 1, 1, 1, epochs, 10)


def epochs_of(first: int, last: int, epochs: int) -> Iterator[Event]:
    for number in range(first, last + 1):
        for step in range(1, STEPS + 1):
            yield StepFinished(number, step, STEPS, 1 / number, 1e-3, 92.4, 41.0)
        yield epoch(number, epochs)


def closing(run_dir: Path, epochs: int, stopped: bool = False) -> Iterator[Event]:
    yield StageStarted("Writing the model file")
    write_run(run_dir, epochs=epochs, stopped=stopped)
    yield ParityMeasured(4, 1.0, 2e-6)
    metrics = runs.read_metrics(run_dir)
    values = {name: metrics[name] for name in ("val_accuracy", "test_accuracy", "seconds", "images_per_second")}
    yield RunFinished(run_dir, epochs, epochs, stopped=stopped, model_file=run_dir / runs.MODEL, **values)


def whole_run(run_dir: Path, epochs: int = 3) -> Iterator[Event]:
    yield from opening(run_dir, epochs)
    yield from epochs_of(1, epochs, epochs)
    yield from closing(run_dir, epochs)


def write_run(
    run_dir: Path, *, epochs: int = 3, stopped: bool = False, test: bool = True, done: bool = True, asked: int = 0
) -> Path:
    """A run directory as `thaw train` leaves it; with `done` False as a kill leaves it."""
    settings = {"data": run_dir.parent / "insects", "epochs": asked or epochs}
    runs.create(run_dir, make_config(settings))
    for number in range(1, epochs + 1):
        runs.append_history(run_dir, epoch(number, epochs))
    if not done:
        return run_dir
    labels = np.array([0, 0, 0, 1, 1, 1])
    shares = np.array([[0.9, 0.1], [0.8, 0.2], [0.3, 0.7], [0.2, 0.8], [0.1, 0.9], [0.6, 0.4]])
    val = summary(labels, shares, CLASSES).as_dict()
    held = summary(labels[:2], shares[:2], CLASSES).as_dict() if test else None
    rows = [
        runs.PredictionRow(Path(f"/photos/{split}/{number}.jpg"), split, CLASSES[label], CLASSES[share.argmax()], share)
        for split, count in (("val", 6), ("test", 2 if test else 0))
        for number, (label, share) in enumerate(zip(labels[:count], shares[:count], strict=True))
    ]
    photos = [Photo(row.path, row.label, row.split) for row in rows]  # type: ignore[arg-type]
    runs.write_dataset(run_dir, photos, [str(photo.path) for photo in photos], Path("/photos"))
    runs.write_predictions(run_dir, rows, CLASSES)
    (run_dir / runs.MODEL).write_bytes(b"a model")
    runs.write_metrics(
        run_dir,
        {
            "val": val,
            "test": held,
            "val_accuracy": val["accuracy"],
            "test_accuracy": held["accuracy"] if held else None,
            "epochs": epochs,
            "best_epoch": epochs,
            "seconds": 73.0,
            "images_per_second": 92.4,
            "stopped": stopped,
        },
    )
    return run_dir
