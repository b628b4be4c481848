"""What the rules look at: a run so far, in numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.config import TrainConfig
from engine.events import EpochFinished
from engine.runs import PredictionRow
from engine.wilson import wilson


@dataclass(frozen=True)
class LayerGradient:
    """A layer that trains, and the root mean square of its weights' gradient in the epoch's last step."""

    layer: str
    size: float


@dataclass(frozen=True)
class LayerUnits:
    """The units (channels) of a ReLU behind a layer that trains, and how many of them gave 0 for every photo of a
    batch from validation."""

    layer: str
    dead: int
    units: int


@dataclass(frozen=True)
class Vitals:
    """What is measured of the network after an epoch. `predicted` counts the validation photos by the class that they
    were given, `frozen_share` is the part of the parameters that does not train; layers are in execution order."""

    predicted: Mapping[str, int] = field(default_factory=dict)
    gradients: tuple[LayerGradient, ...] = ()
    units: tuple[LayerUnits, ...] = ()
    frozen_share: float = 0.0


@dataclass(frozen=True)
class Course:
    """A run so far. `train` and `val` count photos by class, in the order of the classes; `step_losses` are those of
    the epoch that was begun last; `predictions` are there once the run has ended, `val_cut` says whether Thaw cut the
    validation photos itself."""

    config: TrainConfig
    train: Mapping[str, int]
    val: Mapping[str, int]
    history: tuple[EpochFinished, ...] = ()
    step_losses: tuple[float, ...] = ()
    vitals: Vitals = Vitals()
    predictions: tuple[PredictionRow, ...] = ()
    val_cut: bool = True

    @property
    def last(self) -> EpochFinished:
        return self.history[-1]

    @property
    def phase(self) -> tuple[EpochFinished, ...]:
        """The epochs of the phase that the run is in: with what is unfrozen, the losses start anew."""
        return tuple(row for row in self.history if row.phase == self.last.phase)

    @property
    def since_restart(self) -> tuple[EpochFinished, ...]:
        """The epochs of the phase from the last one on in which the schedule started anew, if it does."""
        rows = self.phase
        if self.config.schedule != "cosine-restarts":
            return rows
        risen = (place for place in range(1, len(rows)) if rows[place].learning_rate > rows[place - 1].learning_rate)
        return rows[max(risen, default=0) :]

    @property
    def ended(self) -> bool:
        return bool(self.predictions)

    @property
    def guessing_loss(self) -> float:
        """The training loss of one who gives each class the same probability, in nats: ln(classes), the focal loss's
        share of that, or ln 2 where each class stands against all others; with a teacher, the most that it can be."""
        config, classes = self.config, len(self.train)
        by_loss: dict[str, float] = {
            "cross-entropy": math.log(classes),
            "focal": math.pow(1 - 1 / classes, config.focal_gamma) * math.log(classes),
            "bce": math.log(2),
        }
        taught = config.distillation_temperature**2 * math.log(classes)
        share = config.distillation_weight if config.teacher else 0.0
        return (1 - share) * by_loss[config.loss] + share * taught

    @property
    def mixed(self) -> bool:
        """Whether training photos are mixed, so that training accuracy is no measure of what was learned."""
        return bool(self.config.mixup or self.config.cutmix)

    def skill(self, accuracy: float) -> float:
        """What an accuracy is over always answering the most frequent class: 0 is no better, 1 is all right."""
        chance = max(self.val.values()) / self.val_photos
        return (accuracy - chance) / (1 - chance) if chance < 1 else 0.0

    @property
    def val_photos(self) -> int:
        return sum(self.val.values())

    @property
    def train_photos(self) -> int:
        return sum(self.train.values())

    def val_interval(self, row: EpochFinished) -> tuple[float, float]:
        """The 95 % interval of an epoch's validation accuracy."""
        return wilson(round(row.val_accuracy * self.val_photos), self.val_photos)
