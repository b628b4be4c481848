"""How whoever started a long verb steers it: stop, finish now, pause, resume."""

from __future__ import annotations

import threading
from collections.abc import Callable

COMMANDS = ("stop", "finish", "pause", "resume")


class Control:
    """Shared between the thread that works and the threads that steer. All methods are thread-safe.

    The verb looks at `stopping` and `finishing` between its steps and calls `wait_while_paused()` there.
    *Stop* ends the work and leaves it resumable; *finish* ends a run early but whole.
    """

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._finish = threading.Event()
        self._running = threading.Event()
        self._running.set()
        self._listeners: list[Callable[[str], None]] = []

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    @property
    def finishing(self) -> bool:
        return self._finish.is_set()

    @property
    def paused(self) -> bool:
        return not self._running.is_set()

    def stop(self) -> None:
        self._stop.set()
        self._running.set()
        self._tell("stop")

    def finish(self) -> None:
        self._finish.set()
        self._running.set()
        self._tell("finish")

    def pause(self) -> None:
        if not (self.stopping or self.finishing):
            self._running.clear()
            self._tell("pause")

    def resume(self) -> None:
        self._running.set()
        self._tell("resume")

    def command(self, word: str) -> None:
        """Obey one of `COMMANDS`; anything else is ignored (a newer program may send words this one lacks)."""
        if word in COMMANDS:
            getattr(self, word)()

    def wait_while_paused(self) -> None:
        """Block while paused; return at once when stopped or finishing."""
        self._running.wait()

    def wait_for_stop(self, seconds: float) -> bool:
        """Wait so long, or until a stop comes; returns whether one did."""
        return self._stop.wait(seconds)

    def on_command(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the word of every later command, in the thread that gives it."""
        self._listeners.append(listener)

    def _tell(self, word: str) -> None:
        for listener in list(self._listeners):
            listener(word)
