"""Why a run was left before its end: in words of its own where it could still say so, else what can be told."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

import psutil

from engine.runs.files import ENDED, HISTORY, LAST, LOG, METRICS
from engine.whole_file import write_whole


@dataclass(frozen=True)
class Ended:
    """`text` is a sentence; `kind` is the error's own (see `ThawError.kind`), "" for none."""

    text: str
    kind: str = ""


def write_ended(run_dir: Path, why: Ended) -> None:
    """Leave word in the run directory; where that cannot be written, none is left."""
    with contextlib.suppress(OSError):
        write_whole(run_dir / ENDED, json.dumps(vars(why)).encode())


def forget_ended(run_dir: Path) -> None:
    (run_dir / ENDED).unlink(missing_ok=True)


def why_ended(run_dir: Path) -> Ended | None:
    """Why the run was interrupted, None where nothing is known."""
    try:
        return Ended(**json.loads((run_dir / ENDED).read_text(encoding="utf-8")))
    except FileNotFoundError:
        pass
    except (OSError, ValueError, TypeError):
        return None
    if (run_dir / METRICS).is_file():
        return Ended("Its figures (metrics.json) were damaged on the disk; a resume writes them anew.")
    if _last_sign(run_dir) < psutil.boot_time():
        return Ended("The machine was switched off or started anew meanwhile.")
    return Ended("Its process was ended from outside, or crashed.")


def _last_sign(run_dir: Path) -> float:
    """When the run last wrote anything."""
    files = [run_dir / name for name in (LOG, LAST, HISTORY)]
    return max((path.stat().st_mtime for path in files if path.is_file()), default=0.0)
