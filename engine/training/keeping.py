"""When a run is kept on the disk, and what of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from engine.events import Notice
from engine.training import checkpoint
from engine.training.checkpoint import Checkpoint, Partway
from engine.training.loop import EpochResult
from engine.training.run_parts import Run
from engine.training.step import Learner


class Keeper:
    """Writes the run's checkpoints: at the end of each epoch, within one every `checkpoint_minutes`, and when asked.
    `seconds` says how long the run has taken so far, in all its lives."""

    def __init__(self, run: Run, seconds: Callable[[], float]) -> None:
        self._run, self.seconds = run, seconds
        self._minutes = run.config.checkpoint_minutes
        self._written = time.monotonic()
        self._kept: tuple[int, int] | None = None  # epochs done and steps of the next, as they were last written

    def _due(self) -> bool:
        return self._minutes > 0 and time.monotonic() - self._written >= 60 * self._minutes

    def keep_epoch(self, learner: Learner) -> None:
        """Write where the run stands, an epoch being done."""
        self._write(learner, Checkpoint(self._run.progress, learner.state()), 0)

    def keep_part(self, learner: Learner, result: EpochResult, now: bool) -> Iterator[Notice]:
        """Write where the epoch stands: `now`, or only when it is time to. Nothing is written twice."""
        if not (now or self._due()) or self._kept == (self._run.progress.epoch, result.steps) or not result.steps:
            return
        progress = replace(self._run.progress, seconds=self.seconds())
        partway = Partway(vars(result), checkpoint.random_state())
        self._write(learner, Checkpoint(progress, learner.state(), partway), result.steps)
        yield from ()

    def _write(self, learner: Learner, made: Checkpoint, steps: int) -> None:
        checkpoint.save(self._run.folder, learner.network, made)
        self._written, self._kept = time.monotonic(), (made.progress.epoch, steps)
