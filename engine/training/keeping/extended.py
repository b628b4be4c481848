"""Extending a finished run: a new run that begins as if the old one had been asked for more epochs and were killed
after its last. The old one is not touched.

Its weights, optimizer and whatever else a checkpoint holds go on as after any resume. The schedule of the learning rate
is laid over all epochs, old and new, so that the first new epoch has the rate at which the longer schedule stands. With
a constant rate the run comes to the very bits of one that was asked for all epochs at once; with any other schedule its
first epochs had the rates of the shorter one.
"""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from engine import runs
from engine.config import TrainConfig
from engine.config.machine import MachineSettings
from engine.config.run import RunSettings
from engine.errors import RunError
from engine.models.catalog import find_model
from engine.models.strategies import find_strategy
from engine.models.timelines import timeline_of
from engine.training.keeping import checkpoint
from engine.training.phases import patience_left, planned, waits_for_validation

MAY_DIFFER = {*MachineSettings.model_fields, *RunSettings.model_fields, "unfreeze"} - {"seed"}
TAKEN = (runs.DATASET, runs.HISTORY, runs.LAYERS, runs.BEST, runs.LAST, runs.DIAGNOSIS)


def begin_extension(config: TrainConfig, run_dir: Path) -> None:
    """Make `run_dir` the run that extends `config.extends` to `config.epochs` epochs; what is left is to resume it.

    Raises RunError where the old run is not finished, the settings are not its own, or nothing can be written.
    """
    old = config.extends
    assert old
    settled = _settled(config, runs.check_extendable(old), old)
    if runs.left_as(run_dir) != "absent":
        raise RunError(f"There is a run in {run_dir} already; choose another folder.")
    runs.check_vacant(run_dir)
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        for name in TAKEN:
            if (old / name).is_file():
                shutil.copyfile(old / name, run_dir / name)
        runs.write_config(run_dir, settled)  # last: before it there is no run here, so half a copy is never trained
    except OSError as error:
        with contextlib.suppress(OSError):  # what was copied would fill a full disk, and keep the folder from use
            runs.discard(run_dir)
        raise RunError(f"The run cannot be written to {run_dir}: {error.strerror or error}.") from error


def _settled(config: TrainConfig, old: TrainConfig, folder: Path) -> TrainConfig:
    """`config` with the plan of the old run: its blocks begin to train when they did, and the last phase lasts longer.
    A run that had run out of patience is given all the epochs that it is asked for."""
    for name, value in old:
        if name not in MAY_DIFFER and getattr(config, name) != value:
            title = TrainConfig.model_fields[name].title
            raise RunError(f"{title} ({name}) is not that of the run in {folder}; an extension keeps its settings.")
    progress = checkpoint.read_progress(folder)
    if config.epochs <= progress.epoch:
        raise RunError(f"The run in {folder} has {progress.epoch} epochs already; ask for more to extend it.")
    spec, strategy = find_model(old.model), find_strategy(old.strategy)
    changes: dict[str, object] = {}
    if not waits_for_validation(old, strategy):
        plans = [planned(asked, spec, strategy, progress) for asked in (old, config)]
        before, longer = (timeline_of(plan, len(spec.blocks)) for plan in plans)
        if before != longer:
            changes["unfreeze"] = before
    if patience_left(old, spec, strategy, progress) == 0:
        changes["patience"] = 0
    return config.with_changes(**changes)
