"""undo_corrections: what a pack added to a dataset taken out again, as far as it is still as it was added."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from pathlib import Path

from engine.control import Control
from engine.errors import CorrectionsError
from engine.events import CorrectionsUndone, Event, LeftOut
from engine.photos import printable
from engine.prediction.corrections.journal import Added, Application, alone_with, applications
from engine.prediction.corrections.opened_pack import opened_pack
from engine.prediction.corrections.target import sha256_of
from engine.prediction.sorting.making import remove
from engine.prediction.sorting.steering import Steering

CHANGED = "It was changed since it was added, so it is left."
LAST = "Its photo is no longer where it was, so this may be the last copy of it: delete it yourself if you want to."
_REMOVED, _GONE = "removed", "gone"


def undo_corrections(
    pack: Path, dataset: Path, *, dry_run: bool = False, control: Control | None = None
) -> Generator[Event, None, None]:
    """Take out of `dataset` what `pack` added to it: photos whose content is still the same, and class folders that
    were made for them and are empty. Each other photo is a LeftOut and stays, so does what may be the last copy of an
    original. It may be done in several goes. CorrectionsUndone is last, also after a stop; in a `dry_run` nothing is
    changed. Raises CorrectionsError: no pack, or nothing of it was added there."""
    with opened_pack(pack) as opened:
        identity = opened.identity
    with contextlib.nullcontext() if dry_run else alone_with(dataset):
        yield from _undo(pack, identity, dataset, dry_run, control)


def _undo(
    pack: Path, identity: str, dataset: Path, dry_run: bool, control: Control | None
) -> Generator[Event, None, None]:
    root = Path(os.path.realpath(dataset))
    done = [one for one in applications(root) if one.pack == identity]
    if not done:
        raise CorrectionsError(
            f"There is no record of anything that “{printable(pack.name)}” added to “{printable(str(dataset))}”."
        )
    steering = Steering("undo", control, sum(len(one.added) for one in done))
    counts = {_REMOVED: 0, _GONE: 0}
    left = 0
    for application in done:
        stays = 0
        for added in reversed(application.added):
            if not steering.goes_on(lambda: None):
                break
            said = _take_out(root, added, dry_run)
            if said in counts:
                counts[said] += 1
            else:
                stays += 1
                yield LeftOut(root / added.path, said)
            yield from steering.step()
        else:
            if not dry_run:
                _close(root, application, stays)
        left += stays
    stopped = steering.stopped and steering.done < steering.total
    yield CorrectionsUndone(root, counts[_REMOVED], counts[_GONE], left, steering.seconds, stopped, dry_run)


def _take_out(root: Path, added: Added, dry_run: bool) -> str:
    """_REMOVED, _GONE, or a sentence that says why it stays."""
    path = root / added.path
    try:
        if not dry_run:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                path.with_name(added.part).unlink()
        if not path.exists():
            return _GONE
        if path.is_symlink() or path.stat().st_size != added.size or sha256_of(path) != added.sha256:
            return CHANGED
        if added.source is not None and not _is_still(added.source, added):
            return LAST
        if not dry_run:
            remove(path)
        return _REMOVED
    except OSError as error:
        return f"It cannot be removed ({error.strerror or error})."


def _is_still(source: Path, added: Added) -> bool:
    """Whether the photo that was copied is where it was: the next memory card has another one of that name there."""
    try:
        return source.stat().st_size == added.size and sha256_of(source) == added.sha256
    except OSError:
        return False


def _close(root: Path, application: Application, stays: int) -> None:
    """Remove what is empty; and the record, where nothing is left of what it tells."""
    for folder in reversed(application.folders):
        with contextlib.suppress(OSError):
            (root / folder).rmdir()
    if not stays:
        with contextlib.suppress(OSError):
            application.path.unlink()
