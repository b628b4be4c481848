"""The queue on disk. Each window has a file of its own, and takes over what one that is closed has left."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.config import TrainConfig, from_toml, to_toml
from engine.errors import ConfigError
from engine.file_lock import FileLock, HeldElsewhere, take
from engine.runs import write_whole

FILE = "queue.json"
NAMED = re.compile(r"queue(-\d+)?\.json")
LOCK_SUFFIX = ".lock"


@dataclass(frozen=True)
class QueuedRun:
    """A run that waits; with a `failure`, the sentence of why it did not come to its end."""

    config: TrainConfig
    failure: str = ""


class QueueFile:
    """It is there, and held, as long as there is something in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None
        self._lock: FileLock | None = None

    def take_over(self) -> tuple[QueuedRun, ...]:
        """What waits in the files that no window holds, in one file from now on."""
        found: list[QueuedRun] = []
        left: list[tuple[Path, FileLock | None]] = []
        there: list[Path] = []
        with contextlib.suppress(OSError):  # its drive may answer with an error
            there = [path for path in self._folder.glob("queue*.json") if NAMED.fullmatch(path.name)]
        for path in sorted(there, key=lambda path: (len(path.name), path.name)):
            try:
                lock = _taken(path)
            except HeldElsewhere:
                continue
            found += _read(path)
            left.append((path, lock))
        if left:
            (self._path, self._lock), *others = left
            if others:
                self.write(found)
            for path, lock in others:
                path.unlink(missing_ok=True)
                _let_go(lock)
        return tuple(found)

    def write(self, runs: Sequence[QueuedRun]) -> None:
        """Keep `runs` and nothing else."""
        if runs:
            self._path = self._path or self._claimed()
            rows = [{"config": to_toml(run.config), "failure": run.failure} for run in runs]
            write_whole(self._path, json.dumps(rows, indent=1).encode())
        elif self._path:
            self._path.unlink(missing_ok=True)
            self.close()

    def close(self) -> None:
        """Leave what waits to the next window."""
        _let_go(self._lock)
        self._path = self._lock = None

    def _claimed(self) -> Path:
        """The first name that no window has."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for number in itertools.count(1):
            path = self._folder / (FILE if number == 1 else f"queue-{number}.json")
            if not path.exists():
                with contextlib.suppress(HeldElsewhere):
                    self._lock = _taken(path)
                    return path
        raise AssertionError("numbers do not end")


def _taken(path: Path) -> FileLock | None:
    """The lock of a queue's file, None where there can be none. Raises HeldElsewhere."""
    try:
        return take(path.with_suffix(LOCK_SUFFIX), patience=0.1)
    except OSError:
        return None


def _let_go(lock: FileLock | None) -> None:
    if lock:
        lock.release()


def _read(path: Path) -> list[QueuedRun]:
    """What waits on disk; nothing where there is no file. A run that this version does not understand is left out."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        texts = [(str(row["config"]), str(row["failure"])) for row in rows]
    except (OSError, ValueError, TypeError, KeyError):
        return []
    found = []
    for text, failure in texts:
        with contextlib.suppress(ConfigError):
            found.append(QueuedRun(from_toml(text), failure))
    return found
