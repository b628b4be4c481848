"""What a step and an answer will take of memory: gone through on the meta device, where nothing is stored or computed.

Every tensor that would be made is counted while it lives, forward and backward. What libraries take for themselves
within one operation is not seen.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree
from torch.utils._python_dispatch import TorchDispatchMode


class _Living(TorchDispatchMode):
    """Counts the bytes of tensors that were made within it and live: `peak` is the most there has been at once."""

    def __init__(self, known: Iterator[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now = self.peak = 0
        self._known: weakref.WeakSet[Any] = weakref.WeakSet(tensor.untyped_storage() for tensor in known)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        for leaf in _pytree.tree_leaves(made):
            if isinstance(leaf, Tensor):
                self._count(leaf.untyped_storage())
        return made

    def _count(self, storage: Any) -> None:
        if storage in self._known:
            return
        self._known.add(storage)
        size = storage.nbytes()
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._let_go, size)

    def _let_go(self, size: int) -> None:
        self.now -= size


def step_bytes(module: nn.Module, photos: Tensor, *, everything: bool = False) -> int | None:
    """The most that forward and backward of `photos` (on the meta device) take at once beside the weights, gradients
    of the weights included, in float32. `module` is as it trains; `everything` lets all its parameters train. None for
    a network that cannot be gone through so."""
    return _peak(module, photos, backward=True, everything=everything)


def answer_bytes(module: nn.Module, photos: Tensor) -> int | None:
    """As `step_bytes`, of the answer of a network in eval mode."""
    modes = [(each, each.training) for each in module.modules()]
    module.eval()
    try:
        return _peak(module, photos, backward=False)
    finally:
        for each, training in modes:
            each.training = training


def _peak(module: nn.Module, photos: Tensor, *, backward: bool, everything: bool = False) -> int | None:
    tensors = {name: torch.empty_like(buffer, device="meta") for name, buffer in module.named_buffers()}
    for name, parameter in module.named_parameters():
        trains = parameter.requires_grad or everything
        tensors[name] = torch.empty_like(parameter, device="meta").requires_grad_(trains)
    living = _Living(iter((*tensors.values(), photos)))
    try:
        with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(backward), living:
            answers = torch.func.functional_call(module, tensors, (photos,))
            if backward:
                whole = answers if isinstance(answers, Tensor) else torch.cat(tuple(answers))
                whole.float().sum().backward()
    except (RuntimeError, TypeError, ValueError, AttributeError):  # what is computed decides what is computed next
        return None
    return living.peak
