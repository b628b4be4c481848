"""How long work that goes file by file goes on, and what it says on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from engine.control import Control
from engine.events import SortingProgress

SECONDS_BETWEEN_PROGRESS = 0.25


class Steering:
    def __init__(self, doing: str, control: Control | None, total: int = 0) -> None:
        self._doing, self._control, self.total = doing, control or Control(), total
        self.done = 0
        self._paused = self._told = 0.0
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Without pauses."""
        return time.monotonic() - self._began - self._paused

    @property
    def stopped(self) -> bool:
        return self._control.stopping or self._control.finishing

    def goes_on(self, before_a_pause: Callable[[], None]) -> bool:
        """False once the work was told to end; waits while it is paused."""
        if self._control.paused:
            before_a_pause()
            began = time.monotonic()
            self._control.wait_while_paused()
            self._paused += time.monotonic() - began
        return not self.stopped

    def step(self) -> Iterator[SortingProgress]:
        """Another one is done; say so where the last word is long enough ago."""
        self.done += 1
        now = time.monotonic()
        if now - self._told >= SECONDS_BETWEEN_PROGRESS:
            self._told = now
            left = (self.total - self.done) * self.seconds / self.done if self.total >= self.done else None
            yield SortingProgress(self._doing, self.done, self.total, left)
