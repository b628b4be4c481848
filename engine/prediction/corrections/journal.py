"""What was added to datasets, so that it can be taken out again: a file for each pack that was applied, in Thaw's own
folder and never among the photos. A photo stands in it before it is made."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from engine.errors import CorrectionsError
from engine.file_lock import HeldElsewhere, take
from engine.photos import printable
from engine.runs.files import thaw_folder

ENDING = ".jsonl"


@dataclass(frozen=True)
class Added:
    """A photo in a dataset, at `path` below its root, with its own SHA-256 and size in bytes, and the SHA-256 of the
    photo it is of. `source` is that photo where it was copied as it is; `part` is what it was written as."""

    path: Path
    sha256: str
    size: int
    of: str
    source: Path | None
    part: str


@dataclass
class Application:
    """A pack that was applied to the dataset at `root`; `folders` are the class folders that were made for it."""

    path: Path
    root: Path
    pack: str
    added: list[Added] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)


class Journal:
    """Begins with the first word; forced to the disk with each one. May raise OSError."""

    def __init__(self, root: Path, pack: str, name: str) -> None:
        self._head = {"root": str(_real(root)), "pack": pack, "name": name}
        self._file: IO[str] | None = None

    def intend(self, added: Added) -> None:
        """A photo is about to be made."""
        source = None if added.source is None else str(added.source)
        self._write(
            {"path": str(added.path), "sha256": added.sha256, "size": added.size, "of": added.of, "source": source,
             "part": added.part}
        )  # fmt: skip

    def failed(self, added: Added) -> None:
        """It was not made."""
        self._write({"failed": str(added.path)})

    def folder(self, path: Path) -> None:
        """A folder is about to be made."""
        self._write({"folder": str(path)})

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def _write(self, word: dict[str, Any]) -> None:
        if self._file is None:
            folder = journals_folder()
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / f"{time.time_ns()}{ENDING}").open("x", encoding="ascii")
            self._write(self._head)
        self._file.write(json.dumps(word) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@contextlib.contextmanager
def alone_with(root: Path) -> Iterator[None]:
    """Nobody else adds to the dataset at `root`, or takes out of it, meanwhile. Raises CorrectionsError where somebody
    does, or where Thaw's folder cannot be written."""
    name = hashlib.sha256(os.fsencode(_real(root))).hexdigest()[:16]
    try:
        journals_folder().mkdir(parents=True, exist_ok=True)
        lock = take(journals_folder() / f"{name}.lock")
    except HeldElsewhere as held:
        raise CorrectionsError(
            f"Another Thaw{held.holder} is at work on “{printable(root.name)}”; wait for it, then try again."
        ) from None
    except OSError as error:
        raise CorrectionsError(
            f"“{printable(str(journals_folder()))}” cannot be written ({error.strerror or error}), so what is "
            "added could not be undone; see to that folder first."
        ) from None
    try:
        yield
    finally:
        if lock:
            lock.release()


def journals_folder() -> Path:
    return thaw_folder() / "corrections"


def applications(root: Path) -> list[Application]:
    """What was added to the dataset at `root`, the newest first."""
    return [one for one in _all() if one.root == _real(root)]


def _all() -> Iterator[Application]:
    with contextlib.suppress(OSError):
        for path in sorted(journals_folder().glob(f"*{ENDING}"), reverse=True):
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                yield _read(path)


def _read(path: Path) -> Application:
    head, *words = path.read_text(encoding="ascii").split("\n")
    told = json.loads(head)
    application = Application(path, Path(told["root"]), told["pack"])
    added: dict[Path, Added] = {}
    for line in words:
        with contextlib.suppress(ValueError):  # the last one, where the power failed as it was written
            word = json.loads(line)
            if "folder" in word:
                application.folders.append(Path(word["folder"]))
            elif "failed" in word:
                added.pop(Path(word["failed"]), None)
            else:
                source = Path(word["source"]) if word["source"] is not None else None
                place = Path(word["path"])
                added[place] = Added(place, word["sha256"], word["size"], word["of"], source, word["part"])
    application.added = list(added.values())
    return application


def _real(root: Path) -> Path:
    return Path(os.path.realpath(root))
