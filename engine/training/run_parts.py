"""What the parts of a run share, from its preparation to its end."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.config import TrainConfig
from engine.dataset.index import Photo
from engine.dataset.loader import PhotoLoader, in_groups
from engine.dataset.sampling import draw_epoch
from engine.diagnosis.course import Vitals
from engine.models.blocks import block_of, phase_layers
from engine.models.build import Classifier
from engine.models.catalog import ModelSpec
from engine.models.freezing import is_norm, owners, set_trainable
from engine.models.strategies import Strategy
from engine.models.timelines import PlannedPhase, timeline_of
from engine.training.keeping.checkpoint import Checkpoint, Progress
from engine.training.learner.optimizer import Place
from engine.training.learner.teacher import Teacher
from engine.training.loop import Source
from engine.training.phases import planned

TOGETHER = 64
"""Photos that are answered at once, where the memory does not ask for fewer."""


@dataclass
class Run:
    """Made by `prepare`, closed by `train`. `source` is that of the phase it is in; `resumed` is what the run goes on
    from, taken apart as it is used; `vitals` are of the last epoch. `together` are the photos that are answered at once
    where nothing trains, `roomy` whether memory is known to be plenty (None: not looked at yet)."""

    folder: Path
    config: TrainConfig
    spec: ModelSpec
    strategy: Strategy
    classes: tuple[str, ...]
    photos: tuple[Photo, ...]
    hashes: tuple[str, ...]
    classifier: Classifier
    loader: PhotoLoader
    progress: Progress
    resumed: Checkpoint
    source: Source
    teacher: Teacher | None = None
    vitals: Vitals = field(default_factory=Vitals)
    together: int = TOGETHER
    roomy: bool | None = None

    @functools.cached_property
    def _numbers(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {"train": [], "val": [], "test": []}
        for number, photo in enumerate(self.photos):
            found[photo.split].append(number)
        return found

    def numbers(self, split: str) -> list[int]:
        """The places in `photos` of a split's photos, in order."""
        return self._numbers[split]

    def groups(self, epoch: int) -> list[Sequence[int]]:
        """The training photos of an epoch in batches, drawn by (seed, epoch)."""
        numbers = self.numbers("train")
        labels = [self.loader.labels[number] for number in numbers]
        order = draw_epoch(numbers, labels, self.config.sampling, self.config.seed, epoch)
        assert self.config.batch_size
        return in_groups(order, self.config.batch_size)

    @property
    def plan(self) -> tuple[PlannedPhase, ...]:
        return planned(self.config, self.spec, self.strategy, self.progress)

    def phase(self, epoch: int) -> PlannedPhase:
        """The phase in which `epoch` (from 1) lies."""
        return next(phase for phase in reversed(self.plan) if phase.first_epoch <= epoch)

    def trainable(self, phase: PlannedPhase) -> tuple[str, ...]:
        """The layers that train in `phase`, by dotted name. Raises ThawError for none."""
        return phase_layers(
            owners(self.classifier.network), self.spec.blocks, phase.blocks, chosen_layers(self.config, self.strategy)
        )

    def begins_frozen(self, phase: PlannedPhase) -> bool:
        """Whether nothing of the first block trains in `phase`."""
        trains = any(block_of(layer, self.spec.blocks) == 0 for layer in self.trainable(phase))
        return not trains and self.config.norm_affine != "trained"

    def view(self, phase: PlannedPhase, epoch: int) -> tuple[int, int] | None:
        """What the augmentation of an epoch is drawn from, None for none: where the first block is frozen the views are
        used in turn, so that what is frozen can be computed once; else each epoch has its own."""
        config = self.config
        if not self.loader.preset.changes_photos:
            return None
        views = config.views if self.begins_frozen(phase) else 0
        return config.seed, (epoch - 1) % views + 1 if views else epoch

    def freeze(self, phase: PlannedPhase) -> None:
        """Let what trains in `phase` train, and nothing else."""
        config = self.config
        # What holds the layers answers as in training, too; only for itself, the layers are told one by one.
        self.classifier.training = self.source.module.training = True
        set_trainable(
            self.classifier.network,
            self.trainable(phase),
            norm_affine=config.norm_affine,
            norm_statistics=config.norm_statistics,
        )

    def place_of(self, layer: str) -> Place:
        """The block of a layer that trains, and the epoch in which it began to."""
        block = block_of(layer, self.spec.blocks)
        always = self.config.norm_affine == "trained" and is_norm(self.classifier.network.get_submodule(layer))
        return Place(block, 1 if always else timeline_of(self.plan, len(self.spec.blocks))[block])


def chosen_layers(config: TrainConfig, strategy: Strategy) -> tuple[str, ...] | None:
    """The layers that the person has chosen, None where the blocks alone decide."""
    if config.trainable is None and config.unfreeze is None and strategy.phases[-1].reach == "chosen":
        return ()
    return config.trainable
