"""Jobs in threads. The only file that knows threads: whoever wants long work hands over a generator, gets signals."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from PySide6.QtCore import QCoreApplication, QObject, QThread, QThreadPool, QTimer, Signal

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
        self,
        title: str,
        job: Job,
        kind: str,
        heavy: bool = False,
        at_place: tuple[type[BaseException], ...] = (),
        about: object = None,
    ) -> None:
        super().__init__()
        self.title, self.kind, self.heavy, self.at_place, self.about = title, kind, heavy, at_place, about
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
        self.closing = False

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
        self,
        title: str,
        job: Job,
        kind: str,
        heavy: bool = False,
        at_place: tuple[type[BaseException], ...] = (),
        about: object = None,
    ) -> Worker:
        """Start `job` in a thread as soon as control is back in the event loop: whoever connects to the worker's
        signals before that misses nothing.

        Exceptions of the types in `at_place` are shown by whoever starts the job, at the place where it was asked for;
        the window shows all others. `about` is for whoever follows the job: what it is of. Raises RuntimeError for a
        second heavy job: ask `busy_reason()` first. As the program ends, nothing begins any more, and nothing is told.
        """
        if heavy and self.current:
            raise RuntimeError(self.busy_reason())
        worker = Worker(title, job, kind, heavy, at_place, about)
        if self.closing:  # what one job's end sets going would keep the window from closing, or outlive it
            return worker
        self._running.append(worker)
        worker.finished.connect(self._on_thread_finished)
        self.started.emit(worker)
        # Not before the event loop goes on: what a quick thread tells before anyone has connected would be lost.
        QTimer.singleShot(0, worker, worker.start)
        return worker

    def stop_all(self) -> None:
        """Ask every job to stop; each ends by itself, cleanly."""
        for worker in self._running:
            worker.control.stop()

    def close(self) -> None:
        """Stop all as the program ends: what waits for the machine to be free waits for the next time."""
        self.closing = True
        self.stop_all()

    def _on_thread_finished(self) -> None:
        worker = self.sender()
        if not isinstance(worker, Worker) or worker not in self._running:
            return
        worker.wait()
        self._running.remove(worker)
        self.ended.emit(worker)


class NewestJob(QObject):
    """Jobs of which only the one that was asked last counts: an earlier one is stopped, and not heard any more.

    `happened`, `returned` and `failed` are that one's.
    """

    happened = Signal(object)
    returned = Signal(object)
    failed = Signal(object)

    def __init__(
        self, jobs: Jobs, kind: str, parent: QObject | None = None, at_place: tuple[type[BaseException], ...] = ()
    ) -> None:
        super().__init__(parent)
        self._jobs, self._kind, self._at_place = jobs, kind, at_place
        self._worker: Worker | None = None

    def ask(self, title: str, job: Job) -> Worker:
        """Start `job` in place of the one before."""
        self.forget()
        self._worker = self._jobs.start(title, job, self._kind, at_place=self._at_place)
        self._worker.happened.connect(self._on_happened)
        self._worker.returned.connect(self._on_returned)
        self._worker.failed.connect(self._on_failed)
        return self._worker

    def stop(self) -> None:
        """Ask it to end; what it returns then still counts."""
        if self._worker:
            self._worker.control.stop()

    def forget(self) -> None:
        """What was asked is not wanted any more."""
        self.stop()
        self._worker = None

    def is_at_work(self) -> bool:
        return self._worker is not None

    def _on_happened(self, event: object) -> None:
        if self.sender() is self._worker:
            self.happened.emit(event)

    def _on_returned(self, result: object) -> None:
        if self.sender() is self._worker:
            self._worker = None
            self.returned.emit(result)

    def _on_failed(self, error: object) -> None:
        if self.sender() is self._worker:
            self._worker = None
            self.failed.emit(error)


class Background(QObject):
    """Small pieces of work in a few threads, the newest wish first: what scrolled out of sight is forgotten before it
    was begun.

    `done` carries the key and the result, or the exception, of each piece that was worked on.
    """

    done = Signal(object, object)
    _worked = Signal(object, object)
    _at_work_now: ClassVar[set[Background]] = set()
    """Held while they work: one that nobody else holds any more would end in its own thread, and wait there for
    itself."""

    def __init__(self, work: Callable[[Any], Any], threads: int = 2, waiting: int = 200) -> None:
        super().__init__()
        self._work, self._most_waiting = work, waiting
        self._waiting: OrderedDict[Any, None] = OrderedDict()
        self._at_work: set[Any] = set()
        self._pool = QThreadPool()
        self._pool.setMaxThreadCount(threads)
        self._worked.connect(self._on_worked)
        if application := QCoreApplication.instance():
            application.aboutToQuit.connect(self.close)

    def ask(self, key: Any) -> None:
        """Wish for the work on `key`, a hashable value; a wish that is there already moves to the front."""
        if key in self._at_work:
            return
        self._waiting[key] = None
        self._waiting.move_to_end(key)
        if len(self._waiting) > self._most_waiting:
            self._waiting.popitem(last=False)
        self._start()

    def close(self) -> None:
        """Forget all wishes and wait for what is being worked on."""
        self._waiting.clear()
        self._pool.waitForDone()

    def _start(self) -> None:
        while self._waiting and len(self._at_work) < self._pool.maxThreadCount():
            key, _ = self._waiting.popitem()
            self._at_work.add(key)
            self._at_work_now.add(self)
            self._pool.start(functools.partial(self._run, key))

    def _run(self, key: Any) -> None:
        try:
            result = self._work(key)
        except Exception as error:
            result = error
        self._worked.emit(key, result)

    def _on_worked(self, key: Any, result: Any) -> None:
        self._at_work.discard(key)
        self._start()
        self.done.emit(key, result)
        if not self._at_work:
            self._pool.waitForDone()  # the thread has told, and lets go of this object in a moment
            self._at_work_now.discard(self)
