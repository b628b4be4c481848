"""Files that are whole or not there: written beside, forced to the disk, moved into place."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PART = ".part"
TRIES, SECONDS_BETWEEN = 20, 0.1


@contextlib.contextmanager
def whole_file(path: Path, kept_as: Path | None = None) -> Iterator[BinaryIO]:
    """A file to write in place of `path`; the one there until then is moved to `kept_as`, where that is given.

    A reader sees the old file or the new one and never a part, and so does whoever starts the machine after its power
    failed. Where writing fails, the old file stays and no part of the new one. Raises OSError.
    """
    part = path.with_name(path.name + PART)
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if kept_as and path.exists():
            _move(path, kept_as)
        _move(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` as `whole_file` does."""
    with whole_file(path) as file:
        file.write(data)


def _move(source: Path, target: Path) -> None:
    """Windows refuses for a moment while another program, a virus scanner say, looks at the target."""
    for _ in range(TRIES - 1 if sys.platform == "win32" else 0):
        try:
            source.replace(target)
            return
        except PermissionError:
            time.sleep(SECONDS_BETWEEN)
    source.replace(target)


def _sync_folder(folder: Path) -> None:
    """The folder's entries too must be on the disk. Windows cannot and need not, some network drives cannot."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        entry = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(entry)
        finally:
            os.close(entry)
