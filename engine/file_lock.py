"""A file that at most one process holds. The system lets go of it when that process ends, however it ends, so nothing
is ever stuck; a file that is left over says nothing."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

PATIENCE_SECONDS = 0.5
"""Whoever only looks holds the lock for a moment, which must not turn a run away."""
SECONDS_BETWEEN = 0.02
AFTER_THE_LOCK = 1
"""Where the holder's name stands: Windows lets nobody read the first byte, which is what is locked."""


@dataclass(frozen=True)
class Holder:
    """The process that holds a file; 0 and "" where it has not said who it is."""

    process: int = 0
    computer: str = ""

    def __str__(self) -> str:
        """As it stands after the word for it, with a space before; "" where nothing is known."""
        return f" (process {self.process} on {self.computer})" if self.process else ""


class HeldElsewhere(Exception):
    """Another process holds the file."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(f"held{holder}")
        self.holder = holder


class FileLock:
    """A file that is held until `release`, which removes it."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor
        with contextlib.suppress(OSError):  # on a full disk it is held without a name
            os.lseek(descriptor, AFTER_THE_LOCK, os.SEEK_SET)
            written = os.write(descriptor, f"{os.getpid()} {platform.node()}\n".encode())
            os.ftruncate(descriptor, AFTER_THE_LOCK + written)

    def release(self) -> None:
        """Whoever waits for the file sees that it is gone, and makes another."""
        if sys.platform != "win32":
            self._remove()  # while it is held: nobody else can have taken it
        with contextlib.suppress(OSError):
            unlock_descriptor(self._descriptor)
        os.close(self._descriptor)
        if sys.platform == "win32":
            self._remove()  # refused where another has it open by now

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink()


def take(path: Path, patience: float | None = None) -> FileLock | None:
    """Hold the file at `path`, made where it is not there; None where the drive has no locks. Whoever only looks is
    waited for, `patience` seconds at most.

    Raises HeldElsewhere, or OSError where the file cannot be made.
    """
    until = time.monotonic() + (PATIENCE_SECONDS if patience is None else patience)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            held = lock_descriptor(descriptor, blocking=False)
        except OSError:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        if held and not _is_gone(path, descriptor):
            return FileLock(path, descriptor)
        os.close(descriptor)
        if not held and time.monotonic() > until:
            raise HeldElsewhere(_said(path))
        time.sleep(SECONDS_BETWEEN)


def holder_of(path: Path) -> Holder | None:
    """Who holds the file at `path`, None where nobody does. Changes nothing; costs next to nothing where there is no
    such file."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except OSError:  # not there; or only to be read, so whoever asks cannot write here anyway
        return None
    try:
        if lock_descriptor(descriptor, blocking=False):
            unlock_descriptor(descriptor)
            return None
        return _said(path)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _is_gone(path: Path, descriptor: int) -> bool:
    """Whether the file was removed by who held it before, between opening and locking it."""
    opened = os.fstat(descriptor)
    try:
        return opened.st_nlink == 0 and not os.path.samestat(opened, path.stat())
    except OSError:
        return True


def _said(path: Path) -> Holder:
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(AFTER_THE_LOCK)
            process, _, computer = file.read(300).decode(errors="replace").strip().partition(" ")
        return Holder(int(process), computer)
    except (OSError, ValueError):
        return Holder()
