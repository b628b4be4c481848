"""The ways to transfer, as rows of data: which blocks train in which part of a run, and how fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.errors import ThawError

Reach = Literal["head", "last-blocks", "all", "chosen"]


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
