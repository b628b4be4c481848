"""Small networks that learn from random rows, one of them in little memory."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import make_config
from engine.dataset.loader import Batch
from engine.training.learner.optimizer import Place, make_optimizer
from engine.training.learner.step import Learner

SAID = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1073741824 bytes."),
    RuntimeError("MPS backend out of memory (MPS allocated: 1 GB)"),
)


class Narrow(nn.Module):
    """A network for which at most `room` photos fit, forward (or, `late`, backward)."""

    def __init__(self, room: int, late: bool = False, norm: bool = False) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4) if norm else nn.Tanh())
        self.last = nn.Linear(4, 2)
        self.room, self.late, self.seen = room, late, list[int]()

    def forward(self, rows: Tensor) -> Tensor:
        between = self.first(rows)
        self.seen.append(len(rows))
        if len(rows) > self.room:
            if not self.late:
                raise SAID[0]
            between.register_hook(self._fail)
        logits: Tensor = self.last(between)
        return logits

    def _fail(self, _gradient: Tensor) -> None:
        raise SAID[1]


def batch(photos: int, seed: int = 0) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    rows = torch.rand(photos, 3, generator=generator)
    return Batch(rows, torch.randint(0, 2, (photos,), generator=generator), tuple(range(photos)))


def two_layers(width: int = 4, between: type[nn.Module] = nn.Tanh) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, width), between(), nn.Linear(width, 2))


def learner(network: nn.Module, **rules: Any) -> Learner:
    config = make_config({"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0})
    made = make_optimizer(network, config, 1, lambda _layer: Place(0, 1))
    rules = {"loss_of": lambda logits, seen: F.cross_entropy(logits, seen.labels)} | rules
    return Learner(network, network, made, **rules)
