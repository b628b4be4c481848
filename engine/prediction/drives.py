"""Drives that go away in the middle of the work: noticed, told, waited for."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.photos import printable
from engine.reachable import is_folder, is_there

SECONDS_BETWEEN = 0.5


class Drives:
    """Watches over the folders and files that a person named. Its methods may be called from several threads.

    A named path is away where it cannot be looked at any more, or where it lies on another device than before: a drive
    that is unplugged leaves the empty folder behind in which it was mounted. A file that is gone from a folder that is
    there was deleted.
    """

    def __init__(self, paths: Sequence[Path], ended: Callable[[], bool]) -> None:
        """`ended` says whether nobody waits any longer."""
        self._ended = ended
        self._lock = threading.Lock()
        self._devices = {path: _device(path) for path in paths}
        self._files = {path for path in paths if not is_folder(path)}
        self._lost: set[Path] = set()
        self._told: list[str] = []

    def comes_back(self, path: Path) -> bool:
        """For a `path` that could not be read: wait while what holds it is away. False where nothing is away, so that
        reading it again would not help, or where nobody waits any longer."""
        named = self._holder(path)
        if named is None or not self._is_away(named):
            return False
        while not self._ended():
            if not self._is_away(named) or (is_there(path) and self._is_another(named)):
                self._found_again(named)
                return True
            time.sleep(SECONDS_BETWEEN)
        return False

    @property
    def away(self) -> bool:
        return bool(self._lost)

    def news(self) -> list[str]:
        """Sentences since it was asked last."""
        with self._lock:
            told, self._told = self._told, []
            return told

    def _holder(self, path: Path) -> Path | None:
        holders = [named for named in self._devices if path == named or named in path.parents]
        return max(holders, key=lambda named: len(named.parts), default=None)

    def _is_away(self, named: Path) -> bool:
        before = self._devices[named]
        if before is None:  # it was not there to begin with
            return False
        now = _device(named)
        away = now != before and not (now is None and named in self._files and _device(named.parent) == before)
        with self._lock:
            if away and named not in self._lost:
                self._lost.add(named)
                self._told.append(
                    f"“{printable(str(named))}” is gone: connect its drive again, and the work goes on by itself. "
                    "What was done is kept."
                )
        return away

    def _is_another(self, named: Path) -> bool:
        """Whether the named path can be looked at, on whatever device: a drive may come back as another one."""
        return _device(named) is not None

    def _found_again(self, named: Path) -> None:
        with self._lock:
            self._devices[named] = _device(named)
            if named in self._lost:
                self._lost.remove(named)
                self._told.append(f"“{printable(str(named))}” is back; the work goes on.")


def _device(path: Path) -> int | None:
    """The device on which it lies; None where it cannot be looked at."""
    try:
        if path.is_dir():
            os.scandir(path).close()  # a drive that was pulled may still answer for the folder itself
        return path.stat().st_dev
    except OSError:
        return None
