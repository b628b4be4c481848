"""Qt offscreen, a home of its own, and none of this machine's pretrained weights."""

from __future__ import annotations

import os
import shutil
import tempfile

# Before Qt is imported anywhere: no display, no touch of the person's own settings, one look for all.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
OWN = ("THAW_HOME", "THAW_CACHE_DIR", "XDG_CACHE_HOME", "TORCH_HOME", "LOCALAPPDATA")
for name in OWN:
    os.environ[name] = tempfile.mkdtemp(prefix=f"{name.lower().replace('_', '-')}-")
os.environ.pop("THAW_WEIGHTS_DIR", None)
os.environ.setdefault("THAW_SCHEME", "light")


def pytest_sessionfinish() -> None:
    for name in OWN:
        shutil.rmtree(os.environ[name], ignore_errors=True)
