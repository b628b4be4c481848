"""A model of one's own can be changed between two parts of a run; the run then says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import RunError
from engine.models.network.module import build_rows
from engine.models.network.presets import MLP
from engine.models.network.rows import Flatten, Linear
from engine.training.keeping import checkpoint
from engine.training.keeping.checkpoint import Checkpoint, Progress


def test_a_run_does_not_go_on_with_a_network_that_was_changed(tmp_path: Path) -> None:
    before = build_rows(MLP, 3)
    checkpoint.save(tmp_path, before, Checkpoint(Progress(epoch=1, best_epoch=1)))
    after = build_rows(MLP.model_copy(update={"rows": (Flatten(), Linear(units=7))}), 3)
    with pytest.raises(RunError, match="the model was changed since"):
        checkpoint.load(tmp_path, after)
    assert checkpoint.load(tmp_path, build_rows(MLP, 3)).progress.epoch == 1
