"""evaluate: a model file against labelled photos, by the very path that prediction takes. No torch."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine import runs
from engine.control import Control
from engine.dataset.index import DatasetIndex, Photo, load
from engine.errors import DatasetError, RunError, ThawError
from engine.evaluation.metrics import summary
from engine.events import EvaluationFinished, Event, Prediction, PredictionFinished, PredictionProgress
from engine.model_file import locate, open_model
from engine.prediction.batch import predict
from engine.runs import PredictionRow


def evaluate(model: Path, data: Path, out: Path, control: Control | None = None) -> Generator[Event, None, None]:
    """Yield progress, then EvaluationFinished; write metrics.json and predictions.csv to the folder `out`.

    `data` is a dataset folder: its test split is measured where it has one, else its val split, else all of it, and
    the split is named as what it is. Photos that cannot be read are counted and left out of the numbers. Raises
    ThawError where a class of the folder is unknown to the model, or `out` is a run.
    """
    if runs.state(out) != "absent":
        raise RunError(f"There is a run in {out}, whose results would be written over; choose another folder.")
    classes = open_model(locate(model)).manifest.classes
    split, photos = measured_part(load(data, control, for_training=False))
    strange = sorted({photo.label for photo in photos} - set(classes))
    if strange:
        raise DatasetError(f"The model knows no class “{strange[0]}”; it knows {', '.join(classes)}.")
    rows, failed = [], 0
    # `predict` answers in the order of the paths.
    waiting = iter(photos)
    for event in predict(model, [photo.path for photo in photos], top=len(classes), control=control):
        match event:
            case Prediction(error=""):
                rows.append(_row(event, next(waiting), split, classes))
            case Prediction():
                next(waiting)
                failed += 1
            case PredictionProgress():
                yield event
            case PredictionFinished(stopped=True):
                raise ThawError("The evaluation was stopped; nothing was written.")
    if not rows:
        raise DatasetError(f"Not one photo of {data} could be read.")
    labels = np.array([classes.index(row.label) for row in rows])
    metrics = summary(labels, np.array([row.probabilities for row in rows]), classes)
    _write(out, {"split": split, "failed": failed, split: metrics.as_dict()}, rows, classes)
    yield EvaluationFinished(
        out, split, len(rows), failed, metrics.accuracy, metrics.low, metrics.high, metrics.macro_f1
    )


def measured_part(index: DatasetIndex) -> tuple[str, tuple[Photo, ...]]:
    """The split that a measurement speaks of, and its photos; "all" where the folder is not split."""
    for split in ("test", "val"):
        if found := tuple(photo for photo in index.photos if photo.split == split):
            return split, found
    return "all", tuple(replace(photo, split="") for photo in index.photos)


def _row(event: Prediction, photo: Photo, split: str, classes: tuple[str, ...]) -> PredictionRow:
    shares = dict(event.top)
    return PredictionRow(photo.path, split, photo.label, event.top[0][0], tuple(shares[name] for name in classes))


def _write(out: Path, metrics: dict[str, object], rows: list[PredictionRow], classes: tuple[str, ...]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        runs.write_whole(out / runs.METRICS, json.dumps(metrics, indent=1, allow_nan=False).encode())
        runs.write_predictions(out, rows, classes)
    except OSError as error:
        raise ThawError(f"The results cannot be written to {out}: {error.strerror or error}.") from None
