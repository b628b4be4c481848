"""Runs that were asked for together, to be held beside each other; the settings of each name its comparison."""

from __future__ import annotations

import contextlib
from datetime import datetime
from pathlib import Path

from engine.config import TrainConfig
from engine.errors import ThawError
from engine.runs.files import CONFIG, read_config

_WHEN = "%Y-%m-%d %H:%M:%S.%f"


def new_comparison() -> str:
    """What the runs of a comparison share: when they were asked for. Later ones sort behind earlier ones."""
    return datetime.now().strftime(_WHEN)


def asked_at(comparison: str) -> datetime | None:
    """When a comparison was asked for, None where that cannot be told."""
    try:
        return datetime.strptime(comparison, _WHEN)
    except ValueError:
        return None


def compared_runs(folder: Path, data: Path) -> tuple[tuple[Path, TrainConfig], ...]:
    """The runs in `folder` that learn from `data` and are of a comparison, with their settings: those of the latest
    comparison last, and each one's in the order in which they were begun. What cannot be read is left out."""
    found = []
    for path in folder.glob(f"*/{CONFIG}"):
        with contextlib.suppress(ThawError, OSError):
            config = read_config(path.parent)
            if config.comparison and config.data in (data, data.resolve()):
                found.append((config.comparison, path.stat().st_mtime, path.parent, config))
    return tuple((run_dir, config) for *_, run_dir, config in sorted(found, key=lambda row: row[:3]))
