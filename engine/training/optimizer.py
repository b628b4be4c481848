"""Parameter groups, and the learning rate as a function of the step."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from engine.config import TrainConfig
from engine.models.strategies import Strategy

TRANSFER: dict[str, Any] = {"optimizer": "adamw", "momentum": 0.9, "weight_decay": 0.01, "label_smoothing": 0.05}


def choose_recipe(config: TrainConfig, strategy: Strategy) -> TrainConfig:
    """`config` with its optimizer, rates and decay decided where they were left open."""
    chosen = {name: value for name, value in TRANSFER.items() if getattr(config, name) is None}
    optimizer = str(config.optimizer or chosen["optimizer"])
    rate = config.learning_rate or scaled(strategy.learning_rates[optimizer], optimizer, config.batch_size)
    return config.with_changes(**chosen, learning_rate=rate)


def scaled(rate: float, optimizer: str, batch_size: int) -> float:
    """A learning rate of a batch of 32, for another batch: linearly for SGD (Goyal et al. 2017, "Accurate, Large
    Minibatch SGD"), by the square root for AdamW (Malladi et al. 2022, "On the SDEs and Scaling Rules for Adaptive
    Gradient Algorithms")."""
    share = batch_size / 32
    return float(f"{rate * (share if optimizer == 'sgd' else math.sqrt(share)):.3g}")


def make_optimizer(network: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """An optimizer over what has a gradient, and nothing else. Norms and biases are not decayed."""
    assert config.momentum is not None and config.weight_decay is not None
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=0.0, momentum=config.momentum)
    return torch.optim.AdamW(groups, lr=0.0)


def learning_rate(config: TrainConfig, peak: float, step: int, steps: int, steps_per_epoch: int) -> float:
    """The rate of step `step` (from 0) of a phase of `steps` steps: linear warm-up to `peak`, then constant or half a
    cosine to zero (Loshchilov and Hutter, 2017, "SGDR", without restarts). The warm-up takes half a phase at most."""
    warmup = min(config.warmup_epochs * steps_per_epoch, steps / 2)
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    if config.schedule == "constant":
        return peak
    return peak * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate
