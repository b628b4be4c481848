"""Whether the disk has room for what a run is about to write, and what to say where it has not."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from engine.disk_room import in_words
from engine.events import Notice
from engine.models.optimizers import OPTIMIZERS
from engine.training.run_parts import Run

SPARE_BYTES = 2 * 2**20
"""For what is small beside tensors: the tables, the log."""
MODEL_COPIES = 2
"""The model file is written beside its place before it has its last figures."""


def free_bytes(folder: Path) -> int:
    """What may be written to the disk of a folder. Raises OSError where it is gone."""
    return shutil.disk_usage(folder).free


def bytes_of(value: object) -> int:
    """The bytes of all tensors in nested dictionaries."""
    if isinstance(value, Tensor):
        return value.numel() * value.element_size()
    return sum(map(bytes_of, value.values())) if isinstance(value, Mapping) else 0


def short_for_run(run: Run) -> Notice | None:
    """A Notice where the disk has not the room for two checkpoints, the best weights and the model file."""
    network = bytes_of(run.classifier.network.state_dict())
    trained = sum(p.numel() * p.element_size() for p in run.classifier.parameters() if p.requires_grad)
    assert run.config.optimizer
    moments = OPTIMIZERS[run.config.optimizer].kept
    needed = 2 * (network + moments * trained) + (1 + MODEL_COPIES) * network + SPARE_BYTES
    there = sum(path.stat().st_size for path in run.folder.iterdir() if path.is_file())  # will be written over
    free = free_bytes(run.folder) + there
    if free >= needed:
        return None
    text = f"The run needs about {in_words(needed)} on the disk of {run.folder}; free {in_words(needed - free)} there."
    return Notice(text, "disk_short", run.folder)
