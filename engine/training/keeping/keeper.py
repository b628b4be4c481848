"""When a run is kept on the disk, and what becomes of it where the disk is full."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from torch import Tensor

from engine import runs
from engine.disk_room import in_words, is_full
from engine.errors import DiskFullError
from engine.events import EpochFinished, Notice
from engine.training.keeping import checkpoint, room
from engine.training.keeping.checkpoint import Checkpoint, Partway
from engine.training.learner.averaging import shown_tensors
from engine.training.learner.step import Learner
from engine.training.loop import EpochResult
from engine.training.run_parts import Run


class Keeper:
    """Writes the run's history and checkpoints: at the end of each epoch, within one every `checkpoint_minutes`, and
    when asked. Where the disk is full it says so, what was kept stays whole, and it tries again at the next.

    `seconds` says how long the run has taken so far, in all its lives.
    """

    def __init__(self, run: Run, seconds: Callable[[], float]) -> None:
        self._run, self.seconds = run, seconds
        self._minutes = run.config.checkpoint_minutes
        self._tried = time.monotonic()
        self._kept: tuple[int, int] | None = None  # epochs done and steps of the next, as they were last written
        self._rows: list[EpochFinished] = []  # of history, not yet written
        self._best: tuple[int, Mapping[str, Tensor]] | None = None  # best weights, not yet written
        self._safe = run.progress.epoch  # epochs that are on the disk
        self._lacking = 0  # bytes that the last try lacked, 0 where it went well

    def _due(self) -> bool:
        return self._minutes > 0 and time.monotonic() - self._tried >= 60 * self._minutes

    def keep_epoch(self, learner: Learner, event: EpochFinished) -> Iterator[Notice]:
        """Write where the run stands, an epoch being done."""
        progress, state = self._run.progress, learner.state()
        self._rows.append(event)
        if progress.best_epoch == progress.epoch:
            self._best = progress.epoch, shown_tensors(learner.network, state.get("average"))
        yield from self._write(learner, Checkpoint(progress, state), 0)
        if self._best and self._best[0] == progress.epoch:  # the network goes on; what could not be written stays
            self._best = progress.epoch, {name: tensor.clone() for name, tensor in self._best[1].items()}

    def keep_part(self, learner: Learner, result: EpochResult, now: bool) -> Iterator[Notice]:
        """Write where the epoch stands: `now`, or only when it is time to. Nothing is written twice."""
        if not (now or self._due()) or self._kept == (self._run.progress.epoch, result.steps) or not result.steps:
            return
        progress = replace(self._run.progress, seconds=self.seconds())
        partway = Partway(vars(result), checkpoint.random_state())
        yield from self._write(learner, Checkpoint(progress, learner.state(), partway), result.steps)

    def check_all_kept(self) -> None:
        """Raises DiskFullError where epochs are done that could not be written: no model can be made of them."""
        if self._safe < self._run.progress.epoch:
            raise DiskFullError(
                f"The disk is full, so what was learnt from epoch {self._safe + 1} on could not be kept. Free "
                f"{in_words(self._lacking)} on the disk of {self._run.folder} and resume the run."
            )

    def _write(self, learner: Learner, made: Checkpoint, steps: int) -> Iterator[Notice]:
        folder = self._run.folder
        self._tried = time.monotonic()
        try:
            lacking = self._make_room(learner, made)
            if lacking <= 0:
                self._save(learner, made)
        except OSError as error:
            if not is_full(error):
                raise
            lacking = room.SPARE_BYTES
        if lacking > 0:
            self._lacking = lacking
            text = f"The disk is full, so the run is not kept at this point. Free {in_words(lacking)} on the"
            yield Notice(f"{text} disk of {folder}; it goes on, and is kept when there is room.", "disk_full", folder)
            return
        self._safe, self._kept = made.progress.epoch, (made.progress.epoch, steps)
        if self._lacking:
            self._lacking = 0
            yield Notice("There is room on the disk again, and the run is kept.", "disk_freed", folder)

    def _make_room(self, learner: Learner, made: Checkpoint) -> int:
        """The bytes that are lacking, above 0 for some. The checkpoint before the last one is given up for the next."""
        network = room.bytes_of(learner.network.state_dict())
        needed = network * (2 if self._best else 1) + room.bytes_of(made.learner) + room.SPARE_BYTES
        previous = self._run.folder / runs.PREVIOUS
        lacking = needed - room.free_bytes(self._run.folder)
        if lacking > 0 and previous.is_file() and (self._run.folder / runs.LAST).is_file():
            lacking -= previous.stat().st_size
            if lacking <= 0:
                previous.unlink()
        return lacking

    def _save(self, learner: Learner, made: Checkpoint) -> None:
        """History first: on resume, its rows are cut to the epochs of the checkpoint. Best weights that last.pt will
        not hold come before it, else after it (see `checkpoint.save`)."""
        while self._rows:
            runs.append_history(self._run.folder, self._rows[0])
            del self._rows[0]
        if self._best and (made.partway or self._best[0] != made.progress.epoch):
            self._save_best()
        checkpoint.save(self._run.folder, learner.network, made)
        self._save_best()

    def _save_best(self) -> None:
        if self._best:
            checkpoint.save_best(self._run.folder, self._best[1], self._best[0])
            self._best = None
