"""What a run directory says, read at once and off the window's thread."""

from __future__ import annotations

import collections
from collections.abc import Collection, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from desktop_app.widgets.figures import percent
from desktop_app.widgets.photo_grid import GridPhoto
from desktop_app.widgets.runs.tables import RUNNING, RunRow
from engine import runs
from engine.control import Control
from engine.diagnosis import record as diagnosis
from engine.events import Diagnosis, EpochFinished, Event
from engine.runs import PredictionRow, RunSummary

SPLIT_TITLES = {"val": "Val", "test": "Test (locked)"}
Cell = tuple[int, int]


@dataclass(frozen=True)
class RunRecord:
    """`metrics` is empty for a run that has no results yet."""

    row: RunRow
    metrics: dict[str, Any] = field(default_factory=dict)
    history: tuple[EpochFinished, ...] = ()
    predictions: tuple[PredictionRow, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()

    def has_results_of(self, other: RunRecord) -> bool:
        """Whether both are of one run, and there is nothing new in its results."""
        return self.row.summary.path == other.row.summary.path and all(
            getattr(self, name) == getattr(other, name) for name in ("metrics", "history", "diagnoses")
        )

    def splits(self) -> tuple[str, ...]:
        """The splits that were measured."""
        return tuple(split for split in SPLIT_TITLES if self.metrics.get(split))

    def classes(self, split: str) -> tuple[str, ...]:
        return tuple(row["name"] for row in self.metrics[split]["per_class"])

    def photos(self, split: str, cell: Cell | None = None) -> tuple[GridPhoto, ...]:
        """The wrong photos of the split, or all photos of one cell of its confusion matrix; the surest come first."""
        rows = [row for row in self.predictions if row.split == split]
        if cell is None:
            rows = [row for row in rows if row.label != row.predicted]
        else:
            names = self.classes(split)
            rows = [row for row in rows if (row.label, row.predicted) == (names[cell[0]], names[cell[1]])]
        rows.sort(key=lambda row: row.confidence, reverse=True)
        return tuple(map(_as_photo, rows))

    def named(self, paths: Collection[Path]) -> tuple[GridPhoto, ...]:
        """The photos at `paths`, in their order."""
        of_path = {row.path: row for row in self.predictions}
        return tuple(_as_photo(of_path[path]) for path in paths if path in of_path)


def _as_photo(row: PredictionRow) -> GridPhoto:
    right = row.label == row.predicted
    words = row.label if right else f"{row.label} → {row.predicted}"
    return GridPhoto(
        row.path,
        f"{words}  {percent(row.confidence)}",
        "circle-check" if right else "circle-x",
        "right" if right else "wrong",
        f"{row.path.name}: {row.label}, predicted {row.predicted} with {percent(row.confidence)}",
    )


def list_rows(folder: Path, running: frozenset[Path]) -> tuple[RunRow, ...]:
    """The runs of `folder`, newest first; those in `running` are being trained by this window."""
    found = runs.list_runs(folder)
    together = collections.defaultdict[str, list[Path]](list)
    for summary in reversed(found):
        together[summary.comparison].append(summary.path)
    return tuple(
        RunRow(
            summary,
            RUNNING if summary.path in running else summary.state,
            "" if summary.path in running else _elsewhere(summary),
            tuple(together[summary.comparison]) if summary.comparison and len(together[summary.comparison]) > 1 else (),
        )
        for summary in found
    )


def _elsewhere(summary: RunSummary) -> str:
    if summary.state != RUNNING:
        return ""
    return f"This run is being trained now{runs.trainer_of(summary.path) or ''}"


def listing(folder: Path, running: frozenset[Path]) -> Generator[Event, None, tuple[RunRow, ...]]:
    """`list_rows` as a job."""
    yield from ()
    return list_rows(folder, running)


def reading(row: RunRow, _control: Control) -> Generator[Event, None, RunRecord]:
    """The job that reads a run. Raises RunError where its files are damaged."""
    yield from ()
    path = row.summary.path
    return RunRecord(
        row, runs.read_metrics(path), runs.read_history(path), runs.read_predictions(path), diagnosis.read(path)
    )
