"""The learning rate as a function of the step, for every schedule there is. No torch: the window draws it beforehand.

Each rises first in a line to where its shape begins, over `warmup_epochs` or half of the steps, whichever is less.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.config import TrainConfig
from engine.models.strategies import Strategy
from engine.models.timelines import PlannedPhase

START_SHARE, END_SHARE, RISING = 1 / 25, 1 / 250_000, 0.3
"""One-cycle, as torch's OneCycleLR: it starts at 1/25 of the peak, peaks after 30 %, ends at 1/10,000 of its start."""
CYCLES = 3
"""Cosines that fill a run where `restart_epochs` is 0: of lengths 1, 2 and 4."""
THIRDS = 3
"""A run has two drops, at its thirds, where `step_epochs` is 0 (He et al. 2015: at 30 and 60 of 90 epochs)."""
FACTOR = 0.1
"""What a drop multiplies the rate by, of the steps (He et al. 2015) and of the plateaus (torch's default)."""
EXPONENTIAL_END = 0.01
"""Where the exponential schedule ends, as a share of the peak, unless `rate_factor` says otherwise."""


@dataclass(frozen=True)
class Position:
    """Where a step stands after the warm-up: `step` (from 0) of `steps` steps, `steps_per_epoch` in an epoch; `drops`
    is how often validation has lowered the rate."""

    step: float
    steps: float
    steps_per_epoch: int
    drops: int = 0


def _cosine(done: float, whole: float = 1.0) -> float:
    """From 1 to 0 as `done` goes from 0 to `whole` (Loshchilov and Hutter 2017, "SGDR")."""
    return (1 + math.cos(math.pi * done / whole)) / 2


def _step(config: TrainConfig, at: Position) -> float:
    period = max(1.0, config.step_epochs * at.steps_per_epoch or at.steps / THIRDS)
    return float((config.rate_factor or FACTOR) ** math.floor(at.step / period))


def _exponential(config: TrainConfig, at: Position) -> float:
    factor = config.rate_factor or EXPONENTIAL_END ** (1 / config.epochs)
    return float(factor ** (at.step / at.steps_per_epoch))


def _restarts(config: TrainConfig, at: Position) -> float:
    """Each cosine is twice as long as the one before it (SGDR, T_mult of 2)."""
    first = max(1.0, config.restart_epochs * at.steps_per_epoch or at.steps / (2**CYCLES - 1))
    cycle = math.floor(math.log2(at.step / first + 1))
    return _cosine(at.step - first * (2**cycle - 1), first * 2**cycle)


def _one_cycle(_config: TrainConfig, at: Position) -> float:
    """Up and down, each half a cosine (Smith and Topin 2018, "Super-Convergence", in torch's form). The rate alone
    goes: momentum stays as it is."""
    done = at.step / at.steps
    if done < RISING:
        return 1 - (1 - START_SHARE) * _cosine(done / RISING)
    return END_SHARE + (1 - END_SHARE) * _cosine((done - RISING) / (1 - RISING))


def _inverse_sqrt(_config: TrainConfig, at: Position) -> float:
    """With a time scale of one epoch (Zhai et al. 2022, "Scaling Vision Transformers")."""
    return 1 / math.sqrt(1 + at.step / at.steps_per_epoch)


@dataclass(frozen=True)
class ScheduleRow:
    """`shape` gives the share of the peak, from 1 at the most to 0; `sentence` says in words how it goes."""

    name: str
    title: str
    shape: Callable[[TrainConfig, Position], float]
    sentence: str


_ROWS = (
    ScheduleRow("cosine", "Cosine", lambda _config, at: _cosine(at.step, at.steps), "falls as half a cosine to zero"),
    ScheduleRow("constant", "Constant", lambda _config, _at: 1.0, "stays as it is"),
    ScheduleRow("step", "Step", _step, "drops at even distances"),
    ScheduleRow("exponential", "Exponential", _exponential, "falls by the same factor in every epoch"),
    ScheduleRow(
        "cosine-restarts", "Warm restarts", _restarts, "falls to zero and starts anew, each time twice as long"
    ),
    ScheduleRow("one-cycle", "One cycle", _one_cycle, "rises for three tenths of the run, then falls to almost zero"),
    ScheduleRow("inverse-sqrt", "Inverse root", _inverse_sqrt, "falls fast, then ever slower, never to zero"),
    ScheduleRow(
        "plateau",
        "On plateau",
        lambda config, at: (config.rate_factor or FACTOR) ** at.drops,
        "falls when validation stops improving",
    ),
)

SCHEDULES: dict[str, ScheduleRow] = {row.name: row for row in _ROWS}


def chosen_factor(config: TrainConfig) -> dict[str, Any]:
    """The `rate_factor` of a schedule that has one, where the settings leave it open."""
    if config.rate_factor is not None or config.schedule not in ("step", "plateau", "exponential"):
        return {}
    ends = EXPONENTIAL_END ** (1 / config.epochs)
    return {"rate_factor": float(f"{ends:.4g}") if config.schedule == "exponential" else FACTOR}


def learning_rate(
    config: TrainConfig, peak: float, step: int, steps: int, steps_per_epoch: int, drops: int = 0
) -> float:
    """The rate of step `step` (from 0) of `steps` steps, at most `peak`; `drops` is how often validation has lowered
    it."""
    shape = SCHEDULES[config.schedule].shape
    warmup = min(config.warmup_epochs * steps_per_epoch, steps / 2)
    if step < warmup:
        start = shape(config, Position(0, steps - warmup, steps_per_epoch, drops))
        return peak * start * (step + 1) / (warmup + 1)
    return peak * shape(config, Position(step - warmup, steps - warmup, steps_per_epoch, drops))


def ramp(step: int, warmup: float) -> float:
    """The share of the full rate at `step` (from 0) of a warm-up of so many steps."""
    return min(1.0, (step + 1) / (warmup + 1))


def rates(
    config: TrainConfig, strategy: Strategy, phase: PlannedPhase, epoch: int, steps: int, drops: Sequence[int] = ()
) -> Callable[[int, int], float]:
    """The learning rate at a step (from 0) of `epoch` with so many steps, of what began to train in an epoch.

    One schedule spans the whole run, or the phase where the strategy restarts; what is unfrozen within it has a warm-up
    of its own, as its moments are new. `drops` are the epochs from which validation had lowered the rate.
    """
    assert config.learning_rate
    first, epochs = (phase.first_epoch, phase.epochs) if strategy.restarts else (1, config.epochs)
    peak = config.learning_rate * phase.lr_scale
    lowered = sum(first < drop <= epoch for drop in drops)

    def rate(step: int, begun: int) -> float:
        now = learning_rate(config, peak, (epoch - first) * steps + step, epochs * steps, steps, lowered)
        if begun <= first:
            return now
        return now * ramp((epoch - begun) * steps + step, config.warmup_epochs * steps)

    return rate
