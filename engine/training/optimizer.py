"""Parameter groups, and the learning rate as a function of the step."""

from __future__ import annotations

import math

import torch
from torch import nn

from engine.config import TrainConfig
from engine.models.strategies import Strategy


def default_learning_rate(strategy: Strategy, config: TrainConfig) -> float:
    """The strategy's rate for a batch of 32, scaled to the batch: linearly for SGD (Goyal et al. 2017, "Accurate, Large
    Minibatch SGD"), by the square root for AdamW (Malladi et al. 2022, "On the SDEs and Scaling Rules for Adaptive
    Gradient Algorithms")."""
    share = config.batch_size / 32
    rate = strategy.learning_rates[config.optimizer] * (share if config.optimizer == "sgd" else math.sqrt(share))
    return float(f"{rate:.3g}")


def make_optimizer(network: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """An optimizer over what has a gradient, and nothing else. Norms and biases are not decayed."""
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
