"""The tables of Review: the runs, and the classes of one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop_app.widgets.figures import count, duration, percent
from desktop_app.widgets.plain_table import Column
from engine.models import strategies
from engine.models.catalog import title_of
from engine.runs import RunSummary

RUNNING = "running"
STATES = {
    "finished": ("circle-check", 16, "right"),
    "stopped": ("circle-stop", 16, "muted"),
    "interrupted": ("triangle-alert", 16, "warning"),
    RUNNING: ("play", 16, "text"),
}


@dataclass(frozen=True)
class RunRow:
    """A run as the table shows it; `state` is “running” as soon as the window has started it. `elsewhere` says that a
    process trains it which the window cannot steer, "" where none does. `together` are the runs of its comparison, this
    one among them; empty where there are not two."""

    summary: RunSummary
    state: str
    elsewhere: str = ""
    together: tuple[Path, ...] = ()


def _model(row: RunRow) -> str:
    return title_of(row.summary.model)


def _strategy(row: RunRow) -> str:
    return strategies.title_of(row.summary.strategy)


def _hint(row: RunRow) -> str:
    summary = row.summary
    return "\n".join(filter(None, (summary.title, summary.note, summary.name)))


def searched(row: RunRow) -> str:
    """What a search for a run looks in."""
    summary = row.summary
    told = (summary.title, summary.note, summary.name)
    return " ".join((*told, summary.dataset, _model(row), summary.model, _strategy(row), row.state))


def _of(name: str, otherwise: float = -1.0) -> Callable[[RunRow], float]:
    """Sorts by a number of the summary; runs without it come first."""

    def key(row: RunRow) -> float:
        value = getattr(row.summary, name)
        return otherwise if value is None else float(value)

    return key


RUN_COLUMNS = (
    Column("Run", 200, lambda row: row.summary.called, hint=_hint),
    Column("Dataset", 120, lambda row: row.summary.dataset, gives_way=2),
    Column("Model", 144, _model, gives_way=3),
    Column("Strategy", 136, _strategy, gives_way=4),
    Column(
        "Epochs",
        76,
        lambda row: f"{row.summary.epochs_done} of {row.summary.epochs}",
        _of("epochs_done"),
        number=True,
        gives_way=5,
    ),
    Column("Val", 76, lambda row: percent(row.summary.val_accuracy), _of("val_accuracy"), number=True),
    Column(
        "Test",
        76,
        lambda row: percent(row.summary.test_accuracy),
        _of("test_accuracy"),
        number=True,
        tip="The locked test set, looked at once, when the run ended",
    ),
    Column("Time", 84, lambda row: duration(row.summary.seconds), _of("seconds"), number=True, gives_way=1),
    Column(
        "State",
        120,
        lambda row: row.state,
        icon=lambda row: STATES[row.state],
        hint=lambda row: row.elsewhere or row.state,
    ),
)


def _share(name: str) -> dict[str, Any]:
    return {"text": lambda row: percent(row[name]), "key": lambda row: row[name], "number": True}


CLASS_COLUMNS = (
    Column("Class", 160, lambda row: row["name"]),
    Column("Precision", 92, **_share("precision"), tip="Of the photos given this label, the share that is right"),
    Column("Recall", 76, **_share("recall"), tip="Of the photos of this class, the share that was found"),
    Column("F1", 76, **_share("f1"), tip="Precision and recall in one number: their harmonic mean"),
    Column("Photos", 76, lambda row: count(row["support"]), lambda row: row["support"], number=True),
)
