"""What is told while photos are sorted into folders, sidecars written, and both undone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.events.base import Event

MAY_BE_LAST = "Its photo is no longer where it was, so this may be the last copy of it."
"""Why undoing leaves a file that it would take away where it was told to."""


@dataclass(frozen=True)
class SortingPlanned(Event):
    """What sorting will do: `files` to make, which take `bytes` of the `free_bytes` on the drive of `into`; `kept` are
    there already, `moved` of the files are there in the folder of another class, `left_out` cannot be sorted.
    `folders` has (name, files, bytes) for each folder that gets some. In a dry run it is last and nothing was done."""

    into: Path
    files: int
    bytes: int
    free_bytes: int
    kept: int
    moved: int
    left_out: int
    folders: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class SortingProgress(Event):
    """`doing` is “sort”, “sidecars”, “undo”, and of corrections “pack” or “apply”; `total` is 0 where it is not known
    yet."""

    doing: str
    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True)
class LeftOut(Event):
    """A file that was left as it is, and a sentence that says why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class SortingFinished(Event):
    """`files` were made, `moved` of them from the folder of another class; `kept` were there already; `left_out` could
    not be sorted, each of which was told. `bytes` were copied. Where that was asked for, `labelled` copies have their
    label inside, and `unlabelled` are (why others have none, copies)."""

    into: Path
    files: int
    kept: int
    moved: int
    left_out: int
    bytes: int
    seconds: float
    stopped: bool = False
    labelled: int = 0
    unlabelled: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class SidecarsFinished(Event):
    """`files` sidecars were written (in a dry run: would be), `kept` photos have theirs from earlier, `unlabelled` have
    nothing to be said of; `left_out` were left, each of which was told."""

    files: int
    kept: int
    unlabelled: int
    left_out: int
    seconds: float
    stopped: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class SortingUndone(Event):
    """`removed` files and `folders` were taken away (in a dry run: the files that would be), `gone` files were not
    there any more, `left` stay as they are, each of which was told."""

    removed: int
    gone: int
    left: int
    folders: int
    seconds: float
    stopped: bool = False
    dry_run: bool = False
