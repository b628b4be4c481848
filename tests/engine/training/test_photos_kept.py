"""Photos kept decoded change no run, and are decoded once in it; what waiting for them took is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import photos as reading
from engine.events import EpochFinished
from engine.terminal_words import sentence
from engine.training.run import train
from tests.engine.training.short_run import cut_at, epochs_of, lenet, same_network, step


@pytest.mark.usefixtures("no_export")
def test_a_run_is_the_same_with_photos_kept_or_not_and_after_a_stop(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, decoded = reading.read_whole, []
    monkeypatch.setattr(reading, "read_whole", lambda *a, **o: decoded.append(a[0]) or real(*a, **o))
    asked = lenet(few_photos, epochs=3, batch_size=4)
    list(train(asked.with_changes(cache="off"), tmp_path / "plain"))
    assert len(decoded) == 3 * 8
    decoded.clear()
    cut_at(asked, tmp_path / "kept", step(2, 1), stop=True)
    epochs = epochs_of(list(train(asked, tmp_path / "kept", resume=True)))
    assert len(decoded) == 8
    assert same_network(tmp_path / "plain", tmp_path / "kept")
    assert len(epochs) == 2 and all(0 <= event.waiting_seconds <= event.seconds for event in epochs)


def test_waiting_that_counts_is_said() -> None:
    values = {"epoch": 1, "epochs": 2, "phase": 1, "train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 1.0,
              "val_accuracy": 0.5, "learning_rate": 0.1, "seconds": 10.0, "images_per_second": 8.0, "best_epoch": 1,
              "best_val_accuracy": 0.5, "patience_left": None, "seconds_left": None}  # fmt: skip
    assert "waiting" not in sentence(EpochFinished(**values, waiting_seconds=0.5))
    assert "8 photos/s (20% of the time waiting for photos)" in sentence(EpochFinished(**values, waiting_seconds=2.0))
