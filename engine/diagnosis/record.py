"""diagnosis.json in a run directory: what was found, as it was told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from engine import runs, wire
from engine.events import Diagnosis


def write(run_dir: Path, diagnoses: Iterable[Diagnosis]) -> None:
    lines = ",\n".join(wire.to_json(diagnosis) for diagnosis in diagnoses)
    runs.write_whole(run_dir / runs.DIAGNOSIS, f"[\n{lines}\n]\n".encode())


def read(run_dir: Path) -> tuple[Diagnosis, ...]:
    """What was found in the run, in the order of finding; nothing where the file is not there or is damaged."""
    try:
        found = json.loads((run_dir / runs.DIAGNOSIS).read_text(encoding="utf-8"))
        events = [wire.from_json(json.dumps(entry)) for entry in found]
    except (OSError, ValueError, TypeError, KeyError):
        return ()
    return tuple(event for event in events if isinstance(event, Diagnosis))


def cut(run_dir: Path, epochs: int) -> None:
    """Keep what was found in the first `epochs` epochs: the rest is looked for again where a run goes on."""
    if (run_dir / runs.DIAGNOSIS).exists():
        kept = [found for found in read(run_dir) if found.epoch is not None and found.epoch <= epochs]
        write(run_dir, kept)
