"""The table of a search's trials."""

from __future__ import annotations

from collections.abc import Mapping

from desktop_app.widgets.figures import duration, percent, plain
from desktop_app.widgets.plain_table import Column
from desktop_app.widgets.setting_fields import WORDS
from engine.config import TrainConfig
from engine.events import TrialFinished

OUTCOMES = {
    "finished": ("circle-check", 16, "right"),
    "pruned": ("circle-stop", 16, "muted"),
    "failed": ("triangle-alert", 16, "warning"),
}
OUTCOME_WORDS = {"finished": "finished", "pruned": "given up", "failed": "failed"}


def in_words(changes: Mapping[str, object]) -> str:
    """“learning rate 0.003, augmentation standard”."""
    if not changes:
        return "the settings as they are"
    return ", ".join(f"{_title(name)} {_value(value)}" for name, value in changes.items())


def _title(name: str) -> str:
    return (TrainConfig.model_fields[name].title or name).lower()


def _value(value: object) -> str:
    return plain(value) if isinstance(value, float) else str(WORDS.get(value, value))


def _accuracy(row: TrialFinished) -> float:
    return -1.0 if row.val_accuracy is None else row.val_accuracy


COLUMNS = (
    Column("Settings", 260, lambda row: in_words(row.changes)),
    Column("Trial", 56, lambda row: str(row.trial), lambda row: row.trial, number=True, gives_way=3),
    Column("Epochs", 68, lambda row: str(row.epochs), lambda row: row.epochs, number=True, gives_way=2),
    Column("Val", 76, lambda row: percent(row.val_accuracy), _accuracy, number=True),
    Column("Time", 68, lambda row: duration(row.seconds), lambda row: row.seconds, number=True, gives_way=1),
    Column("Outcome", 112, lambda row: OUTCOME_WORDS[row.outcome], icon=lambda row: OUTCOMES[row.outcome]),
)
