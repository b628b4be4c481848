"""Very many photos by `thaw predict`: as fast at the end as at the beginning, in the same memory."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from tests.engine import tiny_model

PHOTOS, FOLDERS, PART = 200_000, 200, 10_000
SEED = 1

pytestmark = pytest.mark.bench


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Links to twenty small photos, each path decoded and classified for itself."""
    noise = np.random.default_rng(SEED)
    for number in range(20):
        pixels = noise.integers(0, 256, (48, 64, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.jpg")
    for number in range(PHOTOS):
        link = tmp_path / "photos" / f"{number % FOLDERS:03}" / f"{number:06}.jpg"
        if number < FOLDERS:
            link.parent.mkdir(parents=True)
        link.symlink_to(tmp_path / f"{number % 20}.jpg")
    return tmp_path / "photos"


@pytest.mark.timeout(3000)
def test_the_last_photos_are_as_fast_as_the_first(many: Path, tmp_path: Path, figure: Callable[[str], None]) -> None:
    model, out = tiny_model.make(tmp_path / "m.thaw").path, tmp_path / "out.csv"
    command = [sys.executable, "-m", "engine", "predict", str(model), str(many), "--out", str(out)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    process, seen, memory = psutil.Process(child.pid), list[tuple[float, int, int]](), 0
    rows, place, running = 0, 0, True
    while running:
        time.sleep(0.05)
        running = child.poll() is None  # asked first, so that the last look sees all rows
        with contextlib.suppress(psutil.Error):
            memory = process.memory_info().rss or memory
        if out.exists():
            with out.open("rb") as file:
                file.seek(place)
                new = file.read()
            place, rows = place + len(new), rows + new.count(b"\n")
            seen.append((time.perf_counter(), rows, memory))
    assert child.returncode == 0

    def at(photos: int) -> tuple[float, int, int]:
        return next(one for one in seen if one[1] >= photos)

    def rate(first: int, last: int) -> float:
        return (at(last)[1] - at(first)[1]) / (at(last)[0] - at(first)[0])

    begun = 1000  # rows until all threads are at work
    first, last = rate(begun, begun + PART), rate(PHOTOS - PART, PHOTOS)
    grown = (max(memory for _, some, memory in seen if some > PHOTOS - PART) - at(begun + PART)[2]) / 2**20
    figure(f"first {PART:,}: {first:.0f} photos/s, last: {last:.0f}; {last / first:.3f}; grown by {grown:.1f} MiB")
    figure(f"largest {max(memory for *_, memory in seen) / 2**20:.0f} MiB; {PHOTOS:,} rows: {rows - 1:,}")
    assert rows == PHOTOS + 1
    assert last / first >= 0.95
    assert grown < 50
