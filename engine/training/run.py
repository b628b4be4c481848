"""The run, from top to bottom: read this file first.

    settings -> splits -> network -> phases of epochs -> best weights -> tests -> model file -> metrics.json

Everything that decides bits is in the run directory's config.toml and dataset.csv, and randomness comes from (seed,
epoch, photo) alone, so a run that was killed goes on to the same weights.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import torch

from engine import runs
from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.loader import in_groups
from engine.errors import ThawError
from engine.events import EpochFinished, Event, Notice, PhaseStarted, RunStarted
from engine.memory import keep_memory
from engine.models.own_strategies import expanded
from engine.models.schedules import rates
from engine.models.timelines import PlannedPhase
from engine.runs import Ended
from engine.training import feature_cache
from engine.training.diagnosed import diagnosed
from engine.training.finish import close_run, finished_event
from engine.training.keeping import checkpoint, room
from engine.training.keeping.checkpoint import Checkpoint, Progress
from engine.training.keeping.extended import begin_extension
from engine.training.keeping.failures import UNKNOWN, in_a_sentence
from engine.training.keeping.keeper import Keeper
from engine.training.keeping.proof import write_before
from engine.training.learner.learning import fit_memory, learner_of
from engine.training.learner.norm_statistics import count_again
from engine.training.learner.optimizer import extend_optimizer, make_optimizer
from engine.training.learner.ready import made_ready
from engine.training.learner.step import Learner, check_loss
from engine.training.log import logged
from engine.training.loop import Answers, Epoch, EpochResult, answer, train_epoch
from engine.training.phases import after_epoch, patience_left, stages_left
from engine.training.prepare import prepare
from engine.training.run_parts import Run
from engine.training.tensorboard import also_to_tensorboard
from engine.training.vitals import Probe


def train(
    config: TrainConfig,
    run_dir: Path,
    *,
    resume: bool = False,
    weights_dir: Path | None = None,
    offline: bool = False,
    accept_changes: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Train as `config` asks and leave a run directory; yields one RunStarted first of the run's own events and one
    RunFinished last.

    With `resume`, the run in `run_dir` goes on with its own settings (a finished one is said to be so; where there is
    none, a new one starts); `accept_changes` lets it do so with photos that changed meanwhile, and a
    device other than auto moves it there. *Finish* ends with the best so far; *stop* does too, and leaves the run
    resumable; where it comes before RunStarted there is neither that nor a RunFinished.
    Raises ThawError for everything a person can mend, RunTakenError where another process trains this run.
    """
    control = control or Control()
    keep_memory()
    if resume and runs.left_as(run_dir) == "finished":
        yield Notice("This run is finished; there is nothing to resume.", "already_finished")
        yield finished_event(run_dir)
        return
    with runs.taken(run_dir) as sure:
        if not sure:
            yield Notice("This drive has no locks: see to it yourself that no other Thaw trains this run.", "no_locks")
        yield from _begun_or_resumed(config, run_dir, resume, weights_dir, offline, accept_changes, control)


def _begun_or_resumed(
    config: TrainConfig,
    run_dir: Path,
    resume: bool,
    weights_dir: Path | None,
    offline: bool,
    accept_changes: bool,
    control: Control,
) -> Generator[Event, None, None]:
    """Train in a directory that no other process works in, and leave word of why where that fails."""
    fresh = not resume or runs.left_as(run_dir) == "absent"
    if fresh and config.extends:
        begin_extension(config, run_dir)
        yield Notice(f"This run goes on with “{config.extends.name}”, which stays as it is.", "extends", config.extends)
    elif fresh:
        runs.create(run_dir, expanded(config))
    runs.clear_parts(run_dir)
    started = False
    try:
        told = _run(run_dir, weights_dir, offline, accept_changes, config.device, control)
        for event in logged(run_dir, also_to_tensorboard(run_dir, told)):
            started = started or isinstance(event, RunStarted)
            yield event
    except Exception as error:
        known = in_a_sentence(error, run_dir)
        stopped = control.stopping and not started and known is error  # who stops it waits for nothing, and no failure
        if fresh and not started:  # what could not start is no run, and the folder can be used again
            with contextlib.suppress(OSError):
                runs.discard(run_dir)
        elif not stopped:
            runs.clear_parts(run_dir)
            runs.write_ended(run_dir, Ended(str(known or UNKNOWN), known.kind if known else ""))
        if stopped:
            return
        if known is None or known is error:
            raise
        raise known from error


