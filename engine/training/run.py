"""The run, from top to bottom: read this file first.

    settings -> splits -> network -> phases of epochs -> best weights -> tests -> model file -> metrics.json

Everything that decides bits is in the run directory's config.toml and dataset.csv, and randomness comes from (seed,
epoch, photo) alone, so a run that was killed goes on to the same weights.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine import runs
from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.loader import in_groups
from engine.errors import ThawError
from engine.events import EpochFinished, Event, Notice, PhaseStarted, RunStarted
from engine.models.build import set_trainable
from engine.models.strategies import Phase, split_epochs
from engine.training import checkpoint
from engine.training.checkpoint import Progress
from engine.training.finish import close_run, finished_event
from engine.training.log import logged
from engine.training.loop import Answers, Epoch, EpochResult, answer, check_loss, train_epoch
from engine.training.memory import keep_memory
from engine.training.optimizer import learning_rate, make_optimizer
from engine.training.prepare import Run, prepare


def train(
    config: TrainConfig,
    run_dir: Path,
    *,
    resume: bool = False,
    weights_dir: Path | None = None,
    offline: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Train as `config` asks and leave a run directory; yields one RunStarted first of the run's own events and one
    RunFinished last.

    With `resume`, the run in `run_dir` goes on with its own settings (a finished one is said to be so; where there is
    none, a new one starts). *Finish* ends with the best so far; *stop* does too, and leaves the run resumable.
    Raises ThawError for everything a person can mend.
    """
    control = control or Control()
    keep_memory()
    if resume and runs.state(run_dir) == "finished":
        yield Notice("This run is finished; there is nothing to resume.", "already_finished")
        yield finished_event(run_dir)
        return
    fresh = not resume or runs.state(run_dir) == "absent"
    if fresh:
        runs.create(run_dir, config)
    started = False
    try:
        for event in logged(run_dir, _run(run_dir, weights_dir, offline, control)):
            started = started or isinstance(event, RunStarted)
            yield event
    except ThawError:
        if fresh and not started:  # what could not start is no run, and the folder can be used again
            runs.discard(run_dir)
        raise


def _run(run_dir: Path, weights_dir: Path | None, offline: bool, control: Control) -> Generator[Event, None, None]:
    start = time.perf_counter()
    run = yield from prepare(run_dir, weights_dir, offline, control)
    earlier = run.progress.seconds
    try:
        yield from _phases(run, control, lambda: earlier + time.perf_counter() - start)
        run.progress = replace(run.progress, seconds=earlier + time.perf_counter() - start)
        yield from close_run(run, control, start - earlier)
    finally:
        run.loader.close()


def _phases(run: Run, control: Control, seconds: Callable[[], float]) -> Generator[Event, None, None]:
    """Train phase after phase; `run.progress` says how far it came. A phase's optimizer is its own."""
    first = 1
    counts = split_epochs(run.strategy, run.config.epochs)
    for number, (phase, count) in enumerate(zip(run.strategy.phases, counts, strict=True), 1):
        epochs = range(max(first, run.progress.epoch + 1), first + count)
        names = run.trainable(phase)
        if epochs:
            set_trainable(run.classifier.network, names)
            optimizer = make_optimizer(run.classifier, run.config)
            if epochs.start > first and run.optimizer_state:
                optimizer.load_state_dict(run.optimizer_state)
            trained = sum(p.numel() for p in run.classifier.parameters() if p.requires_grad)
            yield PhaseStarted(phase.title, number, len(counts), first, count, trained)
        for epoch in epochs:
            set_trainable(run.classifier.network, names)
            plan = _plan(run, phase, epoch, epoch - first, count, last_phase=number == len(counts))
            ended = yield from _epoch(run, optimizer, plan, number, control, seconds)
            if ended or control.stopping or control.finishing:
                return
        first += count


