"""What helps, as a sentence and as settings of TrainConfig with new values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.config import TrainConfig
from engine.diagnosis.words import named, rate
from engine.events import Diagnosis
from engine.events.diagnosis import Severity, Value
from engine.models.catalog import find_model
from engine.models.recipes import choose_recipe
from engine.models.strategies import find_strategy

LESS = {"fine-tuning": "last-blocks", "progressive": "last-blocks", "discriminative": "last-blocks"}
LESS |= {"last-blocks": "feature-extraction"}
MORE = {"feature-extraction": "last-blocks", "last-blocks": "fine-tuning"}
"""Strategies with fewer, and with more, layers that train."""
STRONGER = {"none": "light", "light": "standard", "standard": "strong"}
LARGEST_RATE = 10.0
DECAY = 0.05
CLIP_NORM = 1.0
PATIENCE = 5
LARGEST_VAL_SHARE = 0.3


@dataclass(frozen=True)
class Remedy:
    """`sentence` says what to do; `changes` are settings and their new values, empty where no setting helps."""

    sentence: str
    changes: Mapping[str, Value] = field(default_factory=dict)

    def diagnosed(
        self,
        kind: str,
        severity: Severity,
        sentence: str,
        evidence: str,
        epoch: int | None,
        photos: tuple[Path, ...] = (),
    ) -> Diagnosis:
        """The diagnosis that this is the remedy of."""
        return Diagnosis(kind, severity, sentence, evidence, self.sentence, self.changes, epoch, photos)


def lower_rate(config: TrainConfig) -> Remedy:
    """A tenth of the rate: an order of magnitude is the grid on which rates are searched (Bengio 2012, "Practical
    Recommendations for Gradient-Based Training of Deep Architectures", section 3.2)."""
    assert config.learning_rate
    lower = float(f"{config.learning_rate / 10:.2g}")
    return Remedy(
        f"Lower the learning rate from {rate(config.learning_rate)} to {rate(lower)}.", {"learning_rate": lower}
    )


def tame(config: TrainConfig) -> Remedy:
    """A tenth of the rate, and no gradient longer than 1, where none was clipped, so that one bad batch cannot throw
    the weights away (Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural networks")."""
    lower = lower_rate(config)
    if config.clip_norm is not None and config.clip_norm <= CLIP_NORM:
        return lower
    todo = lower.sentence.removesuffix(".")
    return Remedy(f"{todo}, and clip gradients at {CLIP_NORM:g}.", {**lower.changes, "clip_norm": CLIP_NORM})


def raise_rate(config: TrainConfig) -> Remedy:
    """What the strategy would take, where the rate lies far below that; else ten times the rate."""
    assert config.learning_rate
    usual = usual_rate(config)
    higher = usual if config.learning_rate < usual / 3 else min(LARGEST_RATE, float(f"{config.learning_rate * 10:.2g}"))
    of_strategy = ", which this strategy usually takes" if higher == usual else ""
    return Remedy(
        f"Raise the learning rate from {rate(config.learning_rate)} to {rate(higher)}{of_strategy}.",
        {"learning_rate": higher},
    )


def usual_rate(config: TrainConfig) -> float:
    """The learning rate that the settings would lead to, were it left open."""
    chosen = choose_recipe(
        config.with_changes(learning_rate=None), find_model(config.model), find_strategy(config.strategy)
    )
    assert chosen.learning_rate
    return chosen.learning_rate


def anneal(config: TrainConfig) -> Remedy:
    """Let the rate fall, or begin lower where it does already."""
    if config.schedule == "constant":
        return Remedy(
            "Let the learning rate fall during the run: take the cosine schedule instead of a constant rate.",
            {"schedule": "cosine"},
        )
    return lower_rate(config)


def against_overfitting(config: TrainConfig) -> Remedy:
    """The first that is not in use yet of: more augmentation, fewer layers that train, more weight decay; and patience,
    so that no time is lost past the best epoch."""
    changes: dict[str, Value] = {}
    if config.augmentation in STRONGER:
        stronger = STRONGER[config.augmentation]
        todo, changes = f"Augment the photos more (“{stronger}”)", {"augmentation": stronger}
    elif config.strategy in LESS:
        fewer = find_strategy(LESS[config.strategy])
        todo, changes = f"Train fewer layers (strategy “{fewer.title}”)", {"strategy": fewer.name}
    elif (config.weight_decay or 0) < DECAY:
        todo, changes = f"Raise weight decay to {DECAY}", {"weight_decay": DECAY}
    else:
        todo = "Add training photos"
    if not config.patience:
        changes["patience"] = PATIENCE
        todo += f" and stop after {PATIENCE} epochs without an improvement"
    more = "" if todo.startswith("Add") else "; more training photos help most"
    return Remedy(f"{todo}{more}. The best epoch's weights are kept in any case.", changes)


def against_underfitting(config: TrainConfig, learned: bool) -> Remedy:
    """The rate, where it is far from the usual one; else more layers that train, else more epochs."""
    assert config.learning_rate
    usual = usual_rate(config)
    if config.learning_rate < usual / 3:
        return raise_rate(config)
    if config.learning_rate > usual * 3 or not learned:
        return lower_rate(config)
    if config.strategy in MORE:
        more = find_strategy(MORE[config.strategy])
        return Remedy(f"Train more layers (strategy “{more.title}”).", {"strategy": more.name})
    return Remedy(
        f"Train longer, {2 * config.epochs} epochs, or choose a larger model.",
        {"epochs": min(10_000, 2 * config.epochs)},
    )


def for_classes(config: TrainConfig, names: list[str], few: bool) -> Remedy:
    """For rare classes: count them more, where that is not done yet, and photos of them. A class with as many photos as
    others is passed over where the run was too short."""
    if few and config.class_weights != "balanced" and config.sampling != "balanced":
        return Remedy(
            f"Count rare classes more (class weights “balanced”), and collect more photos of {named(names)}.",
            {"class_weights": "balanced"},
        )
    if few:
        return Remedy(f"Collect more photos of {named(names)}.")
    longer = min(10_000, 2 * config.epochs)
    return Remedy(
        f"Train longer, {longer} epochs, and look whether the photos of {named(names)} are labelled right.",
        {"epochs": longer},
    )


def more_validation(config: TrainConfig, val_cut: bool) -> Remedy:
    """A larger share for validation where Thaw cut it, and more photos."""
    if val_cut and config.val_share < LARGEST_VAL_SHARE:
        share = LARGEST_VAL_SHARE
        return Remedy(
            f"Keep {share:.0%} of the photos for validation instead of {config.val_share:.0%}, or collect more.",
            {"val_share": share},
        )
    return Remedy("Add photos to validation; four times as many halve the interval.")


def against_vanishing(config: TrainConfig) -> Remedy:
    """Pretrained layers already know what the gradients do not reach; a network of one's own needs other layers."""
    spec = find_model(config.model)
    if not find_strategy(config.strategy).pretrained and spec.weights:
        return Remedy(
            "Begin with pretrained weights (strategy “Fine-tuning”) instead of random ones.",
            {"strategy": "fine-tuning"},
        )
    return Remedy(
        "Choose a model with normalisation and shortcuts, such as a ResNet, or give your own network ReLUs and batch "
        "norm instead of sigmoids.",
        {"model": "small_resnet", "strategy": "from-scratch"} if not spec.weights else {},
    )
