"""run.log: what a run said, with times, and how it failed if it did."""

from __future__ import annotations

import traceback
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path

from engine import runs
from engine.events import Event, StepFinished, Transferred
from engine.wire import to_json

TOO_MANY = (StepFinished, Transferred)


def logged(run_dir: Path, events: Iterator[Event]) -> Generator[Event, None, None]:
    """Pass `events` on; all but those of every step are written to run.log, and so is an exception."""
    with (run_dir / runs.LOG).open("a", encoding="utf-8", buffering=1) as log:
        try:
            for event in events:
                if not isinstance(event, TOO_MANY):
                    log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} {to_json(event)}\n")
                yield event
        except Exception:
            log.write(f"{datetime.now():%Y-%m-%d %H:%M:%S} failed\n{traceback.format_exc()}")
            raise