def _plan(run: Run, phase: Phase, epoch: int, epochs_before: int, epochs: int, last_phase: bool) -> Epoch:
    """Which photos in which order, how augmented, and at what rate, from (seed, epoch) alone."""
    config = run.config
    assert config.learning_rate
    numbers = np.array(run.numbers("train"))
    order = np.random.default_rng([config.seed, epoch]).permutation(numbers).tolist()
    groups = in_groups(order, config.batch_size)
    steps, peak = len(groups), config.learning_rate * phase.lr_scale

    def rate(step: int) -> float:
        return learning_rate(config, peak, epochs_before * steps + step, epochs * steps, steps)

    def remaining(seconds_per_photo: float) -> float | None:
        """Validation is taken to cost as much a photo as training, which is an upper bound; a later phase trains other
        layers and cannot be known."""
        if not last_phase:
            return None
        later = epochs - epochs_before - 1
        return seconds_per_photo * (later * len(order) + (later + 1) * len(run.numbers("val")))

    torch.manual_seed(config.seed * 100_003 + epoch)  # what dropout draws from
    augmentation = (config.seed, epoch) if config.augmentation == "light" else None
    return Epoch(epoch, groups, augmentation, rate, remaining)


def _epoch(
    run: Run,
    optimizer: torch.optim.Optimizer,
    plan: Epoch,
    phase: int,
    control: Control,
    seconds: Callable[[], float],
) -> Generator[Event, None, bool]:
    """Train, validate, checkpoint. True where patience has run out."""
    result = yield from train_epoch(run.classifier, optimizer, run.loader, plan, _loss(run), control)
    if control.stopping or not result.photos:
        if not result.photos and not control.stopping:
            raise ThawError("Not one training photo could be read; check that the dataset's drive is connected.")
        return False
    val = yield from answer(run.classifier, run.loader, in_groups(run.numbers("val"), 64), control)
    if val is None:
        return False
    check_loss(val.loss)
    run.progress = _progress(run.progress, plan.number, val, result, seconds())
    waited = plan.number - run.progress.best_epoch
    event = _epoch_event(run, plan, phase, result, val, waited)
    runs.append_history(run.folder, event)
    checkpoint.save(run.folder, run.classifier.network, optimizer, run.progress)
    yield event
    return bool(run.config.patience) and waited >= run.config.patience


def _progress(before: Progress, epoch: int, val: Answers, result: EpochResult, seconds: float) -> Progress:
    """The best epoch has the highest validation accuracy; among equals, the lowest validation loss."""
    better = (val.accuracy, -val.loss) > (before.best_val_accuracy, -before.best_val_loss)
    return replace(
        before,
        epoch=epoch,
        best_epoch=epoch if better else before.best_epoch,
        best_val_accuracy=val.accuracy if better else before.best_val_accuracy,
        best_val_loss=val.loss if better else before.best_val_loss,
        seconds=seconds,
        trained_photos=before.trained_photos + result.photos,
        training_seconds=before.training_seconds + result.seconds,
    )


def _epoch_event(run: Run, plan: Epoch, phase: int, result: EpochResult, val: Answers, waited: int) -> EpochFinished:
    speed = result.photos / result.seconds
    left = plan.remaining(1 / speed)
    return EpochFinished(
        epoch=plan.number,
        epochs=run.config.epochs,
        phase=phase,
        train_loss=result.loss / result.photos,
        train_accuracy=result.right / result.photos,
        val_loss=val.loss,
        val_accuracy=val.accuracy,
        learning_rate=plan.rate(len(plan.groups) - 1),
        seconds=result.seconds,
        images_per_second=speed,
        best_epoch=run.progress.best_epoch,
        best_val_accuracy=run.progress.best_val_accuracy,
        patience_left=run.config.patience - waited if run.config.patience else None,
        seconds_left=None if left is None else max(0.0, left - len(run.numbers("val")) / speed),
    )


def _loss(run: Run) -> Callable[[Tensor, Tensor], Tensor]:
    """Cross-entropy; balanced weights are n / (classes · n of the class), as scikit-learn's "balanced"."""
    weight = None
    if run.config.class_weights == "balanced":
        counted = Counter(run.photos[number].label for number in run.numbers("train"))
        counts = torch.tensor([counted[name] for name in run.classes], dtype=torch.float32)
        weight = (counts.sum() / (len(run.classes) * counts)).to(run.config.device)
    assert run.config.label_smoothing is not None
    return partial(F.cross_entropy, weight=weight, label_smoothing=run.config.label_smoothing)
