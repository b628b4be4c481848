"""Qt offscreen, a home of its own, and tests that fail on what they leave behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

# Before Qt is imported anywhere: no display, no touch of the person's own settings, one look for all.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["THAW_HOME"] = tempfile.mkdtemp(prefix="thaw-tests-")
os.environ["THAW_CACHE_DIR"] = tempfile.mkdtemp(prefix="thaw-cache-")
os.environ.setdefault("THAW_SCHEME", "light")


def pytest_sessionfinish() -> None:
    shutil.rmtree(os.environ["THAW_CACHE_DIR"], ignore_errors=True)
    for path in sorted(Path(os.environ["THAW_HOME"]).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
