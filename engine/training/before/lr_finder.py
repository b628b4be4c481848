"""find_lr: which learning rate suits a run, from one sweep of rates over its first steps.

L. N. Smith 2017, "Cyclical Learning Rates for Training Neural Networks": the rate rises from step to step until the
loss diverges; a good one lies where the loss falls.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from pathlib import Path

import torch

from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.loader import Batch
from engine.errors import DivergedError, ThawError
from engine.events import Event, LearningRateFound, RateTried, StageStarted
from engine.memory import keep_memory
from engine.models.timelines import PlannedPhase
from engine.training.before.lr_curve import Smoothed, suggestion, sweep_rates
from engine.training.before.rehearsal import FrozenFirst, rehearsed, temporary_folder
from engine.training.feature_cache import TrainedHalf, cut_of
from engine.training.keeping.steady import notices_of
from engine.training.learner.learning import learner_of
from engine.training.learner.optimizer import make_optimizer
from engine.training.learner.ready import made_ready
from engine.training.loop import Source
from engine.training.run_parts import Run

LEAST_PHOTOS = 16
"""With fewer training photos a step's loss is that of a handful, and the curve is noise."""


def find_lr(
    config: TrainConfig,
    *,
    weights_dir: Path | None = None,
    offline: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Try rising learning rates on the run that `config` asks for; yields a RateTried for each step and one
    LearningRateFound last.

    Network, layers that train, their rates against each other, augmentation, loss, optimizer and batches are the run's
    own, in its first phase. Nothing is written or kept, and a run that follows is the same as without it. A stop ends
    it without a LearningRateFound. Raises ThawError for what would keep the run from starting, and too few photos.
    """
    control = control or Control()
    began = time.perf_counter()
    keep_memory()
    with temporary_folder() as folder:
        run = yield from rehearsed(config, folder, weights_dir, offline, control)
        if run is None:
            return
        try:
            yield from _found(run, control, began)
        finally:
            run.loader.close()


def _found(run: Run, control: Control, began: float) -> Generator[Event, None, None]:
    if len(run.numbers("train")) < LEAST_PHOTOS:
        raise ThawError(
            f"With {len(run.numbers('train'))} training photos no learning rate can be told from another; add photos, "
            "or keep the strategy's own."
        )
    phase = run.plan[0]
    rates = [rate * phase.lr_scale for rate in sweep_rates(len(run.groups(1)))]
    yield StageStarted("Trying learning rates")
    losses = yield from _sweep(run, phase, rates, control)
    if losses is None:
        return
    yield _finding(run, phase, rates, losses, time.perf_counter() - began)


def _sweep(
    run: Run, phase: PlannedPhase, rates: list[float], control: Control
) -> Generator[Event, None, list[float] | None]:
    """The smoothed losses up to where they diverge, None where a stop came first. Rates are told as the setting would
    have them: before the phase's own scale."""
    run.freeze(phase)
    source = source_of(run, phase)
    network, config = run.classifier.network, run.config
    optimizer = make_optimizer(network, config, len(run.spec.blocks), run.place_of)
    learner = learner_of(run, source.module, optimizer, accumulation=1)
    smoothed, losses = Smoothed(), list[float]()
    for rate, batch in zip(rates, _batches(run, phase, source), strict=False):
        control.wait_while_paused()
        if control.stopping or control.finishing:
            return None
        yield from notices_of(run.loader)
        try:
            taken = learner.step(batch, lambda _begun, rate=rate: rate)  # type: ignore[misc]
        except DivergedError:
            break
        now = smoothed.add(taken.loss)
        if smoothed.has_diverged(now):
            break
        losses.append(now)
        yield RateTried(len(losses), len(rates), rate / phase.lr_scale, taken.loss, now)
    return losses


def source_of(run: Run, phase: PlannedPhase) -> Source:
    """What the phase would train from; what is frozen is computed once, as the run would, but kept nowhere."""
    mixes = made_ready(run, 1) is not None
    made = cut_of(run) if run.config.cache == "auto" and run.begins_frozen(phase) and not mixes else None
    if made is None:
        return Source(run.classifier, run.loader)
    return Source(TrainedHalf(made, run.classifier.one_vs_all), FrozenFirst(made, run.classifier, run.loader))


def _batches(run: Run, phase: PlannedPhase, source: Source) -> Iterator[Batch]:
    """Epoch after epoch the batches on which the run would train. Where what is frozen is computed once, each photo
    comes in the first of its views only: a sweep sees it ten times at most, and is four times as fast."""
    first_view_only = isinstance(source.loader, FrozenFirst)
    epoch = 0
    while True:
        epoch += 1
        torch.manual_seed(run.config.seed * 100_003 + epoch)
        view, usable = run.view(phase, 1 if first_view_only else epoch), 0
        ready = made_ready(run, epoch)
        for step, batch in enumerate(source.loader.batches(run.groups(epoch), view)):
            if len(batch.numbers) >= 2:
                usable += 1
                yield ready(step, batch.to(next(source.module.parameters()).device)) if ready else batch
        if not usable:
            raise ThawError("Not one training photo could be read; check that the dataset's drive is connected.")


def _finding(
    run: Run, phase: PlannedPhase, rates: list[float], losses: list[float], seconds: float
) -> LearningRateFound:
    places = suggestion(losses)
    settings = [rounded(rate / phase.lr_scale) for rate in rates]
    taken = settings[places.valley] if places else None
    assert run.config.learning_rate
    return LearningRateFound(
        model=run.spec.name,
        strategy=run.strategy.name,
        phase=phase.title,
        learning_rate=taken,
        steepest=settings[places.steepest] if places else None,
        usual=run.config.learning_rate,
        why=_why(settings, losses, taken),
        steps=len(losses),
        seconds=seconds,
    )


def _why(rates: list[float], losses: list[float], taken: float | None) -> str:
    ended = f"it diverges at {rates[len(losses)]:g}" if len(losses) < len(rates) else "it does not diverge up to there"
    if taken is not None:
        return f"Halfway down the longest descent of the loss; {ended.replace('there', f'{rates[-1]:g}')}."
    if len(losses) < len(rates) / 2:
        return (
            f"The loss rises before it falls ({ended}), so the curve says nothing; check the photos and the labels, or "
            "keep the strategy's own rate."
        )
    return "The loss does not fall clearly at any rate, so the curve says nothing; keep the strategy's own."


def rounded(rate: float) -> float:
    """A rate to two digits: no sweep knows more."""
    return float(f"{rate:.1e}")
