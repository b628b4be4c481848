"""The files of a run directory by name, its state, its settings and its figures."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path
from typing import Any, Literal

import platformdirs

from engine.config import TrainConfig, from_toml, to_toml
from engine.errors import ConfigError, RunError
from engine.runs.lock import LOCK, trainer_of
from engine.whole_file import PART, write_whole

CONFIG = "config.toml"
DATASET = "dataset.csv"
HISTORY = "history.csv"
BEST = "best.safetensors"
LAST = "last.pt"
PREVIOUS = "last.previous.pt"
ENDED = "ended.json"
PREDICTIONS = "predictions.csv"
LAYERS = "layers.csv"
MODEL = "model.thaw"
METRICS = "metrics.json"
LOG = "run.log"
DIAGNOSIS = "diagnosis.json"
ABOUT = "about.json"
TENSORBOARD = "tensorboard"
"""A folder, and the only one."""

RUN_FILES = (
    CONFIG, DATASET, HISTORY, BEST, LAST, PREVIOUS, PREDICTIONS, LAYERS, MODEL, METRICS, LOG, DIAGNOSIS, ABOUT, ENDED,
    LOCK,
)  # fmt: skip
"""All that Thaw writes into a run's directory; whatever else lies there is the person's."""

NETWORK_PART = f"model.onnx{PART}"
MODEL_PART = "model.part.thaw"
PARTS = (*(f"{name}{PART}" for name in RUN_FILES), NETWORK_PART, MODEL_PART, f"{MODEL_PART}{PART}")
"""What is being written; where nobody trains the run, what was when it was killed."""

State = Literal["finished", "stopped", "interrupted", "running", "absent"]


def thaw_folder() -> Path:
    """Where a person's runs and samples are kept: `THAW_HOME`, else Thaw in their documents."""
    home = os.environ.get("THAW_HOME")
    return Path(home) if home else Path(platformdirs.user_documents_dir()) / "Thaw"


def default_runs_folder() -> Path:
    return thaw_folder() / "runs"


def state(run_dir: Path) -> State:
    """finished; stopped (has a model, can go on); interrupted (killed or failed, can go on); running (a process trains
    it now, this one or another); absent (no run here)."""
    found = left_as(run_dir)
    return "running" if found in ("stopped", "interrupted") and trainer_of(run_dir) else found


def left_as(run_dir: Path) -> State:
    """The state that a run has by its files alone, whoever trains it. One whose figures are damaged is interrupted, for
    a resume writes them anew."""
    if not os.path.isfile(run_dir / CONFIG):  # noqa: PTH113 - Path.is_file raises where a name is too long
        return "absent"
    if not (run_dir / METRICS).is_file():
        return "interrupted"
    try:
        return "stopped" if read_metrics(run_dir).get("stopped") else "finished"
    except RunError:
        return "interrupted"


def create(run_dir: Path, config: TrainConfig) -> None:
    """Make the directory and write its config. Raises RunError where one is there, or something that would be taken for
    a part of it, or nothing can be written."""
    if left_as(run_dir) != "absent":
        raise RunError(f"There is a run in {run_dir} already; choose another folder, or resume that run.")
    check_vacant(run_dir)
    try:
        run_dir.mkdir(parents=True, exist_ok=True)
        write_config(run_dir, config)
    except OSError as error:
        raise RunError(f"The run cannot be written to {run_dir}: {_in_the_way(run_dir, error)}.") from error


def check_vacant(run_dir: Path) -> None:
    """Raises RunError where a file lies there that has the name of a run's, though there is no run: it is a person's
    own, or of a run that was half copied or half deleted."""
    for name in RUN_FILES:
        if name != LOCK and os.path.lexists(run_dir / name):
            raise RunError(
                f"There is a file “{name}” in {run_dir}, as a run has one, but no run; choose another folder, or move "
                "that file away."
            )


def _in_the_way(run_dir: Path, error: OSError) -> str:
    """Why a directory cannot be made or written, and what to do, as the end of a sentence."""
    file = next((place for place in (run_dir, *run_dir.parents) if os.path.isfile(place)), None)  # noqa: PTH113
    if file:
        return f"“{file.name}” is a file and not a folder; choose another folder"
    if error.errno == errno.ENAMETOOLONG:
        return "the path is too long; choose a shorter one"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "you lack the permission; choose another folder"
    if error.errno == errno.EROFS:
        return "the drive can only be read; choose another folder"
    return f"{error.strerror or error}; choose another folder"


def discard(run_dir: Path) -> None:
    """Remove what a run that never began training wrote, or took from the run that it extends; anything else in the
    folder stays."""
    for name in (CONFIG, DATASET, HISTORY, LAYERS, BEST, LAST, DIAGNOSIS, LOG):
        (run_dir / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # there is something else in it
        run_dir.rmdir()


def clear_parts(run_dir: Path) -> None:
    """Remove what was being written when a run ended; whole files stay, and so does whatever is not the run's."""
    with contextlib.suppress(OSError):
        for name in PARTS:
            (run_dir / name).unlink(missing_ok=True)


def write_config(run_dir: Path, config: TrainConfig) -> None:
    write_whole(run_dir / CONFIG, to_toml(config).encode())


def read_config(run_dir: Path) -> TrainConfig:
    """The run's settings. Raises RunError where there is no run, ConfigError where the file is damaged."""
    try:
        return from_toml((run_dir / CONFIG).read_text(encoding="utf-8"), str(run_dir / CONFIG))
    except FileNotFoundError:
        raise RunError(f"There is no run in {run_dir}.") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{run_dir / CONFIG} is damaged.") from None
    except ConfigError as error:
        if not error.fields:
            raise
        text = f"The run in {run_dir} is of a newer Thaw, or its settings were changed: {error}"
        raise ConfigError(text, error.fields) from None


def write_metrics(run_dir: Path, metrics: dict[str, Any]) -> None:
    write_whole(run_dir / METRICS, json.dumps(metrics, indent=1, allow_nan=False).encode())


def read_metrics(run_dir: Path) -> dict[str, Any]:
    """The numbers of a finished or stopped run; empty where there are none. Raises RunError where they are damaged."""
    try:
        metrics = json.loads((run_dir / METRICS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        metrics = None
    if not isinstance(metrics, dict):
        raise RunError(f"{run_dir / METRICS} is damaged; resume the run to write it anew.")
    return metrics
