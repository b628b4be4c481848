"""A model of one's own can be changed between two parts of a run; the run then says so."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from engine.errors import RunError
from engine.models.network.files import to_toml
from engine.models.network.module import build_rows
from engine.models.network.presets import MLP
from engine.models.network.rows import Activation, Flatten, Linear, Network
from engine.models.own_models import as_written, read_own_model
from engine.training.keeping import checkpoint
from engine.training.keeping.checkpoint import Checkpoint, Progress


def test_a_run_does_not_go_on_with_a_network_that_was_changed(tmp_path: Path) -> None:
    before = build_rows(MLP, 3)
    checkpoint.save(tmp_path, before, Checkpoint(Progress(epoch=1, best_epoch=1)))
    after = build_rows(MLP.model_copy(update={"rows": (Flatten(), Linear(units=7))}), 3)
    with pytest.raises(RunError, match="the model was changed since"):
        checkpoint.load(tmp_path, after)
    assert checkpoint.load(tmp_path, build_rows(MLP, 3)).progress.epoch == 1


def test_a_network_of_the_same_shapes_that_computes_something_else_is_refused_too(tmp_path: Path) -> None:
    """An activation has no weights that could fail to fit."""
    first = MLP.model_copy(update={"rows": (Flatten(), Linear(units=7), Activation(function="relu"))})
    other = first.model_copy(update={"rows": (*first.rows[:-1], Activation(function="gelu"))})
    file, network = tmp_path / "mine.toml", build_rows(first, 3)

    def written(mine: Network) -> str:
        file.write_text(to_toml(mine), encoding="utf-8")
        return as_written(read_own_model(file, Mock()))

    made = Checkpoint(Progress(epoch=1, network=written(first)))
    checkpoint.save(tmp_path, network, made)
    with pytest.raises(RunError, match="put its file back as it was"):
        checkpoint.load(tmp_path, network, written(other))
    titled = first.model_copy(update={"title": "Another title"})
    assert checkpoint.load(tmp_path, network, written(titled)).progress == made.progress
    checkpoint.save(tmp_path, network, Checkpoint(Progress(epoch=1)))  # of an earlier version, which knew nothing of it
    assert checkpoint.load(tmp_path, network, written(other)).progress.network == written(other)
