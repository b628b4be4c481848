"""Qt offscreen, a home of its own, and tests that fail on what they leave behind."""

from __future__ import annotations

import os
import shutil
import tempfile

# Before Qt is imported anywhere: no display, no touch of the person's own settings, one look for all.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["THAW_HOME"] = tempfile.mkdtemp(prefix="thaw-tests-")
os.environ["THAW_CACHE_DIR"] = tempfile.mkdtemp(prefix="thaw-cache-")
os.environ.setdefault("THAW_SCHEME", "light")


def pytest_sessionfinish() -> None:
    for name in ("THAW_HOME", "THAW_CACHE_DIR"):
        shutil.rmtree(os.environ[name], ignore_errors=True)
