"""Which runs were asked for together, to be held beside each other: those that wait, that go, and that were begun."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from desktop_app import training_job
from desktop_app.run_queue import RunQueue
from desktop_app.worker import Jobs, Worker
from engine import runs
from engine.config import TrainConfig


class StrategyRuns(QObject):
    """They are ordinary runs of the queue. Each says in its settings of which comparison it is, so that they are known
    again when the window is opened anew."""

    changed = Signal()
    """One was begun, or left the queue."""
    ended = Signal()
    """One has ended, as it may be: it may be resumed and end again."""

    def __init__(self, queue: RunQueue, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue, self._jobs = queue, jobs
        self._asked: tuple[TrainConfig, ...] = ()
        self._folders: dict[int, Path] = {}
        queue.begun.connect(self._on_begun)
        queue.changed.connect(self.changed)
        jobs.ended.connect(self._on_job_ended)

    def begin(self, asked: Sequence[TrainConfig]) -> None:
        """Let these runs wait their turn; the runs before are not held beside them."""
        comparison = runs.new_comparison()
        self._asked, self._folders = tuple(config.with_changes(comparison=comparison) for config in asked), {}
        for config in self._asked:
            self._queue.add(config)

    def recall(self, data: Path, found: Sequence[tuple[Path, TrainConfig]]) -> None:
        """Know the latest comparison of the photos in `data` again: its runs are among those in `found`, which were
        begun (see `runs.compared_runs`), and among those that wait."""
        waiting = [run.config for run in self._queue.waiting() if run.config.comparison and run.config.data == data]
        begun = [(config, folder) for folder, config in found]
        every = [*begun, *((config, None) for config in waiting)]
        latest = max((config.comparison or "" for config, _ in every), default="")
        chosen = [(config, folder) for config, folder in every if config.comparison == latest]
        self._asked = tuple(config for config, _ in chosen)
        self._folders = {place: folder for place, (_, folder) in enumerate(chosen) if folder}

    def asked_at(self) -> datetime | None:
        """When they were asked for."""
        return runs.asked_at(self._asked[0].comparison or "") if self._asked else None

    def data(self) -> Path | None:
        """The photos that they are of."""
        return self._asked[0].data if self._asked else None

    def __len__(self) -> int:
        return len(self._asked)

    def folders(self) -> tuple[Path, ...]:
        """The runs that were begun, in the order in which they were asked for."""
        return tuple(self._folders[place] for place in sorted(self._folders))

    def asked(self, folder: Path) -> TrainConfig | None:
        """The settings that a run was asked with."""
        return next((self._asked[place] for place, found in self._folders.items() if found == folder), None)

    def waiting(self) -> int:
        """How many have not had their turn yet."""
        queued = {id(run.config) for run in self._queue.waiting()}
        return sum(id(config) in queued for config in self._asked)

    def going(self) -> TrainConfig | None:
        """The one that trains now."""
        running = training_job.running_folders(self._jobs)
        return next((self._asked[place] for place, folder in self._folders.items() if folder in running), None)

    def held(self) -> bool:
        """Whether they wait for the person's word."""
        return self._queue.held and self.waiting() > 0

    def _on_begun(self, config: TrainConfig, folder: Path) -> None:
        for place, asked in enumerate(self._asked):
            if asked is config:
                self._folders[place] = folder
                self.changed.emit()

    def _on_job_ended(self, worker: Worker) -> None:
        if training_job.folder_of(worker) in self._folders.values():
            self.ended.emit()
