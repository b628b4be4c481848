"""What the settings of a run mean for the layers of a model, and which settings a change by hand makes."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from engine.config import TrainConfig
from engine.models.blocks import block_of, in_block
from engine.models.spec import ModelSpec
from engine.models.strategies import STRATEGIES, find_strategy
from engine.models.timelines import PlannedPhase, block_rates, plan, timeline

CUSTOM = "custom"
ONE_PHASE = ("feature-extraction", "last-blocks")
"""Strategies that are told by their ticks alone: whoever ticks the same has chosen them."""


class TransferChoice:
    """`owners` are the model's layers with parameters, in execution order."""

    def __init__(self, spec: ModelSpec, owners: tuple[str, ...]) -> None:
        self.spec = spec
        self.owners = owners
        self.block_of = {owner: block_of(owner, spec.blocks) for owner in owners}
        self.blocks = len(spec.blocks)

    # --- what settings mean

    def timeline(self, config: TrainConfig) -> tuple[int, ...]:
        """The epoch from which each block trains, 0 for never: also where it has no ticked layer."""
        strategy = find_strategy(config.strategy)
        starts = config.unfreeze or timeline(strategy, self.blocks, self.spec.last_blocks, config.epochs)
        if len(starts) != self.blocks:  # a timeline that was made for another model
            starts = timeline(strategy, self.blocks, self.spec.last_blocks, config.epochs)
        if config.trainable is None:
            return starts
        ticked = {self.block_of[owner] for owner in config.trainable if owner in self.block_of}
        return tuple(start if block in ticked else 0 for block, start in enumerate(starts))

    def own_timeline(self, config: TrainConfig) -> tuple[int, ...]:
        """The strategy's own, which an edited one can be taken back to."""
        return self.timeline(config.model_copy(update={"unfreeze": None}))

    def ticks(self, config: TrainConfig) -> tuple[str, ...]:
        """The layers that train in some epoch of the run."""
        starts = self.timeline(config)
        named = set(self.owners if config.trainable is None else config.trainable)
        return tuple(
            owner for owner in self.owners if owner in named and 0 < starts[self.block_of[owner]] <= config.epochs
        )

    def head_trains(self, ticks: Collection[str]) -> bool:
        return any(self.block_of[owner] == self.blocks - 1 for owner in ticks)

    def phases(self, config: TrainConfig) -> tuple[PlannedPhase, ...]:
        """The plan of the run; none where nothing would train in its first epoch."""
        starts = self.timeline(config)
        if 1 not in starts:
            return ()
        return plan(find_strategy(config.strategy), self.blocks, self.spec.last_blocks, config.epochs, starts)

    def rates(self, config: TrainConfig) -> tuple[float, ...]:
        """The learning-rate multiplier of each block."""
        ratio = config.block_lr_ratio or find_strategy(config.strategy).block_lr_ratio or 1.0
        return block_rates(ratio, self.blocks)

    # --- which settings a change makes

    def mended(self, config: TrainConfig) -> dict[str, Any]:
        """What must change in settings that were made for another head or another model: names of layers that are not
        here go, and a ticked head stays ticked whatever its layers are called now."""
        changes: dict[str, Any] = {}
        if config.unfreeze is not None and len(config.unfreeze) != self.blocks:
            changes["unfreeze"] = None
        if config.trainable is not None and not set(config.trainable) <= set(self.owners):
            unknown = set(config.trainable) - set(self.owners)
            prefixes = self.spec.blocks[-1]
            had_head = any(in_block(name, prefixes) for name in config.trainable)
            kept = set(config.trainable) - unknown
            if had_head:
                kept |= {owner for owner in self.owners if self.block_of[owner] == self.blocks - 1}
            changes["trainable"] = tuple(owner for owner in self.owners if owner in kept)
        return changes

    def with_strategy(self, name: str, own_ticks: tuple[str, ...]) -> dict[str, Any]:
        """The settings of a strategy; `own_ticks` are what the person's own choice starts from."""
        return {"strategy": name, "trainable": own_ticks if name == CUSTOM else None, "unfreeze": None}

    def with_ticks(self, names: Collection[str], config: TrainConfig) -> dict[str, Any]:
        """Ticks by hand: the strategy that is these ticks and nothing else, or the person's own choice. A plan that
        the person has made goes along."""
        names = set(names)
        if config.unfreeze is None:
            for name in ONE_PHASE:
                if names == self._reached(name):
                    return {"strategy": name, "trainable": None, "unfreeze": None}
        ticked = {self.block_of[owner] for owner in names}
        starts = None
        if config.unfreeze is not None:
            starts = tuple((start or 1) if block in ticked else 0 for block, start in enumerate(self.timeline(config)))
        return {
            "strategy": CUSTOM,
            "trainable": tuple(owner for owner in self.owners if owner in names),
            "unfreeze": starts if starts and 1 in starts else None,
        }

    def with_timeline(self, starts: tuple[int, ...], config: TrainConfig) -> dict[str, Any]:
        """A plan that was edited. Under the person's own choice the ticks follow: a block that is to train and has no
        ticked layer gets all of its layers ticked, one that never trains loses its ticks."""
        if config.strategy != CUSTOM:
            own = timeline(STRATEGIES[config.strategy], self.blocks, self.spec.last_blocks, config.epochs)
            return {"unfreeze": None if starts == own else starts}
        ticked = set(config.trainable or ())
        before = {self.block_of[owner] for owner in ticked if owner in self.block_of}
        kept = tuple(
            owner
            for owner in self.owners
            if starts[block := self.block_of[owner]] and (owner in ticked or block not in before)
        )
        trivial = set(starts) <= {0, 1}
        return {"trainable": kept, "unfreeze": None if trivial else starts}

    def _reached(self, strategy: str) -> set[str]:
        starts = timeline(STRATEGIES[strategy], self.blocks, self.spec.last_blocks, 1)
        return {owner for owner in self.owners if starts[self.block_of[owner]]}
