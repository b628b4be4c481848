"""Where the real photos and weights of the tests are; a test that wants them skips where they are absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(os.environ.get("THAW_TEST_DATA") or Path(__file__).parents[2] / "shared")


def shared(path: str) -> Path:
    """The shared file or folder; skips the test where it is not on this machine."""
    found = ROOT / path
    if not found.exists():
        pytest.skip(f"the shared test material ({path}) is not on this machine; set THAW_TEST_DATA to its folder")
    return found
