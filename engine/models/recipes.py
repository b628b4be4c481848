"""Which optimizer, at which rates, where the settings leave it open. No torch."""

from __future__ import annotations

import math

from engine.config import TrainConfig
from engine.models.spec import ModelSpec
from engine.models.strategies import Strategy

TRANSFER: dict[str, float] = {"momentum": 0.9, "label_smoothing": 0.05}
TRANSFER_DECAY: dict[str, float] = {"adamw": 0.01, "sgd": 1e-4}
"""From pretrained weights: AdamW with torch's own decay; SGD's as He et al. 2015, "Deep Residual Learning"."""


def choose_recipe(config: TrainConfig, spec: ModelSpec, strategy: Strategy) -> TrainConfig:
    """`config` with optimizer, rates, decay and smoothing decided where they were left open: from scratch as the
    model's family is trained, else as the strategy says."""
    recipe = None if strategy.pretrained else spec.recipe
    optimizer = config.optimizer or (recipe.optimizer if recipe else "adamw")
    values: dict[str, float] = TRANSFER | {"weight_decay": TRANSFER_DECAY[optimizer]}
    peak = strategy.learning_rates[optimizer]
    if recipe:
        values |= {"momentum": recipe.momentum, "label_smoothing": recipe.label_smoothing}
    if recipe and recipe.optimizer == optimizer:
        values["weight_decay"], peak = recipe.weight_decay, recipe.learning_rate
    if config.loss == "focal":  # where a photo is easy, nothing but the smoothing would count
        values["label_smoothing"] = 0.0
    return config.with_changes(
        optimizer=optimizer,
        learning_rate=config.learning_rate or scaled(peak, optimizer, config.batch_size),
        block_lr_ratio=config.block_lr_ratio or strategy.block_lr_ratio,
        **{name: value for name, value in values.items() if getattr(config, name) is None},
    )


def source_of(config: TrainConfig, spec: ModelSpec, strategy: Strategy) -> str:
    """Where the settings are from that `choose_recipe` fills in."""
    if strategy.pretrained:
        return "Thaw's settings for a network that knows photos already"
    own = config.optimizer in (None, spec.recipe.optimizer)
    return (
        f"{spec.recipe.source[0].upper()}{spec.recipe.source[1:]}"
        if own
        else "The strategy's rate, and the smoothing of the model's family"
    )


def scaled(rate: float, optimizer: str, batch_size: int) -> float:
    """A learning rate of a batch of 32, for another batch: linearly for SGD (Goyal et al. 2017, "Accurate, Large
    Minibatch SGD"), by the square root for AdamW (Malladi et al. 2022, "On the SDEs and Scaling Rules for Adaptive
    Gradient Algorithms")."""
    share = batch_size / 32
    return float(f"{rate * (share if optimizer == 'sgd' else math.sqrt(share)):.3g}")
