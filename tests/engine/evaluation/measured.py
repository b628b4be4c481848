"""Runs that were measured on ten photos, without any training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine import runs
from engine.config import make_config
from engine.dataset.index import Photo
from engine.evaluation.metrics import summary

CLASSES = ("ants", "bees")
TEN = "abababbaab"
"""The true labels of ten test photos, a for ants."""


def write(
    folder: Path, answers: str, split: str = "test", first: int = 0, trained: tuple[int, ...] = (), **settings: Any
) -> Path:
    """A run measured on the photos `first`, `first` + 1, … with these answers; `trained` are numbers of photos, too."""
    runs.create(folder, make_config({"data": folder.parent / "photos"} | settings))
    numbers = range(first, first + len(answers))
    label = {number: CLASSES[TEN[number % 10] == "b"] for number in (*numbers, *trained)}
    photos = [Photo(folder.parent / f"{number}.jpg", label[number], split) for number in numbers]  # type: ignore[arg-type]
    photos += [Photo(folder.parent / f"{number}.jpg", label[number], "train") for number in trained]
    hashes = [f"hash {number}" for number in (*numbers, *trained)]
    runs.write_dataset(folder, photos, hashes, folder.parent)
    shares = np.array([[0.1, 0.9] if answer == "b" else [0.9, 0.1] for answer in answers])
    rows = [
        runs.PredictionRow(photo.path, split, photo.label, CLASSES[share.argmax()], tuple(share))
        for photo, share in zip(photos, shares, strict=False)
    ]
    runs.write_predictions(folder, rows, CLASSES)
    true = np.array([CLASSES.index(row.label) for row in rows])
    measured = summary(true, shares, CLASSES).as_dict()
    runs.write_metrics(folder, {"val": measured, "test": measured, "best_epoch": 2, "seconds": 5.0, "stopped": False})
    return folder
