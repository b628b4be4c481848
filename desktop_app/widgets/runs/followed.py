"""The run that is followed: the newest training, whoever started it, until it has ended and its folder is gone."""

from __future__ import annotations

import contextlib
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop_app import training_job
from desktop_app.project import Project
from desktop_app.worker import Jobs, Worker
from engine import events, runs
from engine.config import TrainConfig
from engine.errors import ThawError


class FollowedRun(QObject):
    """`began` carries the Worker, `told` each event of the run, `failed` the exception that ended it; `ended` comes
    after either. `gone` says that the run has been deleted since."""

    began = Signal(object)
    told = Signal(object)
    failed = Signal(object)
    ended = Signal()
    gone = Signal()

    def __init__(self, project: Project, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._project = project
        self.worker: Worker | None = None
        """The job, while it goes."""
        self.run_dir: Path | None = None
        """The run, once it has begun."""
        self._kept: Path | None = None  # the run that has ended, once it is on disk
        self._given: Path | None = None  # the model that a run has left to Predict
        jobs.started.connect(self.follow)
        jobs.ended.connect(self._on_job_ended)
        project.runs_changed.connect(self._on_runs_changed)

    def follow(self, worker: Worker) -> None:
        """Follow this job if it is a training."""
        if worker.kind != training_job.KIND:
            return
        self.worker, self.run_dir, self._kept = worker, None, None
        worker.happened.connect(self._on_happened)
        worker.failed.connect(self._on_failed)
        self.began.emit(worker)

    def config(self) -> TrainConfig:
        """The settings of the run: those on disk, or those that it was to begin with."""
        with contextlib.suppress(ThawError):
            if self.run_dir:
                return runs.read_config(self.run_dir)
        asked = training_job.config_of(self.worker) if self.worker else None
        return asked or self._project.config

    def _on_happened(self, event: object) -> None:
        self.told.emit(event)
        match event:
            case events.RunStarted():
                self.run_dir = event.run_dir
                self._project.announce_runs()
            case events.RunFinished():
                self._on_run_finished(event)

    def _on_run_finished(self, event: events.RunFinished) -> None:
        self.run_dir = event.run_dir
        self._project.set_run(event.run_dir)
        if event.model_file and self._project.model_file in (None, self._given):  # one that was chosen by hand stays
            self._given = event.model_file
            self._project.set_model_file(event.model_file)
        self._project.announce_runs()

    def _on_failed(self, error: object) -> None:
        self.run_dir = self.run_dir or (training_job.folder_of(self.worker) if self.worker else None)
        self.failed.emit(error)

    def _on_job_ended(self, worker: Worker) -> None:
        if worker is self.worker:
            self.worker = None
            self._kept = self.run_dir if self.run_dir and runs.state(self.run_dir) != "absent" else None
            self.ended.emit()
            self._project.announce_runs()

    def _on_runs_changed(self) -> None:
        if self.worker is None and self._kept and runs.state(self._kept) == "absent":
            self._kept = self.run_dir = None
            self.gone.emit()
