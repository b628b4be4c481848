"""What is told of a run, and before it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.events.base import Event

MUCH_WAITING = 0.05
CONFIDENCE_DIFFERS = 0.01
"""Of two probabilities: a person is shown whole per cents."""


@dataclass(frozen=True)
class RunStarted(Event):
    run_dir: Path
    model: str
    strategy: str
    device: str
    threads: int
    classes: tuple[str, ...]
    train_photos: int
    val_photos: int
    test_photos: int
    parameters: int
    trainable_parameters: int
    epochs: int
    steps_per_epoch: int
    first_epoch: int = 1
    weights: str = ""


@dataclass(frozen=True)
class PhaseStarted(Event):
    """`first_epoch` and `epochs` count from 1 within the run; `parameters` is what trains in this phase."""

    title: str
    phase: int
    phases: int
    first_epoch: int
    epochs: int
    trainable_parameters: int


@dataclass(frozen=True)
class StepFinished(Event):
    """One batch was learnt from, which with accumulation is a part of a step. `loss` is the mean over the batch,
    `seconds_left` an estimate from measured steps."""

    epoch: int
    step: int
    steps: int
    loss: float
    learning_rate: float
    images_per_second: float
    seconds_left: float | None = None


@dataclass(frozen=True)
class EpochFinished(Event):
    """`seconds` are those of training without validation, `waiting_seconds` those of them in which it waited for
    photos."""

    epoch: int
    epochs: int
    phase: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float
    images_per_second: float
    best_epoch: int
    best_val_accuracy: float
    patience_left: int | None
    seconds_left: float | None
    waiting_seconds: float = 0.0

    @property
    def waiting_share(self) -> float:
        """The share of the epoch's training in which it waited for photos."""
        return self.waiting_seconds / self.seconds if self.seconds else 0.0

    @property
    def waited_long(self) -> bool:
        """Whether a person should be told of it."""
        return self.waiting_share > MUCH_WAITING


@dataclass(frozen=True)
class ParityMeasured(Event):
    """The exported file against the trained network on real photos: the share of them for which both name the same
    class, and the largest difference of a probability."""

    photos: int
    same_top1: float
    largest_difference: float

    @property
    def disagreement(self) -> str:
        """What a person must know of a file that answers otherwise, as sentences; "" where it does not."""
        others = round(self.photos * (1 - self.same_top1))
        if not others and self.largest_difference <= CONFIDENCE_DIFFERS:
            return ""
        return (
            f"The model file does not answer as what was trained: it names another class for {others} of {self.photos} "
            f"photos, and a confidence differs by up to {self.largest_difference:.0%}. The accuracies told are not its "
            "own; measure it with “thaw evaluate” before you rely on it."
        )


@dataclass(frozen=True)
class RunFinished(Event):
    """Last of a run. `test_accuracy` is None where the dataset has no test photos; `model_file` is None where a stop
    came before the first epoch was done. Of `frozen_layers`, `unchanged_layers` are proven to be bit for bit as before
    the run."""

    run_dir: Path
    epochs: int
    best_epoch: int
    val_accuracy: float | None
    test_accuracy: float | None
    seconds: float
    images_per_second: float
    stopped: bool
    model_file: Path | None = None
    frozen_layers: int = 0
    unchanged_layers: int = 0


@dataclass(frozen=True)
class FeaturesComputed(Event):
    """Progress of putting photos through frozen layers."""

    done: int
    total: int
    images_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class Advice(Event):
    """What suits a dataset, by size and similarity; `sentences` say what was measured and why it leads there.

    `photos_per_class` counts training photos of the middle class. `similarity` is from 0 to 1 (`models/advice.py`), and
    `probe_accuracy` a share of the `probe_photos`; both are None where no pretrained weights were here. With
    `self_training`, pseudo-labels of an unlabelled folder are worth trying.
    """

    model: str
    strategy: str
    head: str
    augmentation: str
    epochs: int
    sentences: tuple[str, str]
    photos_per_class: int
    similarity: float | None
    probe_accuracy: float | None
    probe_photos: int
    seconds: float
    self_training: bool = False
