"""One epoch, and one pass without training."""

from __future__ import annotations

import collections
import contextlib
import functools
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from engine.clock import Stopwatch
from engine.control import Control
from engine.dataset.loader import Batch
from engine.errors import ThawError
from engine.events import Notice, StepFinished
from engine.training.keeping.steady import attended, notices_of
from engine.training.learner.out_of_memory import answered
from engine.training.learner.step import Learner, StepResult


class Loader(Protocol):
    """What gives batches: photos, or what the frozen part made of them."""

    notices: collections.deque[Notice]

    def batches(
        self, groups: Sequence[Sequence[int]], augmentation: tuple[int, int] | None = None
    ) -> Iterator[Batch]: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Source:
    """What a phase trains, and what feeds it."""

    module: nn.Module
    loader: Loader


@dataclass
class EpochResult:
    """Sums over the first `steps` groups of an epoch; `waiting_seconds` of the `seconds` passed before a batch was
    there."""

    steps: int = 0
    loss: float = 0.0
    right: int = 0
    photos: int = 0
    seconds: float = 0.0
    waiting_seconds: float = 0.0

    def add(self, step: StepResult) -> None:
        self.loss += step.loss * step.photos
        self.right += step.right
        self.photos += step.photos


@dataclass(frozen=True)
class Epoch:
    """What one epoch needs to know. `rate(step, begun)` is the learning rate of what began to train in the epoch
    `begun`, `remaining(seconds per photo)` the estimate of the run's seconds after this epoch's training (None where
    it cannot be known). `made_ready(step, batch)` is the batch that is learnt from, where it is not the one loaded."""

    number: int
    groups: Sequence[Sequence[int]]
    augmentation: tuple[int, int] | None
    rate: Callable[[int, int], float]
    remaining: Callable[[float], float | None]
    made_ready: Callable[[int, Batch], Batch] | None = None


LONG_SLEEP_SECONDS = 60

Keep = Callable[[EpochResult, bool], Iterable[Notice]]
"""Keeps on the disk where an epoch stands: at once, or only when it is time to."""


def train_epoch(
    learner: Learner, loader: Loader, epoch: Epoch, result: EpochResult, control: Control, keep: Keep
) -> Generator[StepFinished | Notice, None, EpochResult]:
    """Yield a StepFinished for each step that `result` has not; returns the epoch's sums."""
    groups = epoch.groups[result.steps :]
    waiting = sum(map(len, groups))
    watch = Stopwatch(result.seconds)

    def loaded(done: int) -> Iterator[Batch]:
        return _timed(loader.batches(groups[done:], epoch.augmentation), result)

    for batch in attended(loaded, loader, control, keep=functools.partial(keep, result, True), watch=watch):
        if isinstance(batch, Notice):
            yield batch
            continue
        if control.finishing and result.photos:
            break
        yield from _slept(watch)
        waiting -= len(epoch.groups[result.steps])
        step, result.steps = result.steps, result.steps + 1
        if len(batch.numbers) < 2:  # what is left of a batch of bad photos; batch norm cannot train on one
            continue
        if epoch.made_ready:
            batch = epoch.made_ready(step, batch.to(learner.device))
        taken = learner.step(batch, functools.partial(epoch.rate, step))
        result.add(taken)
        result.seconds = watch.seconds
        speed = result.photos / result.seconds
        later = epoch.remaining(1 / speed)
        left = None if later is None else waiting / speed + later
        yield StepFinished(epoch.number, step + 1, len(epoch.groups), taken.loss, epoch.rate(step, 1), speed, left)
        yield from notices_of(learner)
        yield from keep(result, False)
    if control.stopping and result.steps < len(epoch.groups):
        return result
    learner.update()
    return result


def _timed(batches: Iterator[Batch], result: EpochResult) -> Iterator[Batch]:
    """The batches; the time until each is there counts as waiting."""
    while True:
        asked = time.perf_counter()
        batch = next(batches, None)
        result.waiting_seconds += time.perf_counter() - asked
        if batch is None:
            return
        yield batch


def _slept(watch: Stopwatch) -> Iterator[Notice]:
    """A Notice where the machine slept since the last step."""
    if (seconds := watch.slept()) >= LONG_SLEEP_SECONDS:
        yield Notice(f"The machine slept for {round(seconds / 60)} min; the run went on.", "machine_slept")


@dataclass(frozen=True)
class Answers:
    """What a classifier says of a split: `logits` float32 N×C, `labels` and `numbers` (places in the dataset) N."""

    logits: np.ndarray
    labels: np.ndarray
    numbers: np.ndarray

    @property
    def accuracy(self) -> float:
        return float((self.logits.argmax(1) == self.labels).mean())

    @property
    def loss(self) -> float:
        """Mean cross-entropy, in nats, without weights and smoothing, so that runs can be compared."""
        return float(F.cross_entropy(torch.from_numpy(self.logits), torch.from_numpy(self.labels)))


def answer(
    classifier: nn.Module,
    loader: Loader,
    groups: Sequence[Sequence[int]],
    control: Control,
    keep: Callable[[], Iterable[Notice]] = tuple,
    beside_first: contextlib.AbstractContextManager[object] | None = None,
    patience: Control | None = None,
) -> Generator[Notice, None, Answers | None]:
    """Classify without training, never augmented; returns None where a stop came first. `keep` is called before a
    pause; the first batch goes through the network within `beside_first`. What must end whole hears no stop, but waits
    for photos that are away only until one of `patience`."""
    classifier.eval()
    device = next(classifier.parameters()).device
    logits: list[np.ndarray] = []
    labels = []
    numbers: list[int] = []
    came, most = 0, max(map(len, groups), default=1)
    asked = attended(lambda done: loader.batches(groups[done:]), loader, control, keep=keep, patience=patience)
    with torch.inference_mode():
        for batch in asked:
            if isinstance(batch, Notice):
                yield batch
                continue
            came += 1
            if batch.numbers:
                with beside_first if beside_first and not logits else contextlib.nullcontext():
                    answers, fitted = answered(classifier, batch.pixels.to(device, non_blocking=True), most)
                if fitted < most:
                    most = fitted
                    text = f"The memory is too small: the network answers for {most} photos at a time now."
                    yield Notice(text, "answers_parted")
                logits.append(answers.float().cpu().numpy())
                labels.append(batch.labels.numpy())
                numbers.extend(batch.numbers)
    if came < len(groups):
        if control.stopping:
            return None
        raise ThawError("The photos are away, so the run could not be closed; connect their drive and resume it.")
    if not numbers:
        raise ThawError("Not one photo of a split could be read; check that the dataset's drive is connected.")
    return Answers(np.concatenate(logits), np.concatenate(labels), np.array(numbers))
