"""A short run that can be cut anywhere: what is asked of it, and what it must come to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from engine import runs
from engine.config import TrainConfig, make_config
from engine.control import Control
from engine.events import Event, StepFinished
from engine.training.run import train
from tests.tiny_photos import make_photos

STEPS = 4
"""In an epoch."""


def make_bad_photos(folder: Path) -> Path:
    """Four steps of four photos an epoch; two of the photos cannot be read."""
    data = make_photos(folder, photos=8, splits=("train", "val"))
    for bad in (data / "train" / "blue" / "3.png", data / "val" / "green" / "1.png"):
        bad.write_bytes(bad.read_bytes()[:200])
    return data


def short(data: Path, **changes: Any) -> TrainConfig:
    """With dropout, whose luck must go on as well."""
    base = {
        "data": data, "model": "small_resnet", "strategy": "from-scratch", "epochs": 3, "batch_size": 4,
        "head": "dropout", "device": "cpu", "threads": 1, "image_size": 32, "seed": 5,
    }  # fmt: skip
    return make_config(base | changes)


def last_of(run_dir: Path) -> dict[str, Any]:
    return dict(torch.load(run_dir / runs.LAST, weights_only=True))


def same(one: Path, other: Path) -> bool:
    first, second = last_of(one), last_of(other)
    moments = [whole["learner"]["optimizer"]["by_name"] for whole in (first, second)]
    return (
        all(torch.equal(first["network"][name], second["network"][name]) for name in second["network"])
        and moments[0].keys() == moments[1].keys()
        and all(torch.equal(moments[0][p][k], moments[1][p][k]) for p in moments[1] for k in moments[1][p])
        and (one / runs.BEST).read_bytes() == (other / runs.BEST).read_bytes()
    )


def numbers_of(run_dir: Path) -> list[tuple[Any, ...]]:
    """What history says, without times."""
    return [
        (row.epoch, row.train_loss, row.train_accuracy, row.val_loss, row.val_accuracy, row.best_epoch)
        for row in runs.read_history(run_dir)
    ]


def cut_at(asked: TrainConfig, run_dir: Path, at: Callable[[Event], bool], stop: bool = False, **options: Any) -> None:
    """Leave a run at the first event of a kind: with a stop, or as if it had been killed."""
    control = Control()
    events = train(asked, run_dir, control=control, **options)
    for event in events:
        if at(event):
            if not stop:
                events.close()
                return
            control.stop()


def step(epoch: int, number: int) -> Callable[[Event], bool]:
    return lambda event: isinstance(event, StepFinished) and (event.epoch, event.step) == (epoch, number)


def resumed(asked: TrainConfig, run_dir: Path, **options: Any) -> list[StepFinished]:
    return [e for e in train(asked, run_dir, resume=True, **options) if isinstance(e, StepFinished)]
