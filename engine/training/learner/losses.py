"""What a wrong answer costs: the losses as rows, and the one of a run.

Every loss takes logits (N×C) and either labels (int64 N) or how much of each class there is (soft targets, N×C), and
costs for a label what it costs for that label's one-hot row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.config.loss import Loss
from engine.dataset.loader import Batch
from engine.dataset.sampling import class_shares
from engine.models.build import log_shares
from engine.training.run_parts import Run

LEAST_DOUBT = 1e-6
"""Below it 1 - p counts as this: the gradient of (1 - p)^γ has no bound at 1 where γ is below 1."""


@dataclass(frozen=True)
class Price:
    """What all losses know: the weight of each class (C), the share of a target that is spread evenly over the classes
    (C. Szegedy et al. 2016), and the focal loss's γ."""

    weight: Tensor
    smoothing: float = 0.0
    gamma: float = 0.0

    def smoothed(self, targets: Tensor) -> Tensor:
        return targets * (1 - self.smoothing) + self.smoothing / targets.shape[1]


Costs = Callable[[Tensor, Tensor, Price], Tensor]
"""From logits and soft targets (both N×C): what each photo costs, its weight in it (N)."""


def _cross_entropy(logits: Tensor, targets: Tensor, price: Price) -> Tensor:
    return -(price.weight * price.smoothed(targets) * F.log_softmax(logits, 1)).sum(1)


def _focal(logits: Tensor, targets: Tensor, price: Price) -> Tensor:
    logs = F.log_softmax(logits, 1)
    doubt = (-torch.expm1(logs)).clamp(min=LEAST_DOUBT)
    return -(price.weight * price.smoothed(targets) * doubt**price.gamma * logs).sum(1)


def _bce(logits: Tensor, targets: Tensor, price: Price) -> Tensor:
    each = F.binary_cross_entropy_with_logits(logits, price.smoothed(targets), reduction="none").mean(1)
    return (price.weight * targets).sum(1) * each


COSTS: dict[Loss, Costs] = {"cross-entropy": _cross_entropy, "focal": _focal, "bce": _bce}
"""Focal: T.-Y. Lin et al., "Focal Loss for Dense Object Detection" (2017), over a softmax. BCE: each class against all
others, the mean over classes, as in R. Wightman et al., "ResNet strikes back" (2021), but mixed photos keep their
shares, or what the network answers would be no confidence (`engine.models.build.log_shares`)."""


def weigher(weight: Tensor | None) -> Callable[[Batch], float]:
    """What tells how much a batch weighs in the mean that `make_loss` gives with the same weights of the classes (C):
    the number of its photos, or the sum of the weights of what is wanted of them."""

    def weighed(batch: Batch) -> float:
        if weight is None:
            return len(batch.numbers)
        wanted = batch.wanted
        return float((weight[wanted] if wanted.ndim == 1 else wanted * weight).sum())

    return weighed


def make_loss(
    name: Loss, classes: int, weight: Tensor | None = None, smoothing: float = 0.0, gamma: float = 0.0
) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss of a batch: what its photos cost, by the sum of their weights, which are those of their classes.

    With labels, cross-entropy is torch's own.
    """
    costs = COSTS[name]

    def loss(logits: Tensor, wanted: Tensor) -> Tensor:
        if name == "cross-entropy" and wanted.ndim == 1:
            return F.cross_entropy(logits, wanted, weight=weight, label_smoothing=smoothing)
        values = logits.float()
        targets = (F.one_hot(wanted, classes) if wanted.ndim == 1 else wanted).to(values)
        counted = torch.ones(classes, device=values.device) if weight is None else weight
        return costs(values, targets, Price(counted, smoothing, gamma)).sum() / (targets * counted).sum()

    return loss


def class_weight(run: Run) -> Tensor | None:
    """n / (classes · n of the class), as scikit-learn's "balanced", of what sampling draws: so what sampling has made
    even is not made up for again. None for no weights."""
    if run.config.class_weights != "balanced":
        return None
    counted = Counter(run.photos[number].label for number in run.numbers("train"))
    counts = [counted[name] for name in run.classes]
    drawn = torch.tensor(class_shares(counts, run.config.sampling) * sum(counts), dtype=torch.float32)
    drawn = drawn.clamp(min=1)  # a class that is not there is never asked for, and 0 × ∞ is no number
    return (drawn.sum() / (len(run.classes) * drawn)).to(run.config.device)


def distilled(logits: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """How far the answers are from the teacher's, both as logits (N×C) softened by `temperature`: the Kullback-Leibler
    divergence, times its square, so that the gradient keeps its size (G. Hinton, O. Vinyals, J. Dean, "Distilling the
    Knowledge in a Neural Network", 2015, section 2)."""
    own, theirs = (F.log_softmax(answers.float() / temperature, 1) for answers in (logits, taught))
    return temperature**2 * F.kl_div(own, theirs, log_target=True, reduction="batchmean")


def loss_of(run: Run) -> Callable[[Tensor, Batch], Tensor]:
    """The loss of a batch's logits, as the run's settings ask; those of its parts, each by its `weight_of`, make it."""
    config = run.config
    assert config.label_smoothing is not None
    weight = class_weight(run)
    of_labels = make_loss(config.loss, len(run.classes), weight, config.label_smoothing, config.focal_gamma)
    share, temperature = config.distillation_weight, config.distillation_temperature
    weighed = weigher(weight)

    def loss(logits: Tensor, batch: Batch) -> Tensor:
        cost = of_labels(logits, batch.wanted)
        if batch.taught is None:
            return cost
        answers = log_shares(logits) if run.classifier.one_vs_all else logits
        told = distilled(answers, batch.taught, temperature)
        if weight is not None and batch.whole:  # a teacher's answer counts the same for a photo of any class
            whole = batch.whole
            told = told * (len(batch.numbers) * weighed(whole) / (len(whole.numbers) * weighed(batch)))
        return (1 - share) * cost + share * told

    return loss


def weight_of(run: Run) -> Callable[[Batch], float]:
    """How much a batch weighs in the run's loss."""
    return weigher(class_weight(run))
