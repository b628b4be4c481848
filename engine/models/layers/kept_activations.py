"""What training keeps of each layer for the backward pass, told by autograd itself on the meta device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import torch
from torch import Tensor, nn

BATCH = 2
"""Batch norm refuses to train on one value a channel."""


def kept_bytes(network: nn.Module, images: Tensor, rows: Collection[str]) -> dict[str, int]:
    """Bytes for one image that autograd keeps at each of `rows` (dotted names) when everything trains.

    A tensor kept twice counts where it is kept first; parameters do not count. What is kept between two rows counts for
    the one before. `images` are BATCH×C×H×W on the device of `network`, which is in train mode. Raises what the network
    raises.
    """
    kept: dict[str, int] = defaultdict(int)
    storages: dict[int, Any] = {}  # alive, so that no identity is given twice
    for tensor in (*network.parameters(), *network.buffers()):
        storages[tensor.untyped_storage()._cdata] = tensor
    running: list[str] = []
    last = [""]

    def enter(name: str) -> Any:
        def entered(_module: nn.Module, _args: Any) -> None:
            running.append(name)
            last[0] = name

        return entered

    def leave(_module: nn.Module, _args: Any, _result: Any) -> None:
        running.pop()

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in storages:
            storages[storage._cdata] = tensor
            kept[running[-1] if running else last[0]] += storage.nbytes()
        return tensor

    hooks = [
        hook
        for name, module in network.named_modules()
        if name in rows
        for hook in (module.register_forward_pre_hook(enter(name)), module.register_forward_hook(leave))
    ]
    try:
        with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return {name: size // BATCH for name, size in kept.items()}
