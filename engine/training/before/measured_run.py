"""Pieces of a run, done for real and timed: steps of what trains, rows of what is frozen, answers, checkpoints."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import nn

from engine import runs
from engine.control import Control
from engine.dataset.loader import Views, in_groups
from engine.dataset.row_store import KEPT_FREE, MOST_BYTES, RowStore, existing, stores_folder
from engine.events import FeaturesComputed
from engine.models.cut import Cut
from engine.models.timelines import PlannedPhase
from engine.training import feature_cache
from engine.training.before.estimate import PhaseCost
from engine.training.before.pace import measured_pace
from engine.training.feature_cache import FeatureLoader, TrainedHalf, row_name
from engine.training.frozen_half import Computing, NotOnRuntimeError, computing, ways_of
from engine.training.keeping import checkpoint
from engine.training.keeping.checkpoint import Checkpoint, Progress
from engine.training.keeping.contents import content_hash
from engine.training.keeping.proof import layer_hashes
from engine.training.learner.learning import learner_of
from engine.training.learner.optimizer import make_optimizer
from engine.training.learner.ready import made_ready
from engine.training.learner.step import Learner
from engine.training.loop import Loader
from engine.training.run_parts import Run

ANSWERED_TOGETHER = 32
SAMPLE = 64
"""Photos that are hashed, to know how fast that is and how many of them have their rows already."""
RATE = 1e-6
"""What is measured does not hang on the rate; a low one keeps the loss a number."""


class Measured:
    """A run in rehearsal, whose pieces are timed. `folder` is temporary. A stop ends each measurement early; what it
    gives then means nothing."""

    def __init__(self, run: Run, folder: Path, control: Control) -> None:
        self.run, self._folder, self._control = run, folder, control
        self._numbers = np.random.default_rng(run.config.seed)
        self._learner: Learner | None = None

    # --- the phases

    def phase(self, phase: PlannedPhase, answer: float, seconds: float) -> PhaseCost:
        """What the phase takes, measured within about `seconds`; `answer` is one photo through the whole network."""
        self.run.freeze(phase)
        began = time.perf_counter()
        made = feature_cache.cut_of(self.run) if feature_cache.keeps(self.run, phase) else None
        if made and self._fits(phase, made):
            cutting = time.perf_counter() - began
            for way in ways_of(self.run, made):
                with contextlib.suppress(NotOnRuntimeError):
                    return self._kept(phase, made, way, cutting, seconds)
        step = self._steps(self.run.classifier, self.run.loader, self.run.groups(1), phase, seconds)
        return PhaseCost(phase.epochs, 0.0, step, answer)

    def _fits(self, phase: PlannedPhase, made: Cut) -> bool:
        wanted = self._rows(phase) * self._row_bytes(made)
        return wanted <= MOST_BYTES and shutil.disk_usage(existing(stores_folder())).free - wanted >= KEPT_FREE

    def _rows(self, phase: PlannedPhase) -> int:
        run = self.run
        return len(run.numbers("train")) * len(feature_cache.views_of(run, phase)) + len(run.numbers("val"))

    def _row_bytes(self, made: Cut) -> int:
        return 4 * (made.values + self._taught())

    def _taught(self) -> int:
        return len(self.run.classes) if self.run.teacher else 0

    def _kept(self, phase: PlannedPhase, made: Cut, way: str, cutting: float, seconds: float) -> PhaseCost:
        """A phase that trains from rows: how fast they are computed, and how fast it trains and answers from them."""
        run, taught = self.run, self._taught()
        began = time.perf_counter()
        frozen = computing(run, made, way)
        making = time.perf_counter() - began
        store = RowStore(self._folder / f"rows-{phase.first_epoch}", "float32", made.values + taught)
        try:
            views = feature_cache.views_of(run, phase)
            missing = 1 - self._share_there(made, way, phase)
            once = cutting + (making if missing else 0.0)
            for split, share in (("train", 0.5), ("val", 0.2)):
                groups = [g for g in feature_cache.wanted_of(run, store, views) if run.photos[g[0][0]].split == split]
                pace = measured_pace(self._filled(frozen, store, self._shuffled(groups)), share * seconds)
                rows = len(run.numbers(split)) * (len(views) if split == "train" else 1)
                once += missing * rows * pace.seconds_per_unit
            half = TrainedHalf(made, run.classifier.one_vs_all)
            loader = FeatureLoader(store, run.loader, run.hashes, taught)
            view = run.view(phase, phase.first_epoch)
            numbers = [n for n in run.numbers("train") if store.has(row_name(run.hashes[n], n, view))]
            wanted = list(itertools.islice(itertools.cycle(numbers), max(2, len(run.groups(1)[0]))))
            step = self._steps(half, loader, [wanted] * 40, phase, 0.3 * seconds)
            seen = [n for n in run.numbers("val") if store.has(row_name(run.hashes[n], n, None))]
            val = self._answers(half, loader, in_groups(seen, ANSWERED_TOGETHER), 0.1 * seconds)
        finally:
            store.close()
        return PhaseCost(phase.epochs, once, step, val, self._rows(phase) * self._row_bytes(made))

    def _share_there(self, made: Cut, way: str, phase: PlannedPhase) -> float:
        """The share of rows that an earlier run has kept, from a sample of the photos."""
        folder = stores_folder() / feature_cache.key_of(self.run, made, way)
        if not folder.is_dir():
            return 0.0
        numbers = self._sample(self.run.numbers("train"))
        names = [
            row_name(content_hash(self.run.photos[number]), number, view)
            for number in numbers
            for view in feature_cache.views_of(self.run, phase)
        ]
        store = RowStore(folder, "float32", made.values + self._taught())
        try:
            return sum(map(store.has, names)) / max(1, len(names))
        finally:
            store.close()

    def _filled(self, frozen: Computing, store: RowStore, groups: Sequence[Sequence[Views]]) -> Iterator[int]:
        """Compute rows; yields how many at a time."""
        done = 0
        for event in feature_cache.fill(self.run, frozen, store, groups, self._control):
            if isinstance(event, FeaturesComputed):
                yield event.done - done
                done = event.done

    def _steps(
        self, module: nn.Module, loader: Loader, groups: Sequence[Sequence[int]], phase: PlannedPhase, seconds: float
    ) -> float:
        """Seconds of a training step, for one photo."""
        run = self.run
        optimizer = make_optimizer(run.classifier.network, run.config, len(run.spec.blocks), run.place_of)
        self._learner = learner = learner_of(run, module, optimizer)
        ready = made_ready(run, 1)

        def steps() -> Iterator[int]:
            for step, batch in enumerate(loader.batches(groups, run.view(phase, phase.first_epoch))):
                if self._control.stopping:
                    return
                if len(batch.numbers) >= 2:
                    learner.step(ready(step, batch.to(learner.device)) if ready else batch, lambda _begun: RATE)
                yield len(batch.numbers)

        return measured_pace(steps(), seconds).seconds_per_unit

    # --- the rest

    def answering(self, seconds: float) -> float:
        """Seconds in which the whole network answers for one photo that is read from the disk."""
        numbers = self.run.numbers("val") + self.run.numbers("test")
        groups = in_groups(self._numbers.permutation(np.array(numbers)).tolist(), ANSWERED_TOGETHER)
        return self._answers(self.run.classifier, self.run.loader, groups, seconds)

    def _answers(self, module: nn.Module, loader: Loader, groups: Sequence[Sequence[int]], seconds: float) -> float:
        module.eval()
        device = next(module.parameters()).device

        def answers() -> Iterator[int]:
            with torch.inference_mode():
                for batch in loader.batches(groups):
                    if self._control.stopping:
                        return
                    if batch.numbers:
                        module(batch.pixels.to(device)).float().cpu()
                    yield len(batch.numbers)

        return measured_pace(answers(), seconds).seconds_per_unit

    def hashing(self) -> float:
        """Seconds for the hashes of all photos: that of a sample, as many at once as the run has threads."""
        sample = self._sample(range(len(self.run.photos)))
        began = time.perf_counter()
        with ThreadPoolExecutor(self.run.config.threads) as pool:
            list(pool.map(content_hash, [self.run.photos[number] for number in sample]))
        return (time.perf_counter() - began) * len(self.run.photos) / len(sample)

    def proof(self) -> float:
        """Seconds for the hashes of all layers, before and after."""
        began = time.perf_counter()
        layer_hashes(self.run.classifier.network)
        return 2 * (time.perf_counter() - began)

    def checkpoint(self) -> tuple[float, int]:
        """(seconds, bytes) of what is written after an epoch: all that resume needs, and the best weights."""
        assert self._learner
        folder = self._folder / "checkpoint"
        folder.mkdir()
        network = self.run.classifier.network
        made = Checkpoint(Progress(epoch=1, best_epoch=1), self._learner.state())
        checkpoint.save(folder, network, made)
        began = time.perf_counter()
        checkpoint.save(folder, network, made)  # with one kept back, as after every epoch but the first
        checkpoint.save_best(folder, network.state_dict(), 1)
        seconds = time.perf_counter() - began
        (folder / runs.PREVIOUS).unlink()
        return seconds, sum(path.stat().st_size for path in folder.iterdir())

    def _sample(self, numbers: Sequence[int]) -> list[int]:
        sample: list[int] = self._numbers.permutation(np.array(numbers))[:SAMPLE].tolist()
        return sample

    def _shuffled(self, groups: list[list[Views]]) -> list[list[Views]]:
        return [groups[place] for place in self._numbers.permutation(len(groups))]


def python_seconds() -> float:
    """Seconds of a million rounds of a small loop: how fast one core is at what exporting does, and how busy."""
    fastest = min(_rounds(250_000) for _ in range(3))
    return 4 * fastest


def _rounds(count: int) -> float:
    began, total = time.perf_counter(), 0
    for number in range(count):
        total += number * number % 7
    return time.perf_counter() - began
