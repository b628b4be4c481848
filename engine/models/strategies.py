"""The ways to transfer, as rows of data: which blocks train from which epoch on, and how fast.

A **timeline** says for each block of a model, in execution order with the head last, the epoch (from 1) from which it
trains; 0 is never. A **plan** is the same, cut into phases: stretches of epochs in which the same blocks train.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from engine.errors import ThawError

Reach = Literal["head", "last-blocks", "all", "chosen"]

UNFREEZING_SHARE = 2 / 3
"""The part of a run in which progressive unfreezing reaches the first block; in the rest everything trains."""


@dataclass(frozen=True)
class Phase:
    """A stretch of epochs as a row declares it.

    `reach` says what trains: the head, the head and the last blocks of the row, everything, or what the person ticked.
    `share` is this phase's part of the run's epochs; `lr_scale` multiplies the learning rate.
    """

    title: str
    reach: Reach
    share: float = 1.0
    lr_scale: float = 1.0


@dataclass(frozen=True)
class Strategy:
    """`hint` says in a few words what `summary` says in a sentence. `learning_rates` are the largest rates by
    optimizer, of a batch of 32.

    `pretrained` says whether the run starts from weights that were trained before. `gradual` unfreezes block by block
    from the head on. `restarts` gives each phase an optimizer and a schedule of its own; else both go on through the
    whole run. `block_lr_ratio` is the first block's learning rate over the head's, None for the same rate everywhere.
    `from_run` marks the row that needs an earlier run to start from.
    """

    name: str
    title: str
    hint: str
    summary: str
    phases: tuple[Phase, ...]
    learning_rates: dict[str, float]
    pretrained: bool = True
    gradual: bool = False
    restarts: bool = False
    block_lr_ratio: float | None = None
    from_run: bool = False


@dataclass(frozen=True)
class PlannedPhase:
    """`blocks` (numbers from 0, ascending) train from epoch `first_epoch` (from 1) for `epochs` epochs."""

    title: str
    first_epoch: int
    epochs: int
    blocks: tuple[int, ...]
    lr_scale: float = 1.0


_ROWS = (
    Strategy(
        "feature-extraction", "Feature extraction", "only the head trains",
        "Only the new head trains: fast, and hard to go wrong with few photos that look like everyday ones.",
        (Phase("Head", "head"),),
        {"adamw": 3e-3, "sgd": 3e-2},
    ),
    Strategy(
        "last-blocks", "Last blocks", "the head and the last blocks",
        "The head and the last blocks train: more exact when you have some hundred photos a class.",
        (Phase("Last blocks", "last-blocks"),),
        {"adamw": 5e-4, "sgd": 1e-2},
    ),
    Strategy(
        "fine-tuning", "Fine-tuning", "the head, then everything",
        "First the head, then everything at a lower rate: the most exact with many photos, and the slowest.",
        (Phase("Head", "head", 0.2), Phase("Everything", "all", 0.8, 0.1)),
        {"adamw": 3e-3, "sgd": 3e-2},
        restarts=True,
    ),
    # Gradual unfreezing and discriminative rates: Howard and Ruder 2018, "Universal Language Model Fine-tuning for Text
    # Classification" (ULMFiT), sections 3.2 and 3.3. The ratio is that of fastai's slice(lr / 100, lr).
    Strategy(
        "progressive", "Progressive unfreezing", "block by block from the end",
        "First the head, then block after block from the end: gentle to what the first blocks know.",
        (Phase("Head", "head", 0.2), Phase("Everything", "all", 0.8)),
        {"adamw": 1e-3, "sgd": 1e-2},
        gradual=True, block_lr_ratio=0.01,
    ),
    Strategy(
        "discriminative", "Discriminative rates", "everything, the first blocks slower",
        "Everything trains, the first blocks a hundred times slower than the head: one phase, much kept.",
        (Phase("Everything", "all"),),
        {"adamw": 1e-3, "sgd": 1e-2},
        block_lr_ratio=0.01,
    ),
    Strategy(
        "from-scratch", "From scratch", "everything, from random weights",
        "Everything trains from random weights: for pictures unlike any photo, when you have thousands.",
        (Phase("Everything", "all"),),
        {"adamw": 1e-3, "sgd": 5e-2},
        pretrained=False,
    ),
    Strategy(
        "continue", "Continue a run", "goes on from an earlier run",
        "An earlier run goes on with new photos, and new classes join those that it knows.",
        (Phase("Everything", "all"),),
        {"adamw": 3e-4, "sgd": 3e-3},
        from_run=True,
    ),
    Strategy(
        "custom", "Your own choice", "exactly what you tick",
        "Exactly the layers that you tick in the tree train; the rest stays frozen.",
        (Phase("Chosen layers", "chosen"),),
        {"adamw": 5e-4, "sgd": 1e-2},
    ),
)  # fmt: skip

STRATEGIES: dict[str, Strategy] = {row.name: row for row in _ROWS}


def find_strategy(name: str) -> Strategy:
    """The row of that name. Raises ThawError that lists the names there are."""
    if name not in STRATEGIES:
        raise ThawError(f"There is no strategy named “{name}”; the strategies are {', '.join(STRATEGIES)}.")
    return STRATEGIES[name]


def title_of(name: str) -> str:
    """What a person reads for a strategy; the name itself where it is none of Thaw's."""
    return STRATEGIES[name].title if name in STRATEGIES else name


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


