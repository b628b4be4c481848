"""What suits a dataset: the table of size × similarity, as rows of data. No torch.

The table is that of Stanford's CS231n notes on transfer learning ("When and how to fine-tune?"), whose ground is
Yosinski et al. 2014, "How transferable are features in deep neural networks?": early features are general, late ones
belong to what the network was trained on, so the further the photos are from that, the deeper training must reach, and
the fewer there are, the less it may.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.errors import ThawError
from engine.events import Model
from engine.models.tables import TYPICAL_RATE

Size = Literal["small", "large"]
Likeness = Literal["similar", "different", "unknown"]

LARGE_FROM = 250
"""Training photos per class from which a dataset is large. The notes give no number. Below this the validation split
(15 %) holds some 40 photos of a class or fewer, on which over-fitting cannot be told from luck."""

SCRATCH_FROM = 1000
"""Training photos per class from which random weights can compete: what ImageNet itself has (732 to 1,300)."""

SIMILAR_FROM = 0.6
"""Similarity from which features fit as they are: a linear head then makes at most four in ten of the mistakes that it
makes without them. Measured on 500 photos at most, with MobileNetV2: photos of insects 0.90, of flowers at 128 pixels
0.48, CIFAR-10 0.51 to 0.54, handwritten digits 0.31; with SqueezeNet, whose features are poorer: 0.67, 0.38, 0.39,
0.42. The limit stands in the gap; a measurement of 250 photos is good to about 0.05."""

MOST_SECONDS = 3600.0
"""A first run that takes longer than this on this machine is no first run: then a faster model is advised."""

TRAINING_COST = 3.0
"""Time of a training step against a forward pass: the backward pass takes about twice as long as the forward."""

FORWARD_OF_TABLE = 0.4
"""Photos a second of torch's forward pass against ONNX Runtime's in the table of speeds, on the same cores: 49 to 127
for EfficientNet-B0, 35 to 55 for ResNet-18, 108 to 280 for MobileNetV2."""

USUAL_EPOCHS = 10
NARROW_SPACE = "\u202f"


@dataclass(frozen=True)
class AdviceRow:
    """One cell of the table.

    `textbook` is what the notes advise, `strategy` what is advised here: the two differ where `reason` says why.
    `steps` is how many steps of a batch of 32 the strategy wants; the epochs follow from it, within `least_epochs` and
    `most_epochs`. `self_training` says that pseudo-labels of an unlabelled folder are worth trying.
    """

    size: Size
    likeness: Likeness
    textbook: str
    strategy: str
    head: str
    augmentation: str
    steps: int
    least_epochs: int
    most_epochs: int
    reason: str
    self_training: bool = False


# The head is linear throughout: on 97 photos per class of flowers one with dropout of a half was no better (validation
# loss 0.69 against 0.67 after ten epochs of last blocks, one seed), and larger ones have more to learn by heart.
TABLE = (
    AdviceRow(
        "small", "similar", "head only", "feature-extraction", "linear", "light", 150, 5, 30,
        "So training the head alone is enough, and more layers would learn so few photos by heart.",
    ),
    AdviceRow(
        "large", "similar", "head, then everything", "fine-tuning", "linear", "light", 400, 4, 15,
        "So after the head everything can train a little: there are enough photos not to learn them by heart.",
    ),
    AdviceRow(
        "small", "different", "gather more; a linear head on earlier features; self-training",
        "last-blocks", "linear", "light", 300, 8, 30,
        "The last blocks must learn what is new while the rest keeps so few photos from being learned by heart; "
        "gathering more photos, or self-training with an unlabelled folder, would help most.",
        self_training=True,
    ),
    # The notes go on: "in practice it is very often still beneficial to initialize with weights from a pretrained
    # model". Kornblith et al. 2019, "Do Better ImageNet Models Transfer Better?", found the same on twelve datasets. So
    # did a trial here: MobileNetV2 on 425 photos per class of CIFAR-10, four epochs at 64 pixels, was right on 75 % of
    # the test photos after fine-tuning and on about half as many from scratch.
    AdviceRow(
        "large", "different", "from scratch, or fine-tuning", "discriminative", "linear", "light", 600, 6, 20,
        "Every block must move, the late ones most, and pretrained weights are still the better start.",
    ),
    AdviceRow(
        "small", "unknown", "head only", "feature-extraction", "linear", "light", 150, 5, 30,
        "With few photos training the head alone is the safe start; the pretrained weights are fetched when training "
        "starts.",
    ),
    AdviceRow(
        "large", "unknown", "head, then everything", "fine-tuning", "linear", "light", 400, 4, 15,
        "With many photos everything can train after the head; the pretrained weights are fetched when training "
        "starts.",
    ),
)  # fmt: skip

SCRATCH_ROWS: dict[Size, AdviceRow] = {
    "small": AdviceRow(
        "small", "unknown", "from scratch", "from-scratch", "linear", "light", 3000, 20, 60,
        "It has no pretrained weights, so everything trains from random ones; with so few photos a model that has them "
        "would be more exact.",
    ),
    "large": AdviceRow(
        "large", "different", "from scratch", "from-scratch", "linear", "light", 5000, 20, 90,
        "With so many photos everything can train from random weights, which takes long.",
    ),
}  # fmt: skip


def size_of(photos_per_class: int) -> Size:
    return "large" if photos_per_class >= LARGE_FROM else "small"


def likeness_of(similarity: float | None) -> Likeness:
    if similarity is None:
        return "unknown"
    return "similar" if similarity >= SIMILAR_FROM else "different"


def find_row(photos_per_class: int, similarity: float | None) -> AdviceRow:
    """The cell of the table for that many training photos of the middle class, and that similarity (0 to 1, None where
    it was not measured)."""
    wanted = (size_of(photos_per_class), likeness_of(similarity))
    return next(row for row in TABLE if (row.size, row.likeness) == wanted)


def epochs_of(row: AdviceRow, train_photos: int, batch_size: int = 32) -> int:
    """How many epochs give the row's steps, within its bounds."""
    return min(row.most_epochs, max(row.least_epochs, math.ceil(row.steps * batch_size / max(1, train_photos))))


