"""A run that is killed at random moments, again and again, ends with the bits of one that never was.

`THAW_KILLS` is how many kills there are to be; each must be survived. They fall into every stage of a life, from the
import of torch to the export, and within a stage anywhere: between two files of a checkpoint too.
"""

from __future__ import annotations

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
import torch

from engine import runs
from engine.models.catalog import find_model
from tests.engine.training.conftest import settled
from tests.engine.training.short_run import numbers_of, same
from tests.tiny_photos import make_photos

KILLS = int(os.environ.get("THAW_KILLS", "4"))
SEED = 20
MOST_LIVES = 40
"""Of one run; so many kills without an end would mean that it gets nowhere."""

pytestmark = [pytest.mark.long, pytest.mark.skipif(os.name != "posix", reason="SIGKILL")]


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Training in two phases: a head from what is computed once, then all of the network; dropout draws throughout."""
    folder = tmp_path_factory.mktemp("kills")
    torch.save(settled(find_model("small_resnet"), 32).state_dict(), folder / "weights.pth")
    data = make_photos(folder / "photos", photos=24, splits=("train", "val", "test"))
    return [
        sys.executable, "-m", "engine", "train", str(data), "--model", "small_resnet", "--strategy", "fine-tuning",
        "--weights", str(folder / "weights.pth"), "--epochs", "8", "--batch-size", "4", "--head", "dropout",
        "--threads", "1", "--device", "cpu", "--seed", "7", "--checkpoint-minutes", "0.0005", "--json",
    ]  # fmt: skip


@pytest.mark.timeout(3000)
def test_random_kills_change_no_bit(command: list[str], tmp_path: Path) -> None:
    lived(command, tmp_path / "whole", None)
    luck, rounds, killed = random.Random(SEED), 0, list[str]()
    while len(killed) < KILLS:
        rounds += 1
        run_dir = tmp_path / f"run-{rounds}"
        for _ in range(MOST_LIVES):
            moment = drawn(luck, run_dir) if len(killed) < KILLS else None
            if not lived(command, run_dir, moment):
                break
            assert moment
            print(f"kill {len(killed) + 1}, run {rounds}: {moment}")  # noqa: T201
            killed.append(moment.stage)
        assert runs.state(run_dir) == "finished"
        assert same(run_dir, tmp_path / "whole")
        assert numbers_of(run_dir) == numbers_of(tmp_path / "whole")
        assert runs.read_layers(run_dir) == runs.read_layers(tmp_path / "whole")
        assert not list(run_dir.glob("*.part*"))
    told = ", ".join(f"{killed.count(stage)} in {stage}" for stage in STAGES)
    print(f"{len(killed)} of {len(killed)} kills in {rounds} runs ended in the same bits: {told}")  # noqa: T201


@dataclass(frozen=True)
class Moment:
    """So many seconds after the `lines`-th line of a stage was told; of the start, after the beginning."""

    stage: str
    lines: int
    seconds: float


STAGES = {
    "the start": ("", 0, 8.0),
    "computing once": ("features_computed", 4, 0.1),
    "an epoch": ("step_finished", 30, 0.03),
    "validation": ("epoch_finished", 3, 0.1),
    "the closing": ("Testing the best", 1, 3.0),
    "the export": ("Writing the model", 1, 15.0),
}
"""What the lines of a stage say, how many of them there are at most, and how many seconds may pass after one."""


def drawn(luck: random.Random, run_dir: Path) -> Moment:
    """A moment that may still come in the run."""
    first = () if (run_dir / runs.LAST).exists() else ("computing once",) * 3
    stage = luck.choice((*first, "the start", *["an epoch"] * 5, "validation", "the closing", "the export"))
    _, lines, seconds = STAGES[stage]
    return Moment(stage, luck.randint(1, max(1, lines)), luck.uniform(0, seconds))


def lived(command: list[str], run_dir: Path, moment: Moment | None) -> bool:
    """One life; whether it was killed, which it is not where it ends before the moment comes."""
    environment = os.environ | {"THAW_CACHE_DIR": str(run_dir.with_name(f"{run_dir.name}-cache"))}
    child = subprocess.Popen([*command, "--out", str(run_dir), "--resume"], stdout=subprocess.PIPE, env=environment)
    assert child.stdout
    if moment and came(child.stdout, moment):
        time.sleep(moment.seconds)
        child.send_signal(signal.SIGKILL)
    child.communicate()
    assert child.returncode in (0, -signal.SIGKILL)
    return child.returncode != 0


def came(told: IO[bytes], moment: Moment) -> bool:
    word = STAGES[moment.stage][0].encode()
    if not word:
        return True
    said = (line for line in told if word in line)
    return next(itertools.islice(said, moment.lines - 1, None), None) is not None
