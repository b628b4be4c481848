"""One step of training: a batch forward, its loss backward, and the weights a step on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from engine.dataset.loader import Batch
from engine.errors import DivergedError
from engine.training.optimizer import restore_state, set_learning_rate, state_by_name


@dataclass(frozen=True)
class StepResult:
    """`loss` is the mean over the batch, without auxiliary losses, so that it compares with validation's; `right` of
    the `photos` were answered right."""

    loss: float
    right: int
    photos: int


@dataclass
class Learner:
    """What learns, and how: one for a run, given a `module` and an optimizer by each phase. `module` is in train mode
    where it trains, and has its parameters from `network`; `loss_of` takes logits (N×C) and the batch."""

    network: nn.Module
    module: nn.Module
    optimizer: torch.optim.Optimizer
    loss_of: Callable[[Tensor, Batch], Tensor]

    @property
    def device(self) -> torch.device:
        return next(self.module.parameters()).device

    def state(self) -> dict[str, Any]:
        """All that the next step depends on beside the network's own tensors; what a checkpoint keeps."""
        return {"optimizer": state_by_name(self.optimizer, self.network)}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Take back what `state` gave."""
        restore_state(self.optimizer, self.network, saved["optimizer"])

    def step(self, batch: Batch, rate_of: Callable[[int], float]) -> StepResult:
        """Learn from a batch. `rate_of(begun)` is the learning rate of what began to train in that epoch.

        Raises DivergedError where the loss is no number any more.
        """
        set_learning_rate(self.optimizer, rate_of)
        batch = batch.to(self.device)
        answers = self.module(batch.pixels)
        logits, *auxiliary = (answers,) if isinstance(answers, Tensor) else answers
        loss = self.loss_of(logits, batch)
        whole = loss
        for other in auxiliary:
            whole = whole + float(self.module.auxiliary_weight) * self.loss_of(other, batch)  # type: ignore[arg-type]
        self.optimizer.zero_grad(set_to_none=True)
        whole.backward()
        self.optimizer.step()
        check_loss(float(whole.detach()))
        right = int((logits.detach().argmax(1) == batch.labels).sum())
        return StepResult(float(loss.detach()), right, len(batch.numbers))


def check_loss(value: float) -> None:
    """Raises DivergedError for a loss that is no number: what follows would be nonsense."""
    if not math.isfinite(value):
        raise DivergedError("The loss is no longer a number: the learning rate is too high. Lower it and start again.")
