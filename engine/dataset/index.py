"""scan: what a dataset folder holds, and what in it is left out, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Split = Literal["train", "val", "test", ""]


@dataclass(frozen=True)
class Photo:
    """`path` is absolute; `split` is "" until the folder or the seed says."""

    path: Path
    label: str
    split: Split = ""


@dataclass(frozen=True)
class Skipped:
    path: Path
    reason: str


@dataclass(frozen=True)
class DatasetIndex:
    """`photos` stand in natural order of their paths, class by class; `findings` are sentences for a person."""

    root: Path
    classes: tuple[str, ...]
    photos: tuple[Photo, ...]
    skipped: tuple[Skipped, ...] = ()
    findings: tuple[str, ...] = ()
