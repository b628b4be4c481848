"""One process at a time works in a run's directory: it holds a file there for as long as it trains."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from engine.errors import RunTakenError
from engine.file_lock import FileLock, HeldElsewhere, Holder, holder_of, take

LOCK = "run.lock"


@contextlib.contextmanager
def taken(folder: Path, what: str = "run") -> Iterator[bool]:
    """Have the directory of a run, or of `what` it is, to oneself; it is made where it is not there, and removed at the
    end where nothing came into it. Yields whether that could be made sure of: some network drives have no locks.

    Raises RunTakenError where another process works there.
    """
    made = not os.path.exists(folder)  # noqa: PTH110 - Path.exists raises where a name is too long
    lock, sure = _take(folder, what)
    try:
        yield sure
    finally:
        if lock:
            lock.release()
        if made:
            with contextlib.suppress(OSError):  # there is something in it
                folder.rmdir()


def _take(folder: Path, what: str) -> tuple[FileLock | None, bool]:
    """The lock, and whether nobody else can be at work; without one where nothing can be written, which whoever writes
    says when it does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = take(folder / LOCK)
    except HeldElsewhere as held:
        raise RunTakenError(
            f"The {what} in {folder} is being trained by another Thaw{held.holder}; wait for its end, stop it there or "
            "choose another folder."
        ) from None
    except OSError:
        return None, True
    return lock, lock is not None


def trainer_of(run_dir: Path) -> Holder | None:
    """The process that trains the run now, this one too; None where nobody does."""
    return holder_of(run_dir / LOCK)
