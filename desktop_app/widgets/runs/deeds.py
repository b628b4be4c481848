"""Doing with a run what a person asks for."""

from __future__ import annotations

import functools
from collections.abc import Generator
from typing import Any

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from desktop_app import dialogs, training_job
from desktop_app.project import Project
from desktop_app.run_queue import queue_of
from desktop_app.settings import Settings
from desktop_app.widgets.runs.deleted import DeletedRuns
from desktop_app.widgets.runs.questions import AboutBox, ExtendBox
from desktop_app.worker import Jobs, NewestJob
from engine import runs
from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.index import DatasetIndex, load
from engine.errors import ThawError
from engine.events import Event
from engine.models.catalog import find_model
from engine.runs import About, RunSummary


class RunDeeds(QObject):
    """`do` takes the name of a deed (`actions.ACTIONS`) and a run."""

    page_wanted = Signal(str)
    changed = Signal()
    """Something about a run on disk is not what it was."""

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, deleted: DeletedRuns, window: QWidget) -> None:
        super().__init__(window)
        self._project, self._jobs, self._settings, self._window = project, jobs, settings, window
        self._reading = NewestJob(jobs, "scan", self)
        self._reading.returned.connect(self._on_index_read)
        self._deeds = {
            "resume": self.resume,
            "extend": self.ask_how_far,
            "again": self.train_again,
            "about": self.ask_about,
            "folder": self.show_in_folder,
            "delete": deleted.delete,
        }

    def do(self, name: str, summary: RunSummary) -> None:
        self._deeds[name](summary)

    def resume(self, summary: RunSummary) -> None:
        """Go on with a run that was left before its end; Train shows it."""
        if not self._jobs.busy_reason():
            self.page_wanted.emit("train")
            training_job.resume(self._jobs, self._settings, summary.path, summary.model)

    def ask_how_far(self, summary: RunSummary) -> None:
        """Ask for how many epochs more, then train them in a new run, or let it wait its turn."""
        history = runs.read_history(summary.path)
        pace = sum(epoch.seconds for epoch in history) / len(history) if history else None
        ExtendBox(self._window, summary, pace, functools.partial(self.extend, summary)).open()

    def extend(self, summary: RunSummary, epochs: int) -> None:
        """Let a run wait its turn that goes on with this one. Raises ThawError where that cannot be."""
        config = runs.extension_of(summary.path, epochs)
        self.page_wanted.emit("train")
        queue_of(self._jobs, self._settings).add(config)

    def train_again(self, summary: RunSummary) -> None:
        """Take the run's settings to the Train page, with its photos as they are now."""
        try:
            config = runs.read_config(summary.path).with_changes(extends=None, comparison=None)
            find_model(config.model)  # one's own may have been deleted, and no page can show it then
        except ThawError as error:
            dialogs.show_error(self._window, error)
            return
        dataset = self._project.dataset
        if dataset is not None and dataset.root == config.data:
            self._draft(config, dataset)
            return
        now = self._project.config, dataset
        self._reading.ask(f"Reading {config.data.name}", lambda control: _index(config, now, control))

    def _on_index_read(self, read: tuple[TrainConfig, tuple[TrainConfig, DatasetIndex | None], DatasetIndex]) -> None:
        config, before, index = read
        if before == (self._project.config, self._project.dataset):  # else the person is at something else by now
            self._draft(config, index)

    def _draft(self, config: TrainConfig, index: DatasetIndex) -> None:
        self._project.set_dataset(index)
        self._settings.add_recent_folder(index.root)
        self._project.set_config(**{name: value for name, value in config if name != "data"})
        self.page_wanted.emit("train")

    def ask_about(self, summary: RunSummary) -> None:
        AboutBox(self._window, summary, functools.partial(self.tell_about, summary)).open()

    def tell_about(self, summary: RunSummary, about: About) -> None:
        """Keep what the person says of the run. Raises RunError where the disk refuses."""
        runs.write_about(summary.path, about)
        self.changed.emit()

    def show_in_folder(self, summary: RunSummary) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(summary.path)))


def _index(config: TrainConfig, before: object, control: Control) -> Generator[Event, None, Any]:
    yield from ()
    return config, before, load(config.data, control)