def similarity(accuracy: float, baseline: float) -> float:
    """How much of what the probe gets wrong without pretrained features it gets right with them: 0 to 1.

    (accuracy − baseline) / (1 − baseline), where `baseline` is the better of always naming the largest class and of the
    same probe on the bare pixels. Without the pixels, easy photos (digits, flat colours) would count as similar to
    ImageNet's, whatever the features are good for.
    """
    if baseline >= 1:
        return 1.0  # nothing is left to learn, with whatever features
    return min(1.0, max(0.0, (accuracy - baseline) / (1 - baseline)))


def choose_model(models: Sequence[Model], train_photos: int, cores: int | None) -> Model | None:
    """The model to advise of those with weights here: the best on ImageNet (Kornblith et al. 2019: it is the best on
    other photos too, r = 0.96 to 0.99) that fine-tunes within `MOST_SECONDS` on `cores`; the fastest where none does;
    None where there are no weights. `cores` is None where a GPU makes all of them fast enough.
    """
    here = [model for model in models if model.weights and model.imagenet_top1 is not None and not model.too_large]
    quick = [model for model in here if cores is None or training_seconds(model, train_photos, cores) <= MOST_SECONDS]
    if quick:
        return max(quick, key=lambda model: (model.imagenet_top1 or 0.0, -model.parameters))
    return min(here, key=lambda model: training_seconds(model, train_photos, cores or 1), default=None)


def training_seconds(model: Model, train_photos: int, cores: int) -> float:
    """A rough upper estimate for fine-tuning everything, from the table of speeds (two cores), or from the model's
    multiply-adds where it is not in it; infinite where neither is known."""
    rate = model.images_per_second or (TYPICAL_RATE / model.flops if model.flops else 0.0)
    if not rate:
        return math.inf
    forward = rate * cores / 2 * FORWARD_OF_TABLE
    return USUAL_EPOCHS * train_photos * TRAINING_COST / forward


def without_weights(models: Sequence[Model]) -> Model:
    """The model to advise where no weights are here: the first to try of those whose weights can be fetched.

    Raises ThawError where the list holds none.
    """
    fetched = [model for model in models if model.has_official_weights and not model.too_large]
    fast = [model for model in fetched if model.speed == "fast" and model.imagenet_top1]
    if not fetched:
        raise ThawError("No model of the catalog has pretrained weights; install Thaw again.")
    return max(fast or fetched, key=lambda model: model.imagenet_top1 or 0.0)


def sentences(
    row: AdviceRow, photos_per_class: int, probe_accuracy: float | None, probe_photos: int, likeness: Likeness
) -> tuple[str, str]:
    """What was measured, and why it leads to the row."""
    size = f"With about {photos_per_class:,} training photos per class the dataset is {row.size}"
    if probe_accuracy is None:
        return f"{size}; how well pretrained features fit it was not measured.", row.reason
    fit = "well" if likeness == "similar" else "only in part"
    right = f"{probe_accuracy * 100:.0f}{NARROW_SPACE}%"
    return (
        f"{size}; on frozen features a linear head is right on {right} of {probe_photos:,} photos it never saw, so the "
        f"features fit {fit}.",
        row.reason,
    )
