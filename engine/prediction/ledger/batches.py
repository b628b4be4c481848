"""The ledgers in one folder: which batches there were, what they may be called, and deleting them with a way back."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from engine.errors import LedgerError
from engine.file_lock import holder_of
from engine.photos import printable
from engine.prediction.ledger.course import Course, read
from engine.prediction.ledger.deciding import rules_used
from engine.prediction.ledger.files import ENDING, LOCK_ENDING, files_of
from engine.prediction.ledger.ledger import About
from engine.prediction.ledger.opening import locked, read_ledger
from engine.prediction.rules import Rules

TRASH = ".trash"
DAYS_KEPT = 30
LONGEST_PART = 80
"""Bytes of a folder's and of a model's name in that of a ledger: drives take 255 for all of it."""
LOOKED_AT = 200
"""So many of the newest ledgers are searched for an earlier batch of the same photos."""
_ODD = re.compile(r"[^\w .()+-]")


@dataclass(frozen=True)
class Batch:
    """A ledger at `path` with the answers for `photos` photos, by the model that `about` tells of; `rules` decided on
    them. `at_work` is whether a process adds to it now."""

    path: Path
    course: Course
    about: About
    photos: int
    rules: Rules | None = None
    at_work: bool = False

    @property
    def cut(self) -> bool:
        """Whether it was left before its end."""
        return not self.course.finished and not self.at_work


def batches_in(folder: Path, newest: int) -> list[Batch]:
    """At most so many, the one that was changed last first. What cannot be read is left out."""
    return list(itertools.islice(_batches(folder), newest))


def batch_of(folder: Path, paths: Sequence[Path], identity: str) -> Batch | None:
    """The newest batch of these very paths by this very model."""
    wanted = tuple(path.absolute() for path in paths)
    newest = itertools.islice(_batches(folder), LOOKED_AT)
    return next((one for one in newest if one.course.paths == wanted and one.about.identity == identity), None)


def read_batch(path: Path) -> Batch | None:
    """The batch whose ledger is at `path`; None where it cannot be read, or does not say what was asked."""
    try:
        ledger = read_ledger(path)
    except LedgerError:
        return None
    try:
        course = read(ledger)
        if course is None:
            return None
        at_work = holder_of(path.with_name(path.name + LOCK_ENDING)) is not None
        return Batch(path, course, ledger.about, ledger.count(), rules_used(ledger), at_work)
    except (LedgerError, ValueError, KeyError):
        return None
    finally:
        with contextlib.suppress(LedgerError):
            ledger.close()


def free_name(folder: Path, paths: Sequence[Path], model: str) -> Path:
    """Where a new batch's ledger may lie: the folder's name, the day, the model, and a number where that is taken. The
    folder is made. Raises LedgerError."""
    first = (paths[0] if len(paths) == 1 else paths[0].parent).absolute().name
    stem = " ".join(filter(None, (_plain(first) or "photos", date.today().isoformat(), _plain(model))))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"The answers cannot be kept in “{printable(str(folder))}” ({error.strerror or error})."
        ) from None
    names = (folder / f"{stem}{f' {number}' if number > 1 else ''}{ENDING}" for number in itertools.count(1))
    return next(name for name in names if not os.path.lexists(name))


def delete(path: Path) -> Path:
    """Move a ledger into the trash of its folder; returns where it lies. Raises LedgerError, also where another Thaw
    adds to it."""
    lock = locked(path)
    try:
        return _move(path, path.parent / TRASH / f"{time.time_ns()} {path.name}")
    finally:
        if lock:
            lock.release()


def put_back(trashed: Path) -> Path:
    """Move a deleted ledger back; returns where it is. Raises LedgerError."""
    return _move(trashed, trashed.parent.parent / trashed.name.partition(" ")[2])


def sweep(folder: Path, days: int = DAYS_KEPT) -> None:
    """Remove for good what was deleted so many days ago."""
    oldest = time.time_ns() - days * 86_400 * 10**9
    with contextlib.suppress(OSError):
        for path in (folder / TRASH).iterdir():
            when = path.name.partition(" ")[0]
            if when.isdigit() and int(when) < oldest:
                path.unlink(missing_ok=True)


def _batches(folder: Path) -> itertools.chain[Batch]:
    return itertools.chain.from_iterable(
        [batch] for path in _newest_first(folder) if (batch := read_batch(path)) is not None
    )


def _newest_first(folder: Path) -> list[Path]:
    changed: dict[Path, float] = {}
    with contextlib.suppress(OSError):
        for path in folder.glob(f"*{ENDING}"):
            times = []
            for file in files_of(path):
                with contextlib.suppress(OSError):  # whoever closes a ledger takes its journal away
                    times.append(file.stat().st_mtime)
            if times:
                changed[path] = max(times)
    return sorted(changed, key=lambda path: (-changed[path], path.name))


def _plain(name: str) -> str:
    return _ODD.sub("_", printable(name)).encode()[:LONGEST_PART].decode(errors="ignore").strip(" .")


def _move(path: Path, target: Path) -> Path:
    try:
        if os.path.lexists(target):
            raise FileExistsError(17, "there is another of that name")
        target.parent.mkdir(exist_ok=True)
        # The journal goes first: a ledger without it is older, and one whose journal comes later is whole.
        for file in reversed(files_of(path)):
            if not file.name.endswith(LOCK_ENDING):
                with contextlib.suppress(FileNotFoundError):  # whoever looked at it closed it, and with it the journal
                    file.rename(target.with_name(target.name + file.name.removeprefix(path.name)))
    except OSError as error:
        raise LedgerError(
            f"“{printable(path.name)}” could not be moved ({error.strerror or error}); close what uses it."
        ) from None
    return target
