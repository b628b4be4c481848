"""The ways to transfer, as rows of data: which layers train in which phase, and how fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.errors import ThawError

Reach = Literal["head", "last-blocks", "all", "chosen"]


@dataclass(frozen=True)
class Phase:
    """A stretch of epochs in which the same layers train.

    `reach` says which: the head, the head and the last blocks of the row, everything, or what the person ticked.
    `share` is this phase's part of the run's epochs; `lr_scale` multiplies the learning rate.
    """

    title: str
    reach: Reach
    share: float = 1.0
    lr_scale: float = 1.0


@dataclass(frozen=True)
class Strategy:
    """`pretrained` says whether the run starts from pretrained weights. `learning_rates` are the largest rates by
    optimizer, of a batch of 32."""

    name: str
    title: str
    summary: str
    phases: tuple[Phase, ...]
    learning_rates: dict[str, float]
    pretrained: bool = True


_ROWS = (
    Strategy(
        "feature-extraction", "Feature extraction",
        "Only the new head trains: fast, and hard to go wrong with few photos that look like everyday ones.",
        (Phase("Head", "head"),),
        {"adamw": 3e-3, "sgd": 3e-2},
    ),
    Strategy(
        "last-blocks", "Last blocks",
        "The head and the last blocks train: more exact when you have some hundred photos a class.",
        (Phase("Last blocks", "last-blocks"),),
        {"adamw": 5e-4, "sgd": 1e-2},
    ),
    Strategy(
        "fine-tuning", "Fine-tuning",
        "First the head, then everything at a lower rate: the most exact with many photos, and the slowest.",
        (Phase("Head", "head", 0.2), Phase("Everything", "all", 0.8, 0.1)),
        {"adamw": 3e-3, "sgd": 3e-2},
    ),
    Strategy(
        "from-scratch", "From scratch",
        "Everything trains from random weights: for pictures unlike any photo, when you have thousands.",
        (Phase("Everything", "all"),),
        {"adamw": 1e-3, "sgd": 5e-2},
        pretrained=False,
    ),
    Strategy(
        "custom", "Your own choice",
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


def split_epochs(strategy: Strategy, epochs: int) -> tuple[int, ...]:
    """Epochs of each phase, summing to `epochs`: by share, each phase at least one where there are enough, the last
    phase taking the rest (and all of them when there is one epoch only)."""
    *early, _ = strategy.phases
    left, counts = epochs, []
    for position, phase in enumerate(early):
        later = len(strategy.phases) - position - 1
        counts.append(min(max(1, round(epochs * phase.share)), max(0, left - later)))
        left -= counts[-1]
    return (*counts, left)


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


def trainable_layers(
    layers: tuple[str, ...],
    blocks: tuple[tuple[str, ...], ...],
    last_blocks: int,
    reach: Reach,
    chosen: tuple[str, ...] | None = None,
) -> tuple[str, ...]:
    """Which of `layers` (owners of parameters, dotted names) train under `reach`, in their order.

    Raises ThawError where `chosen` names a layer that the model does not have, or none at all.
    """
    if reach == "chosen":
        unknown = sorted(set(chosen or ()) - set(layers))
        if unknown:
            raise ThawError(f"The model has no layer named “{unknown[0]}”.")
        if not chosen:
            raise ThawError("No layer is ticked, so nothing would train; tick at least the head.")
        return tuple(layer for layer in layers if layer in set(chosen))
    head = len(blocks) - 1
    first = {"head": head, "last-blocks": head - last_blocks, "all": 0}[reach]
    return tuple(layer for layer in layers if block_of(layer, blocks) >= first)
