"""A batch that is killed at random moments, again and again, ends with the table of one that never was.

`THAW_KILLS` is how many kills there are to be; each must be survived.
"""

from __future__ import annotations

import csv
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import LedgerError
from engine.prediction.ledger.files import place_beside
from engine.prediction.ledger.opening import read_ledger
from tests.engine import tiny_model

KILLS = int(os.environ.get("THAW_KILLS", "4"))
PHOTOS = 2000
SEED = 4
MOST_LIVES = 60
"""Of one batch; so many kills without an end would mean that it gets nowhere."""

pytestmark = [pytest.mark.long, pytest.mark.skipif(os.name != "posix", reason="SIGKILL and links")]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """2,000 links to twenty photos of noise, one of them damaged, in four folders."""
    folder = tmp_path_factory.mktemp("kills")
    model = tiny_model.make(folder / "m.thaw").path
    (folder / "real").mkdir()
    noise = np.random.default_rng(SEED)
    for number in range(20):
        pixels = noise.integers(0, 256, (300, 400, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "real" / f"{number}.jpg", quality=90)
    damaged = folder / "real" / "7.jpg"
    damaged.write_bytes(damaged.read_bytes()[:2000])
    for number in range(PHOTOS):
        link = folder / "photos" / str(number % 4) / f"{number}.jpg"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder / "real" / f"{number % 20}.jpg")
    return [sys.executable, "-m", "engine", "predict", str(model), str(folder / "photos"), "--resume", "--json"]


@pytest.mark.timeout(3000)
def test_random_kills_lose_and_double_no_row(command: list[str], tmp_path: Path) -> None:
    began = time.monotonic()
    assert not lived(command, tmp_path / "whole.csv", None)
    whole_seconds = time.monotonic() - began
    whole = (tmp_path / "whole.csv").read_bytes()
    luck, rounds, killed, had_begun = random.Random(SEED), 0, 0, 0
    while killed < KILLS:
        rounds += 1
        out, known = tmp_path / f"{rounds}.csv", 0
        for _ in range(MOST_LIVES):
            seconds = luck.uniform(0, whole_seconds) if killed < KILLS else None
            if not lived(command, out, seconds):
                break
            killed += 1
            if place_beside(out).exists():
                had_begun += 1
                known = checked(out, known)
        assert out.read_bytes() == whole
    assert not list(tmp_path.glob(".*"))
    assert sum(1 for _ in csv.reader(whole.decode().splitlines())) == PHOTOS + 1
    print(f"{killed} kills in {rounds} batches, {had_begun} with photos begun: each table as the whole one")  # noqa: T201


def lived(command: list[str], out: Path, seconds: float | None) -> bool:
    """One life, killed after so many seconds; whether it was, which it is not where it ends before."""
    child = subprocess.Popen([*command, "--out", str(out)], stdout=subprocess.DEVNULL)
    if seconds is not None:
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
    child.wait()
    assert child.returncode in (0, -signal.SIGKILL)
    return child.returncode != 0


def checked(out: Path, known: int) -> int:
    """How many photos the ledger knows after a kill: never fewer than before, and each once."""
    try:
        ledger = read_ledger(place_beside(out))
    except LedgerError:  # killed before its first commit
        assert known == 0
        return 0
    try:
        paths = [prediction.path for prediction in ledger.predictions(1)]
    finally:
        ledger.close()
    assert len(set(paths)) == len(paths) >= known
    return len(paths)
