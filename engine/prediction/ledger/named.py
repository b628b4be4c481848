"""The files and folders that were ever named for a ledger: below them lie all its photos. (Its course has what was
named last.)"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from engine.errors import LedgerError
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.met_again import key_of
from engine.prediction.ledger.opening import read_ledger

KEY = "named"


def remember_named(ledger: Ledger, paths: Iterable[Path]) -> None:
    """Add what was named this time to what was named before."""
    before = _known(ledger)
    now = list(dict.fromkeys([*before, *(os.fsdecode(key_of(path)) for path in paths)]))
    if now != before:
        ledger.note(KEY, json.dumps(now))


def as_named_before(ledger: Path, paths: Sequence[Path]) -> list[Path]:
    """`paths`, each folder as it was called when it was named for this ledger before: a drive's letter or an accent may
    be written in two ways, or a link may lead there, and its photos would get a second row each."""
    try:
        opened = read_ledger(ledger)
        try:
            before = [Path(name) for name in _known(opened)]
        finally:
            opened.close()
    except LedgerError:  # opening it to go on says what is wrong
        return list(paths)
    keys = set(map(key_of, before))
    called = {_identity(path): path for path in reversed(before)}
    return [path if key_of(path) in keys else called.get(_identity(path) or (0, 0), path) for path in paths]


def named_paths(ledger: Ledger) -> tuple[Path, ...]:
    """Absolute paths of what was named; of a ledger that does not know, the folder that holds all its photos."""
    known = _known(ledger)
    if known:
        return tuple(map(Path, known))
    with ledger.statements() as run:
        folders = [os.fsdecode(folder) for (folder,) in run("SELECT DISTINCT folder(key) FROM photo")]
    try:
        return (Path(os.path.commonpath(folders)),)
    except ValueError:  # none, or on several drives
        return tuple(map(Path, folders))


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a folder apart however it is called; None for what is none, or has none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) and status.st_ino else None


def _known(ledger: Ledger) -> list[str]:
    return list(json.loads(ledger.noted(KEY) or "[]"))
