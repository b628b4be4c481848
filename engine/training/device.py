"""Where a run computes: the device that is asked for, or the best there is."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import torch

from engine import runs
from engine.config import TrainConfig
from engine.errors import DeviceLostError, ThawError
from engine.events import Notice
from engine.training.learner.precision import HALVES, choose_precision


def _devices_here() -> dict[str, bool]:
    return {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}


def moved_to(run_dir: Path, config: TrainConfig, wanted: str) -> Generator[Notice, None, TrainConfig]:
    """The settings of a run that goes on, moved to another device where that is asked for."""
    if wanted in ("auto", config.device):
        if not _devices_here()[config.device]:
            raise DeviceLostError(
                f"This run computes on “{config.device}”, which is not available here; “thaw doctor” says why. Resume "
                "it on the CPU (--device cpu)."
            )
        return config
    there = pick_device(wanted)
    # Half of float32 was chosen for the device it ran on; float32 is the same on all.
    precision = choose_precision("auto", there) if config.precision in HALVES else config.precision
    config = config.with_changes(device=there, precision=precision)
    runs.write_config(run_dir, config)
    text = f"The run goes on on “{config.device}”; its numbers end near those it would have had, not at the same bits."
    yield Notice(text, "device_changed")
    return config


def pick_device(wanted: str) -> str:
    here = _devices_here()
    if wanted == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if here[name])
    if not here[wanted]:
        raise ThawError(f"The device “{wanted}” is not available here; “thaw doctor” says why. Use auto or cpu.")
    return wanted
