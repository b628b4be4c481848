"""What ails a run, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from engine.events.base import Event

Severity = Literal["note", "warning", "grave"]
Value = bool | int | float | str


@dataclass(frozen=True)
class Diagnosis(Event):
    """One finding about a run. `kind` is a stable word for programs; `sentence` says what ails, `evidence` the figures
    it was seen in, `remedy` what to do.

    `changes` are settings of TrainConfig and the values that the remedy gives them, empty where it is no setting.
    `epoch` is the epoch after which it was seen, None for the end of the run. `photos` are those it speaks of.
    """

    kind: str
    severity: Severity
    sentence: str
    evidence: str
    remedy: str
    changes: Mapping[str, Value]
    epoch: int | None
    photos: tuple[Path, ...] = ()
