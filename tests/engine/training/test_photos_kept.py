"""Photos kept decoded change no run, and are decoded once in it; what waiting for them took is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from engine import photos as reading
from engine import runs
from engine.config import TrainConfig, make_config
from engine.control import Control
from engine.events import EpochFinished, StepFinished
from engine.terminal_words import sentence
from engine.training import run as run_module
from engine.training.run import train


@pytest.fixture(autouse=True)
def no_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs without the export, which takes seconds."""
    monkeypatch.setattr(run_module, "close_run", lambda *_: iter(()))


def lenet(data: Path, **changes: Any) -> TrainConfig:
    base = {"data": data, "model": "lenet5", "strategy": "from-scratch", "epochs": 3, "batch_size": 4, "device": "cpu"}
    return make_config(base | changes)


def last_of(run_dir: Path) -> list[torch.Tensor]:
    return list(torch.load(run_dir / runs.LAST, weights_only=True)["network"].values())


def test_a_run_is_the_same_with_photos_kept_or_not_and_after_a_stop(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, decoded = reading.read_whole, []
    monkeypatch.setattr(reading, "read_whole", lambda *a, **o: decoded.append(a[0]) or real(*a, **o))
    list(train(lenet(few_photos, cache="off"), tmp_path / "plain"))
    assert len(decoded) == 3 * 8
    decoded.clear()
    control = Control()
    for event in train(lenet(few_photos), tmp_path / "kept", control=control):
        if isinstance(event, StepFinished) and event.epoch == 2:
            control.stop()
    events = list(train(lenet(few_photos), tmp_path / "kept", resume=True))
    assert len(decoded) == 8
    pairs = zip(last_of(tmp_path / "plain"), last_of(tmp_path / "kept"), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    epochs = [event for event in events if isinstance(event, EpochFinished)]
    assert all(0 <= event.waiting_seconds <= event.seconds for event in epochs)


def test_waiting_that_counts_is_said() -> None:
    values = {"epoch": 1, "epochs": 2, "phase": 1, "train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 1.0,
              "val_accuracy": 0.5, "learning_rate": 0.1, "seconds": 10.0, "images_per_second": 8.0, "best_epoch": 1,
              "best_val_accuracy": 0.5, "patience_left": None, "seconds_left": None}  # fmt: skip
    assert "waiting" not in sentence(EpochFinished(**values, waiting_seconds=0.5))
    assert "8 photos/s (20% of the time waiting for photos)" in sentence(EpochFinished(**values, waiting_seconds=2.0))
