"""The learning rate over a whole run, as it is known before the start. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.config import TrainConfig
from engine.models.schedules import rates
from engine.models.spec import ModelSpec
from engine.models.strategies import Strategy
from engine.models.timelines import plan, reached_timeline, stages

POINTS = 600
LEAST_A_PHASE = 8


@dataclass(frozen=True)
class RateCurve:
    """`rates` of what trains from the first epoch on (the head), after so many `epochs`, from 0 to the run's length;
    `phases` are where schedules begin anew."""

    epochs: tuple[float, ...]
    rates: tuple[float, ...]
    phases: tuple[float, ...]


def rate_curve(config: TrainConfig, spec: ModelSpec, strategy: Strategy) -> RateCurve:
    """The curve of settings that `choose_recipe` has decided; a schedule that waits for validation is drawn as if it
    always improved, and so are blocks that do.

    Raises ThawError where `unfreeze` does not fit the model.
    """
    blocks, unfreeze = len(spec.blocks), config.unfreeze
    shape = (strategy, blocks, spec.last_blocks, config.epochs)
    if config.unfreeze_when == "saturation" and not strategy.restarts:
        unfreeze = reached_timeline(stages(*shape, unfreeze), (1,), blocks)
    phases = plan(*shape, unfreeze)
    per_epoch = max(LEAST_A_PHASE, math.ceil(POINTS / config.epochs))
    every = math.ceil(config.epochs * per_epoch / (POINTS + LEAST_A_PHASE))
    steps, found = config.epochs * per_epoch, []
    peaks = {  # a long run is drawn by every so many steps, but its peaks are what is asked of it first
        (phase.first_epoch - 1) * per_epoch + math.ceil(min(config.warmup_epochs, phase.epochs / 2) * per_epoch)
        for phase in (phases if strategy.restarts else phases[:1])
    }
    for step in sorted({*range(0, steps, every), *(peak for peak in peaks if peak < steps)}):
        epoch = step // per_epoch + 1
        phase = next(phase for phase in reversed(phases) if phase.first_epoch <= epoch)
        found.append((step / per_epoch, rates(config, strategy, phase, epoch, per_epoch)(step % per_epoch, 1)))
    epochs, values = zip(*found, (float(config.epochs), found[-1][1]), strict=True)
    anew = tuple(float(phase.first_epoch - 1) for phase in phases[1:]) if strategy.restarts else ()
    return RateCurve(epochs, values, anew)
