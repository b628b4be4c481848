from __future__ import annotations

import importlib
import struct
from pathlib import Path
from typing import Any

import pytest

from engine import runs
from engine.config import make_config
from engine.events import EpochFinished, Event, Notice, RunStarted, StepFinished
from engine.training.tensorboard import FOLDER, also_to_tensorboard

STARTED = RunStarted(Path("r"), "m", "s", "cpu", 2, ("a", "b"), 8, 4, 0, 10, 5, 2, 2)


def step(epoch: int, number: int, loss: float) -> StepFinished:
    return StepFinished(epoch, number, 2, loss, 0.01, 50.0)


def epoch(number: int, loss: float) -> EpochFinished:
    return EpochFinished(number, 2, 1, loss, 0.5, loss, 0.5, 0.01, 1.0, 50.0, 1, 0.5, None, None)


def run_of(tmp_path: Path, **settings: Any) -> Path:
    runs.create(tmp_path / "run", make_config({"data": tmp_path, **settings}))
    return tmp_path / "run"


def scalars(folder: Path) -> list[tuple[str, int, float]]:
    """All that the event files hold, oldest file first, what a later start replaces left out."""
    event_of = importlib.import_module("tensorboardX.proto.event_pb2").Event
    found: list[tuple[str, int, float]] = []
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            event = event_of.FromString(data[12 : 12 + length])
            data = data[16 + length :]
            if event.session_log.status == 1:
                found = [row for row in found if row[1] < event.step]
            found += [(v.tag, event.step, v.simple_value) for v in event.summary.value if "settings" not in v.tag]
    return found


def test_curves_are_there_to_be_seen(tmp_path: Path) -> None:
    run_dir = run_of(tmp_path, tensorboard=True)
    events: list[Event] = [STARTED, step(1, 1, 0.9), step(1, 2, 0.8), epoch(1, 0.85), step(2, 1, 0.5)]
    assert list(also_to_tensorboard(run_dir, iter(events))) == events
    found = scalars(run_dir / FOLDER)
    losses = [(at, pytest.approx(value)) for tag, at, value in found if tag == "step/loss"]
    assert losses == [(1, 0.9), (2, 0.8), (3, 0.5)]
    assert ("epoch/val_loss", 1, pytest.approx(0.85)) in found


def test_what_is_done_again_replaces_what_was_there(tmp_path: Path) -> None:
    run_dir = run_of(tmp_path, tensorboard=True)
    killed: list[Event] = [STARTED, step(1, 1, 0.9), epoch(1, 0.9), step(2, 1, 9.0), step(2, 2, 9.0)]
    list(also_to_tensorboard(run_dir, iter(killed)))
    list(also_to_tensorboard(run_dir, iter([STARTED, step(2, 1, 0.4)])))
    losses = [(at, pytest.approx(value)) for tag, at, value in scalars(run_dir / FOLDER) if tag == "step/loss"]
    assert losses == [(1, 0.9), (3, 0.4)]


def test_who_does_not_ask_gets_no_files(tmp_path: Path) -> None:
    run_dir = run_of(tmp_path)
    list(also_to_tensorboard(run_dir, iter([STARTED, step(1, 1, 0.9)])))
    assert not (run_dir / FOLDER).exists()


def test_a_run_goes_on_where_they_cannot_be_written(tmp_path: Path) -> None:
    run_dir = run_of(tmp_path, tensorboard=True)
    (run_dir / FOLDER).write_text("in the way")
    events: list[Event] = [STARTED, step(1, 1, 0.9), step(1, 2, 0.8), epoch(1, 0.85)]
    passed = list(also_to_tensorboard(run_dir, iter(events)))
    assert [event for event in passed if not isinstance(event, Notice)] == events
    assert [event.kind for event in passed if isinstance(event, Notice)] == ["tensorboard_lost"]
