"""Runs that wait their turn: kept on disk, started one after another when the machine is free."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal

from desktop_app import dialogs, training_job
from desktop_app.queue_file import QueuedRun, QueueFile
from desktop_app.settings import Settings
from desktop_app.worker import Jobs, Worker
from engine.config import TrainConfig


class RunQueue(QObject):
    """One that fails is marked and the next one goes on; a person who stops a run stops the queue as well, until they
    say `go_on`. So does a new start of the program: nothing trains unasked.

    Each window has a queue of its own, and begins with what waited in those that are closed.
    """

    changed = Signal()
    begun = Signal(object, object)
    """A run has had its turn: its settings, the very object that was added, and its folder."""

    def __init__(self, jobs: Jobs, settings: Settings) -> None:
        super().__init__(jobs)
        self._jobs, self._settings = jobs, settings
        self._started: tuple[Worker, QueuedRun] | None = None
        self._file = QueueFile(settings.runs_folder)
        self.runs: tuple[QueuedRun, ...] = self._file.take_over()
        self.trouble = ""
        """Why what waits could not be written to disk, as a sentence; "" where it is there."""
        self.held = bool(self.waiting())
        """Whether the next run waits for the person's word."""
        for worker in jobs.running():
            self._on_started(worker)
        jobs.started.connect(self._on_started)
        if application := QCoreApplication.instance():
            application.aboutToQuit.connect(self.close)
        jobs.ended.connect(lambda _worker: QTimer.singleShot(0, self, self._start_next))

    def waiting(self) -> tuple[QueuedRun, ...]:
        """Those that have not failed, the next one first."""
        return tuple(run for run in self.runs if not run.failure)

    def add(self, config: TrainConfig) -> None:
        """Let a run wait at the end; where the machine is free and nothing else waits, it starts at once."""
        self.held = self.held and bool(self.waiting())
        self._keep((*self.runs, QueuedRun(config)))
        self._start_next()

    def remove(self, place: int) -> None:
        self._keep(self.runs[:place] + self.runs[place + 1 :])

    def move(self, place: int, by: int) -> None:
        """Let the run at `place` change places with the one `by` places further on; at the ends nothing happens."""
        other = place + by
        if 0 <= place < len(self.runs) and 0 <= other < len(self.runs):
            changed = list(self.runs)
            changed[place], changed[other] = changed[other], changed[place]
            self._keep(changed)

    def retry(self, place: int) -> None:
        """Let a failed run wait again, where it stands."""
        changed = list(self.runs)
        changed[place] = QueuedRun(changed[place].config)
        self._keep(changed)
        self._start_next()

    def go_on(self) -> None:
        """Start the next run as soon as the machine is free."""
        self.held = False
        self.changed.emit()
        self._start_next()

    def close(self) -> None:
        """Leave what waits to the next window that is opened."""
        self._file.close()

    def _start_next(self) -> None:
        waiting = self.waiting()
        if self.held or not waiting or self._jobs.current or self._jobs.closing:
            return
        run = waiting[0]
        place = self.runs.index(run)
        self._keep(self.runs[:place] + self.runs[place + 1 :])
        worker = training_job.start(self._jobs, self._settings, run.config)
        self._started = worker, run
        worker.failed.connect(self._on_failed)
        self.begun.emit(run.config, training_job.folder_of(worker))

    def _on_started(self, worker: Worker) -> None:
        if worker.kind == training_job.KIND:
            worker.steered.connect(self._on_steered)

    def _on_steered(self, word: str) -> None:
        if word == "stop":
            self.held = bool(self.waiting())
            self.changed.emit()

    def _on_failed(self, error: object) -> None:
        if self._started and self.sender() is self._started[0] and isinstance(error, BaseException):
            sentence, _ = dialogs.in_words(error)
            self._keep((QueuedRun(self._started[1].config, sentence), *self.runs))

    def _keep(self, runs: Sequence[QueuedRun]) -> None:
        self.runs = tuple(runs)
        try:
            self._file.write(self.runs)
            self.trouble = ""
        except OSError as error:
            self.trouble = f"What waits cannot be kept on disk ({error.strerror or error}); it is lost with the window."
        self.changed.emit()


def queue_of(jobs: Jobs, settings: Settings) -> RunQueue:
    """The one queue of these jobs."""
    return jobs.findChild(RunQueue) or RunQueue(jobs, settings)
