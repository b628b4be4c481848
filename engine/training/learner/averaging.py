"""Averages of the weights, which stand in for the last ones: over the steps (EMA) or over the last epochs (SWA)."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim import swa_utils

from engine.config import TrainConfig
from engine.events import Notice


class Average:
    """The average of all that trains; what is frozen has none, and is the network's own to the bit.

    `decay` is what each step keeps of it (a moving average, EMA: Polyak and Juditsky 1992), less at first: at most
    (1 + steps) / (10 + steps), as TensorFlow's, so that the random beginning is soon forgotten. `first_epoch` is the
    epoch from whose end on the weights of each epoch count the same (SWA: Izmailov et al. 2018, "Averaging Weights
    Leads to Wider Optima"). With neither there is no average, and nothing here does anything.
    """

    def __init__(self, decay: float | None = None, first_epoch: int | None = None) -> None:
        self._decay, self._first_epoch = decay, first_epoch
        self._live: dict[str, Tensor] = {}
        self._kept: dict[str, Tensor] = {}
        self._norms: dict[str, _BatchNorm] = {}
        self._count = self._last_epoch = 0
        self._shown = False

    def track(self, network: nn.Module) -> None:
        """Average what trains in `network` from now on, beside what did before; what is new begins as it is."""
        if self._decay is None and self._first_epoch is None:
            return
        for name, module in network.named_modules():
            if isinstance(module, _BatchNorm) and module.training and module.running_mean is not None:
                self._norms[name] = module
        counted = [
            f"{name}.{own}" for name, norm in self._norms.items() for own, _ in norm.named_buffers(recurse=False)
        ]
        trained = [name for name, parameter in network.named_parameters() if parameter.requires_grad]
        tensors = dict(network.named_parameters()) | dict(network.named_buffers())
        for name in (*trained, *counted):
            self._live[name] = tensors[name]
            if name not in self._kept:
                self._kept[name] = tensors[name].detach().clone()

    def after_step(self) -> None:
        """The weights have taken a step."""
        if self._decay is not None:
            share = min(self._decay, (1 + self._count) / (10 + self._count))
            self._add(swa_utils.get_ema_multi_avg_fn(share))

    def after_epoch(self, epoch: int) -> None:
        """The training of `epoch` is done; told twice, as after a resume, it counts once."""
        if self._first_epoch is not None and epoch >= max(self._first_epoch, self._last_epoch + 1):
            self._last_epoch = epoch
            self._add(swa_utils.get_swa_multi_avg_fn())

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Within this the network has the averages, where there are any."""
        if not self._count:
            yield
            return
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def aside(self, keep: Callable[[], Iterable[Notice]]) -> Callable[[], Iterator[Notice]]:
        """`keep`, with the averages out of the network meanwhile: a checkpoint has the weights that learn."""

        def kept() -> Iterator[Notice]:
            shown = self._shown
            if shown:
                self._swap()
            try:
                yield from keep()
            finally:
                if shown:
                    self._swap()

        return kept

    @property
    def norms_to_count(self) -> tuple[_BatchNorm, ...]:
        """The norms whose statistics are not those of the weights that are shown: a moving average has its own."""
        return tuple(self._norms.values()) if self._shown and self._first_epoch is not None else ()

    def state(self) -> dict[str, Any] | None:
        """What `restore` takes; None where nothing is averaged."""
        assert not self._shown
        return {"tensors": self._kept, "count": self._count, "epoch": self._last_epoch} if self._kept else None

    def restore(self, saved: Mapping[str, Any] | None) -> None:
        """Take back what `state` gave, of what is tracked."""
        if saved:
            self._count, self._last_epoch = saved["count"], saved["epoch"]
            if self._first_epoch is not None and self._last_epoch < self._first_epoch:
                self._count = 0  # of a shorter run, which this one extends: the last part of this one begins later
            for name, tensor in saved["tensors"].items():
                self._kept[name].copy_(tensor)

    def _add(self, update: Callable[[Any, Any, int], None]) -> None:
        by_kind: dict[bool, list[str]] = {True: [], False: []}
        for name, tensor in self._kept.items():
            by_kind[tensor.is_floating_point()].append(name)
        update([self._kept[name] for name in by_kind[True]], [self._live[name] for name in by_kind[True]], self._count)
        for name in by_kind[False]:  # how many batches a norm has counted
            self._kept[name].copy_(self._live[name])
        self._count += 1

    @torch.no_grad()
    def _swap(self) -> None:
        self._shown = not self._shown
        for name, kept in self._kept.items():
            held = self._live[name].detach().clone()
            self._live[name].copy_(kept)
            kept.copy_(held)


def average_of(config: TrainConfig) -> Average:
    """As the settings ask."""
    first = None if config.swa_start is None else math.floor(config.swa_start * config.epochs) + 1
    return Average(config.ema_decay, first)


def shown_tensors(network: nn.Module, average: Mapping[str, Any] | None) -> dict[str, Tensor]:
    """The network's tensors as it answers with them: the averages of a checkpoint in their places."""
    return dict(network.state_dict()) | (average["tensors"] if average and average["count"] else {})
