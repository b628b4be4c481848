"""Starting and resuming a run: the one way from a page to `thaw train` in a child process."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from desktop_app.settings import Settings
from desktop_app.worker import Job, Jobs, Worker
from engine import process, runs
from engine.config import TrainConfig
from engine.control import Control
from engine.models.catalog import title_of

KIND = "train"


@dataclass(frozen=True)
class Training:
    """What a job trains: a run's folder, and the settings that it was started with; None where it goes on with a run,
    which has its own."""

    run_dir: Path
    config: TrainConfig | None = None


def new_run_dir(folder: Path, config: TrainConfig, what: str = "") -> Path:
    """A name that is free in `folder`: dataset, model, strategy (or `what` it is), and a number."""
    dataset = re.sub(r"[^\w.-]+", "-", config.data.name).strip("-.") or "photos"
    names = (folder / f"{dataset}-{config.model}-{what or config.strategy}-{number}" for number in itertools.count(1))
    # beside it a search keeps its trials under the same name
    return next(name for name in names if not name.exists() and not name.with_name(f"{name.name}.search").exists())


def start(jobs: Jobs, settings: Settings, config: TrainConfig) -> Worker:
    """Start a new run of `config`."""
    run_dir = new_run_dir(settings.runs_folder, config)
    arguments = process.train_arguments(config, run_dir, weights_dir=settings.weights_dir)
    training = Training(run_dir, config)
    return _begin(jobs, training, config.model, lambda control: process.run("train", arguments, control))


def resume(jobs: Jobs, settings: Settings, run_dir: Path, model: str, told: Sequence[str] = ()) -> Worker:
    """Go on with a run that was stopped or interrupted; `told` are more words for the command. What keeps it from that
    is the job's failure."""
    weights_dir = settings.weights_dir
    return _begin(jobs, Training(run_dir), model, lambda control: _resumed(run_dir, weights_dir, told, control))


def _resumed(run_dir: Path, weights_dir: Path | None, told: Sequence[str], control: Control) -> Iterator[Any]:
    arguments = process.train_arguments(runs.read_config(run_dir), run_dir, resume=True, weights_dir=weights_dir)
    yield from process.run("train", [*arguments, *told], control)


def _begin(jobs: Jobs, training: Training, model: str, job: Job) -> Worker:
    # The Train page follows every run and says why one ended.
    return jobs.start(f"Training {title_of(model)}", job, KIND, heavy=True, at_place=(Exception,), about=training)


def folder_of(worker: Worker) -> Path | None:
    """The run that this job trains."""
    return worker.about.run_dir if isinstance(worker.about, Training) else None


def config_of(worker: Worker) -> TrainConfig | None:
    """The settings that this job was started with."""
    return worker.about.config if isinstance(worker.about, Training) else None


def running_folders(jobs: Jobs) -> frozenset[Path]:
    """The runs that are being trained now."""
    return frozenset(folder for worker in jobs.running(KIND) if (folder := folder_of(worker)))


def newest_run(folder: Path) -> Path | None:
    """The run in `folder` that was begun last; looks at dates only, so that it costs nothing to ask."""
    try:
        found = [(config.stat().st_mtime, config.parent) for config in folder.glob(f"*/{runs.CONFIG}")]
    except OSError:  # its drive is away, or a run is being deleted
        return None
    return max(found)[1] if found else None


def can_resume(run_dir: Path, jobs: Jobs) -> bool:
    """Whether the run was left before its end and nobody trains it now."""
    return runs.state(run_dir) in ("stopped", "interrupted") and run_dir not in running_folders(jobs)
