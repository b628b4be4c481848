"""Runs on features that are kept, and how many were computed in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.config import TrainConfig, make_config
from engine.events import Event, FeaturesComputed
from engine.training.run import train


def config_of(data: Path, **changes: Any) -> TrainConfig:
    base = {
        "data": data, "model": "mobilenet_v2", "strategy": "feature-extraction", "epochs": 6, "batch_size": 4,
        "image_size": 32, "device": "cpu", "threads": 1, "seed": 3,
    }  # fmt: skip
    return make_config(base | changes)


def ran(config: TrainConfig, run_dir: Path, weights: Path, **options: Any) -> list[Event]:
    return list(train(config, run_dir, weights_dir=weights, offline=True, **options))


def computed(events: list[Event]) -> int:
    return max((event.done for event in events if isinstance(event, FeaturesComputed)), default=0)