def _run(
    run_dir: Path, weights_dir: Path | None, offline: bool, accept_changes: bool, device: str, control: Control
) -> Generator[Event, None, None]:
    start = time.perf_counter()
    run = yield from prepare(run_dir, weights_dir, offline, control, accept_changes=accept_changes, device=device)
    earlier = run.progress.seconds
    keeper = Keeper(run, lambda: earlier + time.perf_counter() - start)
    try:
        if short := room.short_for_run(run):
            yield short
        yield from diagnosed(run, _phases(run, control, keeper))
        keeper.check_all_kept()
        run.progress = replace(run.progress, seconds=earlier + time.perf_counter() - start)
        yield from close_run(run, control, start - earlier)
    finally:
        run.source.loader.close()
        run.loader.close()


def _phases(run: Run, control: Control, keeper: Keeper) -> Generator[Event, None, None]:
    """Train phase after phase; `run.progress` says how far it came."""
    write_before(run)
    learner: Learner | None = None
    for epoch in range(run.progress.epoch + 1, run.config.epochs + 1):
        if run.progress.best_epoch and patience_left(run.config, run.spec, run.strategy, run.progress) == 0:
            break  # here, so that a run goes on to its closing where it ended in that
        phase = run.phase(epoch)
        run.freeze(phase)
        if learner is None or epoch == phase.first_epoch:
            optimizer = _optimizer(run, learner)
            yield _phase_event(run, phase)
            if run.source.loader is not run.loader:
                run.source.loader.close()
            run.source = yield from feature_cache.source_of(run, phase, control)
            run.loader.kept.keeping = run.source.loader is run.loader  # what is frozen looks at a photo but once
            if control.stopping or (control.finishing and run.progress.epoch):
                return
            learner = _learner(run, phase, optimizer, learner)
        yield from _epoch(run, learner, _plan(run, phase, epoch), control, keeper)
        if control.stopping or control.finishing:
            return
    if learner is None and run.progress.best_epoch:  # it ended while it closed, and closes with the same bits
        phase = run.phase(run.progress.epoch)
        run.freeze(phase)
        run.source = yield from feature_cache.source_of(run, phase, control)


def _optimizer(run: Run, before: Learner | None) -> torch.optim.Optimizer:
    """The optimizer of a phase that begins, or goes on after a resume: its own where the strategy restarts, else the
    one of the phase before with what is new in this one."""
    network, blocks = run.classifier.network, len(run.spec.blocks)
    if before and not run.strategy.restarts:
        extend_optimizer(before.optimizer, network, run.config, blocks, run.place_of)
        return before.optimizer
    return make_optimizer(network, run.config, blocks, run.place_of)


def _learner(run: Run, phase: PlannedPhase, optimizer: torch.optim.Optimizer, before: Learner | None) -> Learner:
    """What learns in a phase that begins, or goes on after a resume from what the checkpoint has of it."""
    if before:
        before.module, before.optimizer = run.source.module, optimizer
        before.average.track(before.network)
        fit_memory(run, before)
        return before
    learner = learner_of(run, run.source.module, optimizer)
    resumed = run.resumed
    begins = run.progress.epoch + 1 == phase.first_epoch and not resumed.partway
    if resumed.learner:
        learner.restore(resumed.learner, moments=not (run.strategy.restarts and begins))
    return learner


def _phase_event(run: Run, phase: PlannedPhase) -> PhaseStarted:
    trained = sum(p.numel() for p in run.classifier.parameters() if p.requires_grad)
    count = len(run.plan) + stages_left(run.config, run.spec, run.strategy, run.progress)
    return PhaseStarted(phase.title, run.plan.index(phase) + 1, count, phase.first_epoch, phase.epochs, trained)


