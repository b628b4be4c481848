"""run.log: what a run said, with times, and how it failed if it did."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine import runs
from engine.events import Event, StepFinished, Transferred
from engine.wire import to_json

TOO_MANY = (StepFinished, Transferred)


def logged(run_dir: Path, events: Iterator[Event]) -> Generator[Event, None, None]:
    """Pass `events` on; all but those of every step are written to run.log, and so is an exception. A run goes on where
    its log cannot be written, on a full disk say."""
    log = _Log(run_dir / runs.LOG)
    try:
        for event in events:
            if not isinstance(event, TOO_MANY):
                log.write(to_json(event))
            yield event
    except Exception:
        log.write(f"failed\n{traceback.format_exc().rstrip()}")
        raise


@dataclass(frozen=True)
class _Log:
    path: Path

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {text}\n")
