"""What earlier looks at the folders saw, so that the next look costs little however many photos lie there."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from engine.dataset.folders import leads_to_folder

_HERE = os.curdir + os.sep
COARSEST_CLOCK = 3 * 10**9
"""Nanoseconds: FAT knows a time to two seconds. In a folder that changed no longer before it was read, another file may
have come since without another time."""


@dataclass(frozen=True, slots=True)
class _Folder:
    modified: int
    read_at: int
    inner: tuple[os.DirEntry[str], ...]


class Seen:
    """It remembers one number for each file (by path, size and time), and for each folder its time and what folders are
    in it: a folder whose time is the same has no new names. That a file was written over changes no folder's time, and
    some drives keep none for folders, so `through` makes the next walk read everything."""

    def __init__(self) -> None:
        self.through = True
        self._files: set[int] = set()
        self._folders: dict[str, _Folder] = {}

    def has(self, path: str, size: int, modified: int) -> bool:
        return hash((path, size, modified)) in self._files

    def add(self, path: str, size: int, modified: int) -> None:
        self._files.add(hash((path, size, modified)))

    def forget(self, path: str, size: int, modified: int) -> None:
        self._files.discard(hash((path, size, modified)))

    def knows(self, entry: os.DirEntry[str]) -> bool:
        """Whether this file was seen as it is now."""
        try:
            status = entry.stat()
        except OSError:
            return False
        return self.has(_named(entry), status.st_size, status.st_mtime_ns)

    def leave_out(self, entry: os.DirEntry[str]) -> None:
        """It is no photo, and is not to be looked into again while it stays the same."""
        try:
            status = entry.stat()
        except OSError:
            return
        self.add(_named(entry), status.st_size, status.st_mtime_ns)

    def unchanged(self, folder: Path) -> tuple[os.DirEntry[str], ...] | None:
        """The folders in it, where it has no new names for all that is known; None where it is to be read."""
        before = self._folders.get(str(folder))
        if self.through or before is None or before.read_at - before.modified < COARSEST_CLOCK:
            return None
        try:
            same = folder.stat().st_mtime_ns == before.modified
        except OSError:
            return None
        return before.inner if same else None

    def read(self, folder: Path, modified: int, entries: list[os.DirEntry[str]]) -> None:
        """Take what is in a folder whose time was `modified` before it was read."""
        inner = tuple(entry for entry in entries if leads_to_folder(entry))
        self._folders[str(folder)] = _Folder(modified, time.time_ns(), inner)


def _named(entry: os.DirEntry[str]) -> str:
    """As a Path of it names it."""
    return entry.path.removeprefix(_HERE)
