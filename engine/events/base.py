"""The base of all events, and what any verb may tell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Event:
    """The base of all events."""


@dataclass(frozen=True)
class Notice(Event):
    """Something worth telling that ends nothing. `kind` is a stable word for programs, `text` a sentence for people."""

    text: str
    kind: str = ""
    path: Path | None = None


@dataclass(frozen=True)
class StageStarted(Event):
    """A named part of a job that has no epochs of its own: reading weights, testing, exporting."""

    title: str


@dataclass(frozen=True)
class Transferred(Event):
    """Progress of a download; `total_bytes` is 0 where the server did not say."""

    name: str
    received_bytes: int
    total_bytes: int


@dataclass(frozen=True)
class Check(Event):
    """One line of the doctor: `status` is ok, note or problem."""

    name: str
    status: str
    text: str


@dataclass(frozen=True)
class ChecksFinished(Event):
    problems: int


@dataclass(frozen=True)
class DemoFinished(Event):
    out: Path
    run_dir: Path
    model_file: Path
    predictions: Path
    curves: Path
    test_accuracy: float
    seconds: float
