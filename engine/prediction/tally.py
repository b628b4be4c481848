"""What was done of a batch, how fast, and what is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.control import Control
from engine.events import Prediction, PredictionFinished, PredictionProgress, Watching
from engine.prediction.classify import Found, Spent
from engine.prediction.finding import Source
from engine.prediction.place import Place

if TYPE_CHECKING:
    from engine.prediction.results import Results

SECONDS_BETWEEN_PROGRESS = 0.25


@dataclass
class Tally:
    """What was done, and how fast. `kept` photos had their answer from earlier; `paused` is in seconds, with those in
    which there was nothing to do."""

    control: Control
    spent: Spent = field(default_factory=Spent)
    new: int = 0
    kept: int = 0
    failed: int = 0
    paused: float = 0.0
    watching: Watching | None = None
    _began: float = field(default_factory=time.monotonic)
    _told: float = 0.0
    _idle_since: float | None = None

    @property
    def done(self) -> int:
        return self.new + self.kept

    def asking(self, results: Results) -> Callable[[Found], bool]:
        """Asks whether a photo has an answer from earlier, and counts those that have one."""

        def asked(found: Found) -> bool:
            known = results.has_answer(found)
            self.kept += known
            return known

        return asked

    def goes_on(self, before_a_pause: Callable[[bool], None]) -> bool:
        """False once the work was told to end; waits while it is paused."""
        if self.control.paused:
            self._idle_since = None  # or a pause would count twice
            before_a_pause(True)
            began = time.monotonic()
            self.control.wait_while_paused()
            self.paused += time.monotonic() - began
        return not (self.control.stopping or self.control.finishing)

    def waited(self, idle: bool) -> None:
        """Take whether there is nothing to do now: that time is none of the work's."""
        now = time.monotonic()
        if idle and self._idle_since is not None:
            self.paused += now - self._idle_since
        self._idle_since = now if idle else None

    def counted(self, predictions: Sequence[Prediction], total: int | None) -> Iterator[PredictionProgress]:
        """Count them, and say so where the last word is long enough ago."""
        self.new += len(predictions)
        self.failed += sum(1 for prediction in predictions if prediction.error)
        now = time.monotonic()
        if not self.done or now - self._told < SECONDS_BETWEEN_PROGRESS:
            return
        self._told = now
        rate, done = self.new / max(now - self._began - self.paused, 1e-9), self.done
        if total is not None and total < done:
            total = None  # a folder grew after it was counted
        left = None if total is None or not rate else (total - done) / rate
        yield PredictionProgress(done, total, rate, left, self.kept, *self.spent.shares())

    def finished(self, source: Source, stopped: bool, place: Place) -> PredictionFinished:
        seconds = time.monotonic() - self._began - self.paused
        rate = self.new / max(seconds, 1e-9)
        return PredictionFinished(
            self.done, self.failed, source.skipped, seconds, rate, stopped, place.out, self.kept, place.kept_in
        )
