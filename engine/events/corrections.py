"""What is told while corrections are packed, merged into a dataset, and taken out of it again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.events.base import Event


@dataclass(frozen=True)
class CorrectionsPacked(Event):
    """A pack of `photos` that a person looked at, of which `corrected` have another label than the model gave, and
    `copies` a small copy. After a stop there is none."""

    out: Path | None
    photos: int
    corrected: int
    copies: int
    bytes: int
    seconds: float
    stopped: bool = False


@dataclass(frozen=True)
class PhotoMisplaced(Event):
    """A photo that the dataset has already, as `label`, and of which a person said `said`. It is not moved: `belongs`
    is where it would lie."""

    path: Path
    label: str
    said: str
    belongs: Path


@dataclass(frozen=True)
class CorrectionsApplied(Event):
    """`added` photos (in a dry run: those that would be), `originals` of them as they were and the others as small
    copies; `known` are in the dataset already, `misplaced` are there as another class; `none` show none of the classes;
    `left_out` were told one by one. `classes` has what each class got; `unknown` what there was for classes that the
    dataset lacks, which are left out unless new classes were asked for."""

    dataset: Path
    added: int
    originals: int
    known: int
    misplaced: int
    none: int
    left_out: int
    classes: tuple[tuple[str, int], ...]
    unknown: tuple[tuple[str, int], ...]
    seconds: float
    stopped: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class CorrectionsUndone(Event):
    """`removed` photos were taken out of the dataset again (in a dry run: would be), `gone` were not there any more,
    `left` stay as they are, each of which was told."""

    dataset: Path
    removed: int
    gone: int
    left: int
    seconds: float
    stopped: bool = False
    dry_run: bool = False
