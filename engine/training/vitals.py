"""What is measured of a network after an epoch, without another pass and without changing a bit: the gradients that the
last step left, and which units give 0 on a batch of validation photos that goes through anyway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from engine.diagnosis.course import LayerGradient, LayerUnits, Vitals
from engine.training.loop import Answers
from engine.training.run_parts import Run

PHOTOS = 32
"""How many of the batch are looked at for dead units: more would say little more and cost as much again, once an
epoch."""

RELUS = (F.relu, F.relu6, F.hardtanh, torch.relu, torch.relu_, Tensor.relu, Tensor.relu_)


class Probe:
    """Made between an epoch's last step, whose gradients it reads, and its validation, which goes on within `units`."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._gradients = gradient_sizes(run.classifier.network)
        self.units = UnitsProbe(run.classifier.network)

    def vitals(self, val: Answers) -> Vitals:
        """All of it, once validation has given `val`."""
        parameters = list(self._run.classifier.parameters())
        trained = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
        return Vitals(
            predicted=Counter(self._run.classes[place] for place in val.logits.argmax(1)),
            gradients=self._gradients,
            units=self.units.found(),
            frozen_share=1 - trained / sum(parameter.numel() for parameter in parameters),
        )


def gradient_sizes(network: nn.Module) -> tuple[LayerGradient, ...]:
    """The gradients of weights (not of norms and biases) as the last step left them, in the order of the layers."""
    found = [
        (name.rpartition(".")[0], parameter.grad.detach().float().square().mean().sqrt())
        for name, parameter in network.named_parameters()
        if parameter.requires_grad and parameter.grad is not None and parameter.ndim > 1
    ]
    if not found:
        return ()
    sizes = torch.stack([size for _, size in found]).tolist()
    return tuple(LayerGradient(layer, size) for (layer, _), size in zip(found, sizes, strict=True))


class UnitsProbe(TorchFunctionMode):
    """While it is entered, watches every ReLU (also torch's functions of that name) behind a layer that trains."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self._network = network
        self._layer: str | None = None
        self._hooks: list[torch.utils.hooks.RemovableHandle] = []
        self._largest: dict[str, Tensor] = {}

    def __enter__(self) -> UnitsProbe:
        for name, module in self._network.named_modules():
            weights = [parameter for parameter in module.parameters(recurse=False) if parameter.ndim > 1]
            if weights:
                trained = name if any(weight.requires_grad for weight in weights) else None
                self._hooks.append(module.register_forward_hook(partial(self._passed, trained)))
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *exception: Any) -> None:
        super().__exit__(*exception)  # type: ignore[no-untyped-call]
        while self._hooks:
            self._hooks.pop().remove()

    def _passed(self, layer: str | None, *_: object) -> None:
        self._layer = layer

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        value = func(*args, **(kwargs or {}))
        from_zero = func is not F.hardtanh or (args[1] if len(args) > 1 else (kwargs or {}).get("min_val", -1)) == 0
        # The first ReLU behind a layer is its own; what comes after it is that of a sum.
        if func in RELUS and from_zero and self._layer is not None and self._layer not in self._largest:
            unit = 1 if value.ndim in (2, 4) else value.ndim - 1
            self._largest[self._layer] = value.detach()[:PHOTOS].amax([d for d in range(value.ndim) if d != unit])
        return value

    def found(self) -> tuple[LayerUnits, ...]:
        return tuple(
            LayerUnits(layer, int((largest <= 0).sum()), largest.numel()) for layer, largest in self._largest.items()
        )
