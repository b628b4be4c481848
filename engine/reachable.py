"""Whether something is at a path. What a drive cannot answer for is not there: one that is locked, asleep or broken, a
server that has gone, a folder that may not be looked into. pathlib raises there, in the midst of a window's start."""

from __future__ import annotations

import os
from pathlib import Path


def is_there(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110


def is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112


def is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113


def nearest_folder(path: Path) -> Path | None:
    """The path, or the nearest above it, that is a folder; None where its whole drive is not there."""
    return next((step for step in (path, *path.parents) if is_folder(step)), None)
