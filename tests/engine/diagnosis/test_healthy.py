"""Runs that ended well are told nothing."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.config import make_config
from engine.diagnosis.course import Course
from engine.diagnosis.watch import look
from engine.events import Diagnosis
from engine.runs import PredictionRow
from tests.engine.diagnosis.courses import SETTINGS, history

FOLDER = Path(__file__).parent / "healthy"
OF_KNOWN = {"model": "mobilenet_v2", "strategy": "feature-extraction", "learning_rate": 0.003}
RUNS: dict[str, tuple[dict[str, Any], tuple[int, ...], tuple[int, ...]]] = {
    "insects-feature-extraction": (OF_KNOWN, (124, 121), (70, 83)),
    "insects-last-blocks": (OF_KNOWN | {"strategy": "last-blocks", "learning_rate": 5e-4}, (124, 121), (70, 83)),
    "flowers-feature-extraction": (OF_KNOWN, (97,) * 5, (20,) * 5),
    "sample-from-scratch": ({"learning_rate": 0.01}, (100,) * 3, (20,) * 3),
    "cifar10-from-scratch": ({"learning_rate": 0.001}, (425,) * 10, (75,) * 10),
}


def recorded(name: str) -> Course:
    settings, train, val = RUNS[name]
    with (FOLDER / f"{name}.csv").open(newline="") as file:
        rows = [{key: float(text) for key, text in row.items()} for row in csv.DictReader(file)]
    losses = [(row["train_loss"], row["train_accuracy"], row["val_loss"], row["val_accuracy"]) for row in rows]
    epochs = tuple(
        replace(epoch, learning_rate=row["learning_rate"]) for epoch, row in zip(history(losses), rows, strict=True)
    )
    with (FOLDER / f"{name}-val.csv").open(newline="") as file:
        answers = [(int(label), tuple(map(float, shares))) for label, *shares in csv.reader(file)]
    predictions = tuple(
        PredictionRow(Path(f"{number}.jpg"), "val", str(label), str(shares.index(max(shares))), shares)
        for number, (label, shares) in enumerate(answers)
    )
    return Course(
        config=make_config(SETTINGS | settings),
        train={str(label): count for label, count in enumerate(train)},
        val={str(label): count for label, count in enumerate(val)},
        history=epochs,
        predictions=predictions,
    )


@pytest.mark.parametrize("name", RUNS)
def test_a_healthy_run_is_told_nothing(name: str) -> None:
    whole = recorded(name)
    found: list[Diagnosis] = []
    for epoch in range(1, len(whole.history) + 1):
        found += look(replace(whole, history=whole.history[:epoch], predictions=()), found)
    found += look(whole, found)
    assert found == []


def test_the_recorded_runs_are_whole() -> None:
    for name in RUNS:
        run = recorded(name)
        assert len(run.predictions) == run.val_photos
        assert run.history[-1].epoch == len(run.history) > 5