def _plan(run: Run, phase: PlannedPhase, epoch: int) -> Epoch:
    """Which photos in which order, how augmented, and at what rate, from (seed, epoch) alone."""
    config = run.config
    groups = run.groups(epoch)
    rate = rates(config, run.strategy, phase, epoch, len(groups), run.progress.rate_drops)
    lasting = phase == run.plan[-1] and not stages_left(config, run.spec, run.strategy, run.progress)

    def remaining(seconds_per_photo: float) -> float | None:
        """Validation is taken to cost as much a photo as training, which is an upper bound; a later phase trains other
        layers and cannot be known."""
        if not lasting:
            return None
        drawn = sum(map(len, groups))
        later = config.epochs - epoch
        return seconds_per_photo * (later * drawn + (later + 1) * len(run.numbers("val")))

    torch.manual_seed(config.seed * 100_003 + epoch)  # what dropout draws from
    return Epoch(epoch, groups, run.view(phase, epoch), rate, remaining, made_ready(run, epoch))


def _epoch(run: Run, learner: Learner, plan: Epoch, control: Control, keeper: Keeper) -> Generator[Event, None, None]:
    """Train, validate, checkpoint. A stop keeps what the epoch has done."""
    keep = functools.partial(keeper.keep_part, learner)
    result = yield from train_epoch(learner, run.source.loader, plan, _begun(run), control, keep)
    if not result.photos and not control.stopping:
        raise ThawError("Not one training photo could be read; check that the dataset's drive is connected.")
    val, probe = None, Probe(run)
    if not control.stopping:
        learner.average.after_epoch(plan.number)
        keep_all = learner.average.aside(functools.partial(keep, result, True))
        val = yield from _validated(run, learner, plan, control, keep_all, probe)
    if val is None:
        yield from keep(result, True)
        return
    check_loss(val.loss)
    run.vitals = probe.vitals(val)
    number = run.plan.index(run.phase(plan.number)) + 1
    progress = _progress(run.progress, plan.number, val, result, keeper.seconds())
    run.progress = after_epoch(run.config, run.spec, run.strategy, progress)
    event = _epoch_event(run, plan, number, result, val)
    yield from keeper.keep_epoch(learner, event)
    yield event
    yield from _told_lower(run.config, run.progress)


def _validated(
    run: Run, learner: Learner, plan: Epoch, control: Control, keep: Callable[[], Iterable[Notice]], probe: Probe
) -> Generator[Event, None, Answers | None]:
    """What the network says of validation, with the averages of its weights where there are any."""
    source, validation = run.source, in_groups(run.numbers("val"), run.together)
    with learner.average.shown():
        norms = learner.average.norms_to_count
        yield from count_again(norms, source, plan.groups, plan.augmentation, control, keep)
        return (yield from answer(source.module, source.loader, validation, control, keep, probe.units))


def _told_lower(config: TrainConfig, progress: Progress) -> Iterator[Notice]:
    """Say it where the epoch that is done has lowered the learning rate of the next."""
    if progress.rate_drops and progress.rate_drops[-1] > progress.epoch:
        times = f"{config.plateau_epochs} epochs" if config.plateau_epochs > 1 else "an epoch"
        factor = f"{config.rate_factor:.3g}"
        text = f"Validation has not improved for {times}: the learning rate is multiplied by {factor}."
        yield Notice(text, "rate_lowered")


def _begun(run: Run) -> EpochResult:
    """What the checkpoint has of the epoch that begins, and the luck from there on; nothing of later ones."""
    partway = run.resumed.partway
    run.resumed = Checkpoint(run.resumed.progress)
    if not partway:
        return EpochResult()
    checkpoint.restore_random_state(partway.random)
    return EpochResult(**partway.sums)


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


def _epoch_event(run: Run, plan: Epoch, phase: int, result: EpochResult, val: Answers) -> EpochFinished:
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
        learning_rate=plan.rate(result.steps - 1, 1),
        seconds=result.seconds,
        images_per_second=speed,
        best_epoch=run.progress.best_epoch,
        best_val_accuracy=run.progress.best_val_accuracy,
        patience_left=patience_left(run.config, run.spec, run.strategy, run.progress),
        seconds_left=None if left is None else max(0.0, left - len(run.numbers("val")) / speed),
        waiting_seconds=result.waiting_seconds,
    )
