"""Which optimizer, at which rates, where the settings leave it open. No torch."""

from __future__ import annotations

import math

from engine.config import TrainConfig
from engine.models.optimizers import OPTIMIZERS
from engine.models.schedules import chosen_factor
from engine.models.spec import ModelSpec
from engine.models.strategies import Strategy

TRANSFER: dict[str, float] = {"momentum": 0.9, "label_smoothing": 0.05}
TRANSFER_DECAY: dict[str, float] = {"adamw": 0.01, "sgd": 1e-4}
"""From pretrained weights: AdamW with torch's own decay; SGD's as He et al. 2015, "Deep Residual Learning". The other
optimizers' are shares of these (`optimizers.py`)."""
USUAL_BATCH = 32
"""Photos a step, where no other number is asked for: all learning rates are made for it, and small batches find weights
that serve new photos better (Masters and Luschi 2018, "Revisiting Small Batch Training for Deep Neural Networks", best
between 2 and 32)."""


def choose_recipe(config: TrainConfig, spec: ModelSpec, strategy: Strategy) -> TrainConfig:
    """`config` with optimizer, rates, decay and smoothing decided where they were left open: from scratch as the
    model's family is trained, else as the strategy says."""
    recipe = None if strategy.pretrained else spec.recipe
    row = OPTIMIZERS[config.optimizer or (recipe.optimizer if recipe else "adamw")]
    peak, decay = strategy.learning_rates[row.like], TRANSFER_DECAY[row.like]
    values: dict[str, float] = dict(TRANSFER)
    if recipe:
        values |= {"momentum": recipe.momentum, "label_smoothing": recipe.label_smoothing}
    if recipe and recipe.optimizer == row.like:
        peak, decay = recipe.learning_rate, recipe.weight_decay
    values["weight_decay"] = min(1.0, decay * row.decay_share)
    if config.loss == "focal":  # where a photo is easy, nothing but the smoothing would count
        values["label_smoothing"] = 0.0
    batch_size = config.batch_size or USUAL_BATCH
    return config.with_changes(
        batch_size=batch_size,
        optimizer=row.name,
        learning_rate=config.learning_rate or scaled(peak * row.rate_share, row.name, batch_size * config.accumulation),
        block_lr_ratio=config.block_lr_ratio or strategy.block_lr_ratio,
        **chosen_factor(config),
        **{name: value for name, value in values.items() if getattr(config, name) is None},
    )


def source_of(config: TrainConfig, spec: ModelSpec, strategy: Strategy) -> str:
    """Where the settings are from that `choose_recipe` fills in."""
    if strategy.pretrained:
        return "Thaw's settings for a network that knows photos already"
    like = OPTIMIZERS[config.optimizer].like if config.optimizer else spec.recipe.optimizer
    if like != spec.recipe.optimizer:
        return "The strategy's rate, and the smoothing of the model's family"
    source = f"{spec.recipe.source[0].upper()}{spec.recipe.source[1:]}"
    own = config.optimizer in (None, spec.recipe.optimizer)
    return source if own else f"{source}, converted to {OPTIMIZERS[str(config.optimizer)].title}"


def scaled(rate: float, optimizer: str, batch_size: int) -> float:
    """A learning rate of the usual batch, for another: linearly for SGD and RMSProp (Goyal et al. 2017, "Accurate,
    Large Minibatch SGD"), by the square root for the others (Malladi et al. 2022, "On the SDEs and Scaling Rules for
    Adaptive Gradient Algorithms"; You et al. 2020 for LAMB)."""
    share = batch_size / USUAL_BATCH
    return float(f"{rate * (share if OPTIMIZERS[optimizer].like == 'sgd' else math.sqrt(share)):.3g}")
