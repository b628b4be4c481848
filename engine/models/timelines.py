"""When each block of a model trains.

A **timeline** says for each block of a model, in execution order with the head last, the epoch (from 1) from which it
trains; 0 is never. A **plan** is the same, cut into phases: stretches of epochs in which the same blocks train.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.errors import ThawError
from engine.models.strategies import Reach, Strategy

UNFREEZING_SHARE = 2 / 3
"""The part of a run in which progressive unfreezing reaches the first block; in the rest everything trains."""


@dataclass(frozen=True)
class PlannedPhase:
    """`blocks` (numbers from 0, ascending) train from epoch `first_epoch` (from 1) for `epochs` epochs."""

    title: str
    first_epoch: int
    epochs: int
    blocks: tuple[int, ...]
    lr_scale: float = 1.0


def split_epochs(strategy: Strategy, epochs: int) -> tuple[int, ...]:
    """Epochs of each phase of the row, summing to `epochs`: by share, each phase at least one where there are enough,
    the last phase taking the rest (and all of them when there is one epoch only)."""
    *early, _ = strategy.phases
    left, counts = epochs, []
    for position, phase in enumerate(early):
        later = len(strategy.phases) - position - 1
        counts.append(min(max(1, round(epochs * phase.share)), max(0, left - later)))
        left -= counts[-1]
    return (*counts, left)


def timeline(strategy: Strategy, blocks: int, last_blocks: int, epochs: int) -> tuple[int, ...]:
    """The epoch from which each of `blocks` blocks trains, the head last; 0 is never."""
    head = blocks - 1
    if strategy.gradual:
        return tuple(_gradual(head - block, head, epochs) for block in range(blocks))
    starts = [0] * blocks
    epoch = 1
    for phase, count in zip(strategy.phases, split_epochs(strategy, epochs), strict=True):
        for block in blocks_reached(phase.reach, blocks, last_blocks):
            if count and not starts[block]:
                starts[block] = epoch
        epoch += count
    return tuple(starts)


def _gradual(steps_from_head: int, head: int, epochs: int) -> int:
    """Only the head in the first epoch where there is more than one; then blocks at even distances."""
    if not steps_from_head:
        return 1
    return 1 + math.ceil(steps_from_head * math.ceil((epochs - 1) * UNFREEZING_SHARE) / head)


def blocks_reached(reach: Reach, blocks: int, last_blocks: int) -> tuple[int, ...]:
    """The blocks that train under `reach`, by number."""
    first = {"head": blocks - 1, "last-blocks": blocks - 1 - last_blocks, "all": 0, "chosen": 0}[reach]
    return tuple(range(max(0, first), blocks))


def plan(
    strategy: Strategy, blocks: int, last_blocks: int, epochs: int, unfreeze: tuple[int, ...] | None = None
) -> tuple[PlannedPhase, ...]:
    """The run's phases, without gaps from epoch 1 to the last; `unfreeze` is a timeline in place of the strategy's own.

    A block that has begun to train trains to the end; one whose epoch lies behind the last never trains.
    Raises ThawError for a timeline of the wrong length, or one in which nothing trains at first.
    """
    starts = timeline(strategy, blocks, last_blocks, epochs) if unfreeze is None else unfreeze
    check_timeline(starts, blocks)
    firsts = sorted({1} | {start for start in starts if 1 < start <= epochs})
    found = []
    for first, end in zip(firsts, [*firsts[1:], epochs + 1], strict=True):
        reached = tuple(block for block, start in enumerate(starts) if 0 < start <= first)
        title, lr_scale = _described(strategy, reached, blocks, last_blocks)
        found.append(PlannedPhase(title, first, end - first, reached, lr_scale))
    return tuple(found)


def check_timeline(starts: tuple[int, ...], blocks: int) -> None:
    """Raises ThawError where `starts` is no timeline of a model of so many blocks."""
    if len(starts) != blocks:
        raise ThawError(
            f"“unfreeze” lists {len(starts)} epochs, and the model has {blocks} blocks; give an epoch for each, the "
            "head last, and 0 for never."
        )
    if 1 not in starts:
        raise ThawError(
            "In the first epoch no block would train; let at least one train from epoch 1, such as the head."
        )


def _described(strategy: Strategy, reached: tuple[int, ...], blocks: int, last_blocks: int) -> tuple[str, float]:
    """Title and learning-rate scale: those of the row's phase that trains the same, else a title by number and the
    scale of the row's last phase."""
    for phase in strategy.phases:
        if blocks_reached(phase.reach, blocks, last_blocks) == reached:
            return phase.title, phase.lr_scale
    lr_scale = strategy.phases[-1].lr_scale
    if reached == (blocks - 1,):
        return "Head", lr_scale
    others = len(set(reached) - {blocks - 1})
    counted = f"{others} block" if others == 1 else f"{others} blocks"
    return (f"Head and {counted}" if blocks - 1 in reached else counted.capitalize()), lr_scale


def timeline_of(phases: tuple[PlannedPhase, ...], blocks: int) -> tuple[int, ...]:
    """The timeline that `phases` were made from."""
    return tuple(next((phase.first_epoch for phase in phases if block in phase.blocks), 0) for block in range(blocks))


def stages(
    strategy: Strategy, blocks: int, last_blocks: int, epochs: int, unfreeze: tuple[int, ...] | None = None
) -> tuple[tuple[int, ...], ...]:
    """The blocks that begin to train together, in the order in which they do, for a run that unfreezes when validation
    saturates: of a timeline by its epochs; of a gradual strategy block by block, the head first."""
    if unfreeze is None and strategy.gradual:
        return tuple((block,) for block in reversed(range(blocks)))
    starts = timeline(strategy, blocks, last_blocks, epochs) if unfreeze is None else unfreeze
    check_timeline(starts, blocks)
    return tuple(
        tuple(block for block, start in enumerate(starts) if start == epoch) for epoch in sorted(set(starts) - {0})
    )


def reached_timeline(
    in_stages: tuple[tuple[int, ...], ...], stage_epochs: tuple[int, ...], blocks: int
) -> tuple[int, ...]:
    """The timeline of a run whose first stages began at `stage_epochs`; blocks of later stages have 0."""
    starts = [0] * blocks
    for stage, epoch in zip(in_stages, stage_epochs, strict=False):
        for block in stage:
            starts[block] = epoch
    return tuple(starts)


def block_rates(ratio: float, blocks: int) -> tuple[float, ...]:
    """The learning-rate multiplier of each block: geometric from `ratio` at the first to 1 at the head, as fastai's
    slice(lr * ratio, lr)."""
    last = max(1, blocks - 1)
    return tuple(ratio ** ((blocks - 1 - block) / last) for block in range(blocks))
