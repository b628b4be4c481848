"""The files and folders that were ever named for a ledger: below them lie all its photos. (Its course has what was
named last.)"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.met_again import key_of

KEY = "named"


def remember_named(ledger: Ledger, paths: Iterable[Path]) -> None:
    """Add what was named this time to what was named before."""
    before = _known(ledger)
    now = list(dict.fromkeys([*before, *(os.fsdecode(key_of(path)) for path in paths)]))
    if now != before:
        ledger.note(KEY, json.dumps(now))


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


def _known(ledger: Ledger) -> list[str]:
    return list(json.loads(ledger.noted(KEY) or "[]"))
