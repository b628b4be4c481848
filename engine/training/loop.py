"""One epoch, and one pass without training."""

from __future__ import annotations

import collections
import functools
import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.control import Control
from engine.dataset.loader import Batch
from engine.errors import ThawError
from engine.events import Notice, StepFinished
from engine.training.optimizer import set_learning_rate


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
    """Sums over the epoch so far; `ended` is False where a stop or finish cut it short."""

    loss: float = 0.0
    right: int = 0
    photos: int = 0
    seconds: float = 0.0
    ended: bool = False


@dataclass(frozen=True)
class Epoch:
    """What one epoch needs to know. `rate(step, begun)` is the learning rate of what began to train in the epoch
    `begun`, `remaining(seconds per photo)` the estimate of the run's seconds after this epoch's training (None where
    it cannot be known)."""

    number: int
    groups: Sequence[Sequence[int]]
    augmentation: tuple[int, int] | None
    rate: Callable[[int, int], float]
    remaining: Callable[[float], float | None]


def train_epoch(
    classifier: nn.Module,
    optimizer: torch.optim.Optimizer,
    loader: Loader,
    epoch: Epoch,
    loss_of: Callable[[Tensor, Tensor], Tensor],
    control: Control,
) -> Generator[StepFinished | Notice, None, EpochResult]:
    """Yield a StepFinished for each step; returns the epoch's sums. The classifier is in train mode where it trains."""
    device = next(classifier.parameters()).device
    result = EpochResult()
    waiting = sum(map(len, epoch.groups))
    start = time.perf_counter()
    for step, batch in enumerate(loader.batches(epoch.groups, epoch.augmentation)):
        paused = time.perf_counter()
        control.wait_while_paused()
        start += time.perf_counter() - paused
        if control.stopping or (control.finishing and result.photos):
            return result
        while loader.notices:
            yield loader.notices.popleft()
        waiting -= len(epoch.groups[step])
        if len(batch.numbers) < 2:  # what is left of a batch of bad photos; batch norm cannot train on one
            continue
        set_learning_rate(optimizer, functools.partial(epoch.rate, step))
        loss = _step(classifier, optimizer, batch, loss_of, device, result)
        result.seconds = time.perf_counter() - start
        speed = result.photos / result.seconds
        later = epoch.remaining(1 / speed)
        left = None if later is None else waiting / speed + later
        yield StepFinished(epoch.number, step + 1, len(epoch.groups), loss, epoch.rate(step, 1), speed, left)
    while loader.notices:
        yield loader.notices.popleft()
    result.ended = True
    return result


def _step(
    classifier: nn.Module,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    loss_of: Callable[[Tensor, Tensor], Tensor],
    device: torch.device,
    result: EpochResult,
) -> float:
    labels = batch.labels.to(device, non_blocking=True)
    answers = classifier(batch.pixels.to(device, non_blocking=True))
    logits, *auxiliary = (answers,) if isinstance(answers, Tensor) else answers
    loss = loss_of(logits, labels)
    whole = loss
    for other in auxiliary:
        whole = whole + float(classifier.auxiliary_weight) * loss_of(other, labels)  # type: ignore[arg-type]
    optimizer.zero_grad(set_to_none=True)
    whole.backward()
    optimizer.step()
    value = float(loss.detach())  # without the auxiliary losses, so that it compares with validation's
    check_loss(float(whole.detach()))
    result.loss += value * len(batch.numbers)
    result.right += int((logits.detach().argmax(1) == labels).sum())
    result.photos += len(batch.numbers)
    return value


def check_loss(value: float) -> None:
    """Raises ThawError for a loss that is no number: what follows would be nonsense."""
    if not math.isfinite(value):
        raise ThawError("The loss is no longer a number: the learning rate is too high. Lower it and start again.")


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
    classifier: nn.Module, loader: Loader, groups: Sequence[Sequence[int]], control: Control
) -> Generator[Notice, None, Answers | None]:
    """Classify without training, never augmented; returns None where a stop came first."""
    classifier.eval()
    device = next(classifier.parameters()).device
    logits, labels = [], []
    numbers: list[int] = []
    with torch.inference_mode():
        for batch in loader.batches(groups):
            control.wait_while_paused()
            if control.stopping:
                return None
            if batch.numbers:
                logits.append(classifier(batch.pixels.to(device, non_blocking=True)).float().cpu().numpy())
                labels.append(batch.labels.numpy())
                numbers.extend(batch.numbers)
            while loader.notices:
                yield loader.notices.popleft()
    if not numbers:
        raise ThawError("Not one photo of a split could be read; check that the dataset's drive is connected.")
    return Answers(np.concatenate(logits), np.concatenate(labels), np.array(numbers))
