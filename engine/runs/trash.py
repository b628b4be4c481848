"""Deleted runs: moved into a folder beside the others, from where they can be put back until it is emptied.

It is a folder of Thaw's own and not the system's bin, which gives nothing back to the program that filled it.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from engine.errors import RunError
from engine.runs.files import CONFIG, PARTS, RUN_FILES, TENSORBOARD, state
from engine.runs.lock import trainer_of

TRASH = ".trash"
DAYS_KEPT = 30
_WHEN = "%Y%m%d-%H%M%S-%f"
_NAMED = re.compile(r"(\d{8}-\d{6}-\d{6}) (.+)")


@dataclass(frozen=True)
class TrashedRun:
    """`path` is where it lies, `original` where it was."""

    path: Path
    original: Path
    deleted: datetime
    size_bytes: int


def delete(run_dir: Path) -> TrashedRun:
    """Move a run to the trash of the folder it lies in. Only what Thaw wrote is moved: other files, which a person put
    there, stay, and the folder with them.

    Raises RunError where there is no run, it is being trained, or it cannot be moved.
    """
    match state(run_dir):
        case "absent":
            raise RunError(f"There is no run in {run_dir}.")
        case "running":
            raise RunError(f"The run in {run_dir} is being trained{trainer_of(run_dir) or ''}; stop it first.")
    run_dir = run_dir.absolute()
    now = datetime.now()
    place = run_dir.parent / TRASH / f"{now.strftime(_WHEN)} {run_dir.name}"
    try:
        place.parent.mkdir(exist_ok=True)
        if all(_is_own(path) for path in run_dir.iterdir()):
            run_dir.rename(place)
        else:
            place.mkdir()
            _move(run_dir, place, first=CONFIG)
    except OSError as error:
        raise RunError(f"The run in {run_dir} cannot be deleted: {error.strerror or error}.") from error
    return TrashedRun(place, run_dir, now, _size(place))


def put_back(trashed: TrashedRun) -> Path:
    """Move a deleted run back; returns where it is. Raises RunError where another run took its place, or it is gone."""
    target = trashed.original
    if state(target) != "absent":
        raise RunError(f"There is another run in {target} now; move that one away first.")
    try:
        target.mkdir(parents=True, exist_ok=True)
        _move(trashed.path, target, last=CONFIG)
        trashed.path.rmdir()
    except OSError as error:
        raise RunError(f"The run cannot be put back to {target}: {error.strerror or error}.") from error
    with contextlib.suppress(OSError):
        trashed.path.parent.rmdir()  # where it was the last
    return target


def list_trash(folder: Path) -> tuple[TrashedRun, ...]:
    """The deleted runs of `folder`, the latest first."""
    try:
        there = list((folder / TRASH).iterdir())
    except OSError:  # nothing was deleted yet, or the drive is away
        return ()
    found = []
    for path in there:
        if path.is_dir() and (named := _NAMED.fullmatch(path.name)):
            when = datetime.strptime(named[1], _WHEN)
            found.append(TrashedRun(path, folder / named[2], when, _size(path)))
    return tuple(sorted(found, key=lambda trashed: trashed.deleted, reverse=True))


def empty_trash(folder: Path, days: int = 0) -> tuple[int, int]:
    """Remove for good what was deleted at least so many days ago; returns (runs, bytes freed).

    Raises RunError where something cannot be removed.
    """
    old = [found for found in list_trash(folder) if datetime.now() - found.deleted >= timedelta(days=days)]
    for trashed in old:
        try:
            shutil.rmtree(trashed.path)
        except OSError as error:
            raise RunError(f"{trashed.path} cannot be removed: {error.strerror or error}.") from error
    with contextlib.suppress(OSError):
        (folder / TRASH).rmdir()  # where nothing is left in it
    return len(old), sum(trashed.size_bytes for trashed in old)


def _is_own(path: Path) -> bool:
    if path.is_dir():
        return path.name == TENSORBOARD
    return path.name in (*RUN_FILES, *PARTS)


def _move(source: Path, target: Path, first: str = "", last: str = "") -> None:
    """Move Thaw's files. Without config.toml there is no run, so a crash in between leaves half of none."""
    names = sorted(path.name for path in source.iterdir() if _is_own(path))
    names.sort(key=lambda name: (name != first, name == last))
    for name in names:
        (source / name).replace(target / name)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
