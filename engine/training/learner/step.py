"""One step of training: a batch forward, its loss backward, and the weights a step on."""

from __future__ import annotations

import collections
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from engine.dataset.loader import Batch
from engine.errors import DivergedError
from engine.events import Notice
from engine.training.learner.averaging import Average
from engine.training.learner.compiled import Compiled
from engine.training.learner.optimizer import restore_state, set_learning_rate, state_by_name
from engine.training.learner.out_of_memory import Buffers, free_memory, is_out_of_memory, more_parts, parts_of
from engine.training.learner.precision import Precision


@dataclass(frozen=True)
class StepResult:
    """`loss` is the mean over the batch, without auxiliary losses, so that it compares with validation's; `right` of
    the `photos` were answered right."""

    loss: float
    right: int
    photos: int


@dataclass
class Waiting:
    """The batches whose gradients wait for a step, what the photos in them weigh in the loss, which is one each where
    their classes weigh the same, and what those of as many batches as the first would weigh."""

    batches: int = 0
    photos: float = 0
    expected: float = 0


def _photos(batch: Batch) -> float:
    return len(batch.numbers)


@dataclass
class Learner:
    """What learns, and how: one for a run, given a `module` and an optimizer by each phase. `module` is in train mode
    where it trains, and has its parameters from `network`; `loss_of` takes logits (N×C) and the batch, and is a mean in
    which the batch weighs what `weight_of` says.

    The weights step after every `accumulation` batches, by the mean gradient of all their photos; `l1` times the sum of
    the sizes of the decayed weights joins the loss; a gradient longer than `clip_norm` is shortened to it, None never.
    `average` follows the weights. A batch goes through the network in `parts` (`fitting` finds how many), twice as many
    at each failure for want of memory, which `notices` tells; the mean gradient is that of the whole batch.
    With `compiles`, torch compiles it for training, where it can; answers are always uncompiled.
    """

    network: nn.Module
    module: nn.Module
    optimizer: torch.optim.Optimizer
    loss_of: Callable[[Tensor, Batch], Tensor]
    weight_of: Callable[[Batch], float] = _photos
    accumulation: int = 1
    l1: float = 0.0
    clip_norm: float | None = None
    average: Average = field(default_factory=Average)
    precision: Precision = field(default_factory=Precision)
    parts: int = 1
    compiles: bool = False
    notices: collections.deque[Notice] = field(default_factory=collections.deque, init=False)
    _buffers: tuple[nn.Module, Buffers] | None = field(default=None, init=False)
    _waiting: Waiting = field(default_factory=Waiting, init=False)
    _compiled: Compiled | None = field(default=None, init=False)

    @property
    def device(self) -> torch.device:
        return next(self.module.parameters()).device

    def state(self) -> dict[str, Any]:
        """All that the next step depends on beside the network's own tensors; what a checkpoint keeps."""
        gradients = {name: p.grad for name, p in self.network.named_parameters() if p.grad is not None}
        waiting = vars(self._waiting) | {"gradients": gradients} if self._waiting.batches else None
        optimizer = state_by_name(self.optimizer, self.network)
        return {
            "optimizer": optimizer,
            "waiting": waiting,
            "average": self.average.state(),
            "precision": self.precision.state(),
            "parts": self.parts,
        }

    def restore(self, saved: Mapping[str, Any], *, moments: bool = True) -> None:
        """Take back what `state` gave; without `moments` the optimizer begins anew."""
        self.average.restore(saved.get("average"))
        self.precision.restore(saved.get("precision", {}))
        self.parts = max(self.parts, saved.get("parts", 1))
        if not moments:
            return
        restore_state(self.optimizer, self.network, saved["optimizer"])
        if waiting := saved.get("waiting"):
            gradients = waiting["gradients"]
            self._waiting = Waiting(**{name: value for name, value in waiting.items() if name != "gradients"})
            for name, parameter in self.network.named_parameters():
                parameter.grad = gradients[name].to(parameter.device) if name in gradients else None

    def step(self, batch: Batch, rate_of: Callable[[int], float]) -> StepResult:
        """Learn from a batch. `rate_of(begun)` is the learning rate of what began to train in that epoch.

        Raises DivergedError where the loss is no number any more, ThawError where memory is too small for two photos.
        """
        set_learning_rate(self.optimizer, rate_of)
        batch = batch.to(self.device)
        before = self._kept_buffers()
        while True:
            try:
                loss, whole, right = self._learn(batch)
                break
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            before.put_back()
            self._halve(len(batch.numbers))
        if self._waiting.batches == self.accumulation:
            self.update()
        check_loss(float(whole))
        return StepResult(float(loss), int(right), len(batch.numbers))

    def rehearse(self, batch: Batch) -> None:
        """Forward and backward of a batch that is not learnt from. Whoever asks for it puts the gradients, the buffers
        and the state of torch's generators back."""
        _, _, whole = self._forward(batch)
        self._backward(whole, 1.0)

    def _kept_buffers(self) -> Buffers:
        if self._buffers is None or self._buffers[0] is not self.module:
            self._buffers = self.module, Buffers(self.module.modules())
        self._buffers[1].keep()
        return self._buffers[1]

    def _learn(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Add the gradient of a batch to what waits; its mean loss, whole loss, and how many answers are right."""
        photos, weight, waiting = len(batch.numbers), self.weight_of(batch), self._waiting
        if not waiting.batches:
            self.optimizer.zero_grad(set_to_none=True)
            waiting.expected = weight * self.accumulation
        sums: list[tuple[Tensor, Tensor, Tensor]] = []
        for place in parts_of(photos, self.parts):
            part = batch if self.parts == 1 else batch.part(place)
            logits, loss, whole = self._forward(part)
            own = weight if part is batch else self.weight_of(part)
            self._backward(whole, own / waiting.expected)
            share = own / weight
            right = (logits.detach().argmax(1) == part.labels).sum()
            sums.append((loss.detach() * share, whole.detach() * share, right))
        waiting.batches += 1
        waiting.photos += weight
        loss, whole, right = (torch.stack(values).sum() for values in zip(*sums, strict=True))
        return loss, whole, right

    def _halve(self, photos: int) -> None:
        """Go through the network in twice as many parts from now on. Gradients that waited are given up with those of
        the attempt that failed, which cannot be told from them: the weights are as before, and their photos come again
        in the next epoch."""
        self.parts = more_parts(photos, self.parts)
        self.optimizer.zero_grad(set_to_none=True)
        self._waiting = Waiting()
        free_memory()
        size = parts_of(photos, self.parts)[0].stop
        text = f"The memory is too small for {photos} photos at once: they go through the network {size} at a time now."
        self.notices.append(Notice(text, "batch_parted"))

    def update(self) -> None:
        """Let the weights take a step by the gradients that wait, if any: at the end of an epoch too, where fewer
        batches than `accumulation` are left."""
        waiting = self._waiting
        if not waiting.batches:
            return
        self.precision.unscale(self.optimizer)
        if waiting.photos != waiting.expected:
            for parameter in self.module.parameters():
                if parameter.grad is not None:
                    parameter.grad.mul_(waiting.expected / waiting.photos)
        if self.l1:
            self._add_l1()
        if self.clip_norm is not None:
            # in the order of the module, not of the groups, which a resume may order otherwise: a sum depends on it
            nn.utils.clip_grad_norm_(self.module.parameters(), self.clip_norm)
        self.precision.step(self.optimizer)
        self.average.after_step()
        self._waiting = Waiting()

    def _forward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """The logits, their mean loss, and the whole loss, auxiliary classifiers and all."""
        with self.precision.within():
            answers = self._answers(batch.pixels)
        logits, *auxiliary = (each.float() for each in ((answers,) if isinstance(answers, Tensor) else answers))
        loss = self.loss_of(logits, batch)
        whole = loss
        for other in auxiliary:
            whole = whole + float(self.module.auxiliary_weight) * self.loss_of(other, batch)  # type: ignore[arg-type]
        return logits, loss, whole

    def _answers(self, pixels: Tensor) -> Any:
        if not self.compiles:
            return self.module(pixels)
        if self._compiled is None or self._compiled.module is not self.module:
            self._compiled = Compiled(self.module, self.notices)
        return self._compiled(pixels)

    def _backward(self, whole: Tensor, share: float) -> None:
        """Add a part's share of the mean gradient of as many photos as full batches would have."""
        self.precision.scaled(whole if share == 1 else whole * share).backward()

    @torch.no_grad()
    def _add_l1(self) -> None:
        for group in self.optimizer.param_groups:
            for parameter in group["params"] if group["decayed"] else ():
                if parameter.grad is not None:
                    parameter.grad.add_(parameter.sign(), alpha=self.l1)


def check_loss(value: float) -> None:
    """Raises DivergedError for a loss that is no number: what follows would be nonsense."""
    if not math.isfinite(value):
        raise DivergedError("The loss is no longer a number: the learning rate is too high. Lower it and start again.")
