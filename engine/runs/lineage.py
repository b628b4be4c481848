"""Which runs came from which: a run that extends a finished one, and runs that need another to be there."""

from __future__ import annotations

from pathlib import Path

from engine.config import TrainConfig
from engine.errors import RunError, ThawError
from engine.runs.files import CONFIG, LAST, read_config, state
from engine.runs.listing import RunSummary, summarise
from engine.runs.lock import trainer_of
from engine.runs.tables import read_history


def extension_of(run_dir: Path, epochs: int) -> TrainConfig:
    """The settings of a new run that goes on with a finished one for `epochs` more epochs.

    Raises RunError where it is not finished, or has no checkpoint to go on from.
    """
    config = check_extendable(run_dir)
    done = read_history(run_dir)[-1].epoch
    return config.with_changes(epochs=done + epochs, extends=run_dir.resolve(), comparison=None)


def check_extendable(run_dir: Path) -> TrainConfig:
    """The settings of a run that can be extended. Raises RunError that says why it cannot be, and what to do."""
    now = state(run_dir)
    if now == "absent":
        raise RunError(f"There is no run in {run_dir}; name the folder of a finished run.")
    if now == "running":
        raise RunError(
            f"The run in {run_dir} is being trained{trainer_of(run_dir) or ''}; once it ends it can be extended."
        )
    if now != "finished":
        raise RunError(f"The run in {run_dir} was {now} before its end; resume it, then it can be extended.")
    if not (run_dir / LAST).is_file() or not read_history(run_dir):
        raise RunError(f"The run in {run_dir} has no {LAST} any more, so it cannot be extended; train anew.")
    return read_config(run_dir)


def dependents(run_dir: Path) -> tuple[RunSummary, ...]:
    """The runs beside this one whose settings name it: they began with its weights, extend it or learn from it."""
    wanted = run_dir.resolve()
    naming = [config.parent for config in wanted.parent.glob(f"*/{CONFIG}") if _names(config.parent, wanted)]
    found = [summary for path in naming if (summary := summarise(path))]
    return tuple(sorted(found, key=lambda summary: summary.started, reverse=True))


def _names(run_dir: Path, wanted: Path) -> bool:
    """Only the settings are read: the results of many runs may be large."""
    if run_dir.resolve() == wanted:
        return False
    try:
        return any(isinstance(value, Path) and value == wanted for _, value in read_config(run_dir))
    except (ThawError, OSError):  # one that cannot be read is no run of the list either
        return False