# --- timelines and plans


def timeline(strategy: Strategy, blocks: int, last_blocks: int, epochs: int) -> tuple[int, ...]:
    """The epoch from which each of `blocks` blocks trains, the head last; 0 is never."""
    head = blocks - 1
    if strategy.gradual:
        return tuple(_gradual(head - block, head, epochs) for block in range(blocks))
    starts = [0] * blocks
    epoch = 1
    for phase, count in zip(strategy.phases, split_epochs(strategy, epochs), strict=True):
        for block in _reached(phase.reach, blocks, last_blocks):
            if count and not starts[block]:
                starts[block] = epoch
        epoch += count
    return tuple(starts)


def _gradual(steps_from_head: int, head: int, epochs: int) -> int:
    """Only the head in the first epoch where there is more than one; then blocks at even distances."""
    if not steps_from_head:
        return 1
    return 1 + math.ceil(steps_from_head * math.ceil((epochs - 1) * UNFREEZING_SHARE) / head)


def _reached(reach: Reach, blocks: int, last_blocks: int) -> tuple[int, ...]:
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
        if _reached(phase.reach, blocks, last_blocks) == reached:
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


# --- layers and blocks


def in_block(layer: str, prefixes: tuple[str, ...]) -> bool:
    """Whether the dotted name `layer` lies in the block of these prefixes."""
    return any(layer == prefix or layer.startswith(prefix + ".") for prefix in prefixes)


def block_of(layer: str, blocks: tuple[tuple[str, ...], ...]) -> int:
    """The number of the block, from 0, that holds `layer`; the longest prefix wins. Raises ThawError for none."""
    found = [
        (len(prefix), number)
        for number, prefixes in enumerate(blocks)
        for prefix in prefixes
        if in_block(layer, (prefix,))
    ]
    if not found:
        raise ThawError(f"The layer “{layer}” lies in no block of this model.")
    return max(found)[1]


def phase_layers(
    layers: tuple[str, ...],
    blocks: tuple[tuple[str, ...], ...],
    trained: Collection[int],
    chosen: tuple[str, ...] | None = None,
) -> tuple[str, ...]:
    """Which of `layers` (owners of parameters, dotted names) train in a phase that trains the blocks `trained`, in
    their order: those that lie there and, where the person has chosen, are `chosen` too.

    Raises ThawError where `chosen` names a layer that the model does not have, or nothing would train.
    """
    unknown = sorted(set(chosen or ()) - set(layers))
    if unknown:
        raise ThawError(f"The model has no layer named “{unknown[0]}”.")
    named = set(layers if chosen is None else chosen)
    found = tuple(layer for layer in layers if layer in named and block_of(layer, blocks) in trained)
    if not named:
        raise ThawError("No layer is ticked, so nothing would train; tick at least the head.")
    if not found:
        raise ThawError(
            "In one phase of this run no ticked layer would train; tick the head, or unfreeze blocks earlier."
        )
    return found


def trainable_layers(
    layers: tuple[str, ...],
    blocks: tuple[tuple[str, ...], ...],
    last_blocks: int,
    reach: Reach,
    chosen: tuple[str, ...] | None = None,
) -> tuple[str, ...]:
    """Which of `layers` train under `reach`, in their order.

    Raises ThawError where `chosen` names a layer that the model does not have, or none at all.
    """
    if reach == "chosen":
        return phase_layers(layers, blocks, range(len(blocks)), chosen or ())
    return phase_layers(layers, blocks, _reached(reach, len(blocks), last_blocks))
