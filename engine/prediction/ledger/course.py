"""What a batch was asked for, and how far it came: what a program needs that offers to go on with it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.prediction.ledger.ledger import Ledger

KEY = "course"


@dataclass(frozen=True)
class Course:
    """`paths` were named, for the model file `model`; `begun` is local time. `total` is how many photos there were when
    they were counted last, 0 where that never came to its end; `finished` that each of them has its row."""

    paths: tuple[Path, ...]
    model: Path
    begun: datetime
    total: int = 0
    finished: bool = False


def begin(ledger: Ledger, paths: Sequence[Path], model: Path) -> None:
    """Note what is asked for; a batch that is gone on with keeps the day on which it began. Kept at once."""
    before = read(ledger)
    begun = before.begun if before else datetime.now()
    total = before.total if before else 0
    _write(ledger, Course(tuple(path.absolute() for path in paths), model.absolute(), begun, total))
    ledger.commit()


def note(ledger: Ledger, *, total: int | None = None, finished: bool = False) -> None:
    """How far it has come; kept with the next commit."""
    if now := read(ledger):
        _write(ledger, dataclasses.replace(now, total=now.total if total is None else total, finished=finished))


def read(ledger: Ledger) -> Course | None:
    """None where nobody noted it: a ledger of an older Thaw."""
    text = ledger.noted(KEY)
    if text is None:
        return None
    told = json.loads(text)
    return Course(
        tuple(map(Path, told["paths"])), Path(told["model"]), datetime.fromisoformat(told["begun"]), told["total"],
        told["finished"],
    )  # fmt: skip


def _write(ledger: Ledger, course: Course) -> None:
    # JSON's own escapes carry names that are no UTF-8.
    told = {
        "paths": list(map(str, course.paths)), "model": str(course.model),
        "begun": course.begun.isoformat(timespec="seconds"), "total": course.total, "finished": course.finished,
    }  # fmt: skip
    ledger.note(KEY, json.dumps(told))
