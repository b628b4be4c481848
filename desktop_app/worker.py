"""Jobs in threads. The only file that knows threads: whoever wants long work hands over a generator, gets signals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal

from engine.control import Control

Job = Callable[[Control], Iterator[Any]]


class Worker(QThread):
    """Iterates one generator in a thread of its own.

    `happened` carries each value it yields, then exactly one of `returned` (its return value) and `failed` (the
    exception). No signal may be called `finished`: that is QThread's own, which comes last.
    """

    happened = Signal(object)
    returned = Signal(object)
    failed = Signal(object)
    steered = Signal(str)
    """A word was given to the control: stop, finish, pause or resume."""

    def __init__(
        self, title: str, job: Job, kind: str, heavy: bool = False, at_place: tuple[type[BaseException], ...] = ()
    ) -> None:
        super().__init__()
        self.title, self.kind, self.heavy, self.at_place = title, kind, heavy, at_place
        self.control = Control()
        self.control.on_command(self.steered.emit)
        self._job = job

    def run(self) -> None:
        try:
            result = self._iterate(self._job(self.control))
        except BaseException as error:  # whatever ends the job must reach the window and not end the program
            self.failed.emit(error)
        else:
            self.returned.emit(result)

    def _iterate(self, events: Iterator[Any]) -> Any:
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                return end.value
            self.happened.emit(event)


class Jobs(QObject):
    """The jobs that run now; at most one of them is heavy (it takes the whole machine)."""

    started = Signal(object)
    ended = Signal(object)
    """After the job's last signal, when its thread has ended."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # Held here until the thread has ended: a QThread that is collected while it runs aborts the program.
        self._running: list[Worker] = []

    @property
    def current(self) -> Worker | None:
        """The heavy job, if one runs."""
        return next((worker for worker in self._running if worker.heavy), None)

    @property
    def shown(self) -> Worker | None:
        """What the status bar shows: the heavy job, else the newest."""
        return self.current or (self._running[-1] if self._running else None)

    def running(self, kind: str = "") -> tuple[Worker, ...]:
        """The jobs that run now, of one kind or of all."""
        return tuple(worker for worker in self._running if kind in ("", worker.kind))

    def busy_reason(self) -> str:
        """Why a heavy job cannot start now, as a sentence; "" where it can."""
        return f"“{self.current.title}” is running; wait for it or stop it first." if self.current else ""

    def start(
        self, title: str, job: Job, kind: str, heavy: bool = False, at_place: tuple[type[BaseException], ...] = ()
    ) -> Worker:
        """Start `job` in a thread. The worker's signals reach only those who connect before control goes back to the
        event loop, so connect at once.

        Exceptions of the types in `at_place` are shown by whoever starts the job, at the place where it was asked for;
        the window shows all others. Raises RuntimeError for a second heavy job: ask `busy_reason()` first.
        """
        if heavy and self.current:
            raise RuntimeError(self.busy_reason())
        worker = Worker(title, job, kind, heavy, at_place)
        self._running.append(worker)
        worker.finished.connect(self._on_thread_finished)
        self.started.emit(worker)
        worker.start()
        return worker

    def stop_all(self) -> None:
        """Ask every job to stop; each ends by itself, cleanly."""
        for worker in self._running:
            worker.control.stop()

    def _on_thread_finished(self) -> None:
        worker = self.sender()
        if not isinstance(worker, Worker) or worker not in self._running:
            return
        worker.wait()
        self._running.remove(worker)
        self.ended.emit(worker)
