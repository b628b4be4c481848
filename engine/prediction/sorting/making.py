"""One file made from a photo, never over another one: a copy with its times, a link, or a sidecar."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import BinaryIO, Literal

from engine.prediction.ledger.made_files import COPIES, MadeFile
from engine.prediction.sorting.embedding import Embedding
from engine.prediction.sorting.places import device_of

State = Literal["as made", "changed", "gone", "away"]

BUFFER = 2**20
COARSE = 10_000_000
"""Nanoseconds: a drive that keeps whole steps of these (exFAT, FAT, HFS+) may say another time later."""
TOLERANCE = 2_000_000_000
"""FAT keeps even seconds."""


class ChangedMeanwhile(Exception):
    """The photo is not the one that was classified any more."""


def make(file: MadeFile, content: bytes | Embedding = b"") -> os.stat_result:
    """Make it; `content` is a sidecar's, or the label of a labelled copy. Raises ChangedMeanwhile, or OSError,
    FileExistsError among them, and leaves nothing behind then."""
    match file.kind:
        case "hardlink":
            os.link(os.path.realpath(file.source), file.path)
        case "symlink":
            file.path.symlink_to(file.source)
        case _:
            _write(file, content)
    return file.path.lstat()


def _write(file: MadeFile, content: bytes | Embedding) -> None:
    part, is_copy = part_of(file), file.kind in COPIES
    label = content if isinstance(content, Embedding) else Embedding()
    try:
        with part.open("xb") as target:
            if is_copy:
                _copy(file.source, target, label)
            elif isinstance(content, bytes):
                target.write(content)
            target.flush()
            os.fsync(target.fileno())  # after a power failure it is whole, or it is not there under its name
        if is_copy:
            _keep_facts(file.source, part)
            now, size = file.source.stat(), file.size - label.grows
            if (part.stat().st_size, now.st_size, now.st_mtime_ns) != (file.size, size, file.source_modified):
                raise ChangedMeanwhile
        else:
            os.utime(part, ns=(file.modified, file.modified))
        _place(part, file.path)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def _copy(source: Path, target: BinaryIO, label: Embedding) -> None:
    with source.open("rb") as photo:
        left = label.at
        while left and (some := photo.read(min(left, BUFFER))):
            target.write(some)
            left -= len(some)
        target.write(label.content)
        photo.seek(label.cut, os.SEEK_CUR)
        shutil.copyfileobj(photo, target, BUFFER)


def _keep_facts(source: Path, target: Path) -> None:
    """Times, permissions and extended attributes; a drive that refuses some (FAT has no owners) gets the others."""
    with contextlib.suppress(OSError):
        shutil.copystat(source, target)
    if sys.platform == "darwin":
        os.chflags(target, 0)  # a locked original must not lock its copy, which has yet to get its name


def _place(part: Path, path: Path) -> None:
    """Give it its name, unless another file has it."""
    if sys.platform == "win32":
        part.rename(path)  # refuses there
        return
    try:
        path.hardlink_to(part)  # unlike a rename it never replaces
    except FileExistsError:
        raise
    except OSError:  # a drive without hard links
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        part.rename(path)
    else:
        part.unlink()


def part_of(file: MadeFile) -> Path:
    """What it is written as first. The name is random, so nothing else has it."""
    return file.path.with_name(file.part)


def state_of(file: MadeFile) -> State:
    """How it stands with a file on record: as it was made, changed or replaced since, not there any more, or on a drive
    that is away. Of one that is not done: as made is what it would be. Raises OSError where it cannot be looked at."""
    try:
        status = file.path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return "away" if is_away(file) else "gone"
    return "as made" if _is_as_made(file, status) else "changed"


def is_away(file: MadeFile) -> bool:
    """Of what is not there: whether its drive is not, so that nothing can be said of it. Systems number drives anew
    when they start, so a folder with something in it is taken for the one that was meant."""
    if device_of(file.path.parent) == file.device:
        return False
    try:
        return not any(file.top.iterdir())
    except OSError:
        return True


def _is_as_made(file: MadeFile, status: os.stat_result) -> bool:
    if file.kind == "symlink":
        return stat.S_ISLNK(status.st_mode) and _target(file.path) == str(file.source)
    if not stat.S_ISREG(status.st_mode):
        return False
    if file.kind == "hardlink":
        with contextlib.suppress(OSError):
            if os.path.samestat(file.source.stat(), status):
                return True
        if not file.done:
            return False
    coarse = not file.done or not file.modified % COARSE
    apart = abs(status.st_mtime_ns - file.modified)
    return status.st_size == file.size and apart <= (TOLERANCE if coarse else 0)


def _target(link: Path) -> str:
    return str(link.readlink()).removeprefix("\\\\?\\")  # as Windows says it


def remove(path: Path) -> None:
    """Raises OSError."""
    if sys.platform == "win32":
        with contextlib.suppress(OSError):
            path.chmod(stat.S_IWRITE)  # what is read-only cannot be deleted there
    path.unlink()
