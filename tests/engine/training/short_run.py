"""Short runs: what is asked of them, how they are cut anywhere, and what they must come to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from engine import runs
from engine.config import TrainConfig, make_config
from engine.control import Control
from engine.events import EpochFinished, Event, Notice, StepFinished
from engine.training import run as run_module
from engine.training.run import train
from tests.tiny_photos import make_photos

STEPS = 4
"""In an epoch of `make_bad_photos`."""


def make_bad_photos(folder: Path) -> Path:
    """Four steps of four photos an epoch; two of the photos cannot be read."""
    data = make_photos(folder, photos=8, splits=("train", "val"))
    for bad in (data / "train" / "blue" / "3.png", data / "val" / "green" / "1.png"):
        bad.write_bytes(bad.read_bytes()[:200])
    return data


def short(data: Path, **changes: Any) -> TrainConfig:
    """With dropout, whose luck must go on as well."""
    return small_resnet(data, **({"epochs": 3, "batch_size": 4, "head": "dropout", "seed": 5} | changes))


def small_resnet(data: Path, **changes: Any) -> TrainConfig:
    base = {
        "data": data, "model": "small_resnet", "strategy": "from-scratch", "epochs": 2, "batch_size": 8,
        "device": "cpu", "threads": 1, "image_size": 32,
    }  # fmt: skip
    return make_config(base | changes)


def lenet(data: Path, **changes: Any) -> TrainConfig:
    base = {
        "data": data, "model": "lenet5", "strategy": "from-scratch", "epochs": 2, "batch_size": 8, "device": "cpu",
        "threads": 1,
    }  # fmt: skip
    return make_config(base | changes)


@contextmanager
def without_export() -> Iterator[None]:
    """Runs without their ending, the export, which has tests of its own and takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "close_run", lambda *_: iter(()))
        yield


def last_of(run_dir: Path) -> dict[str, Any]:
    """All that the last checkpoint holds."""
    return dict(torch.load(run_dir / runs.LAST, weights_only=True))


def network_of(run_dir: Path) -> dict[str, torch.Tensor]:
    """The tensors of the last checkpoint's network."""
    return dict(last_of(run_dir)["network"])


def same_tensors(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def same_network(one: Path, other: Path) -> bool:
    return same_tensors(network_of(one), network_of(other))


def same(one: Path, other: Path) -> bool:
    """Network, moments and best weights."""
    first, second = last_of(one), last_of(other)
    moments = [whole["learner"]["optimizer"]["by_name"] for whole in (first, second)]
    return (
        same_tensors(first["network"], second["network"])
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


def hashes(state: Mapping[str, torch.Tensor]) -> dict[str, str]:
    return {
        name: hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()
        for name, tensor in state.items()
    }


def owner_of(tensor: str) -> str:
    """The layer whose own a tensor is."""
    return tensor.rpartition(".")[0]


def epochs_of(events: list[Event]) -> list[EpochFinished]:
    return [event for event in events if isinstance(event, EpochFinished)]


def notices_of(events: list[Event], *kinds: str) -> list[Notice]:
    """The notices among `events`: those of these kinds, or all."""
    return [event for event in events if isinstance(event, Notice) and (not kinds or event.kind in kinds)]


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


def stopped_after(epoch: int, asked: TrainConfig, run_dir: Path) -> None:
    """Leave a run with a stop once an epoch is done."""
    cut_at(asked, run_dir, lambda event: isinstance(event, EpochFinished) and event.epoch == epoch, stop=True)


def resumed(asked: TrainConfig, run_dir: Path, **options: Any) -> list[StepFinished]:
    return [e for e in train(asked, run_dir, resume=True, **options) if isinstance(e, StepFinished)]
