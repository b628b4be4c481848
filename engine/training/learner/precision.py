"""In which numbers a step computes: float32, or half of them where the device is faster with it.

Weights, gradients of the weights, the loss and the optimizer stay in float32; validation, testing and export too, so
that what is told of a run is what its model file answers.
"""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor

from engine.errors import ThawError

HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Precision:
    """`name` is “float32”, “bf16” or “fp16”. fp16 has few exponents: the loss is scaled so that small gradients are not
    lost, and a step whose gradients are no numbers is left out (Micikevicius et al. 2018)."""

    def __init__(self, name: str = "float32", device: str = "cpu") -> None:
        self.name, self._device = name, device
        self._half = HALVES.get(name)
        self._scaler = torch.amp.GradScaler(device) if name == "fp16" else None

    def within(self) -> AbstractContextManager[object]:
        """Where the network computes."""
        return torch.autocast(self._device, self._half) if self._half else contextlib.nullcontext()

    def scaled(self, loss: Tensor) -> Tensor:
        """The loss that goes backward."""
        return self._scaler.scale(loss) if self._scaler else loss

    def unscale(self, optimizer: torch.optim.Optimizer) -> None:
        """Bring the gradients to their own size, once before a step."""
        if self._scaler:
            self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Let the weights take a step by gradients that `unscale` has seen."""
        if self._scaler:
            self._scaler.step(optimizer)
            self._scaler.update()
        else:
            optimizer.step()

    def state(self) -> dict[str, Any]:
        return self._scaler.state_dict() if self._scaler else {}

    def restore(self, saved: dict[str, Any]) -> None:
        if self._scaler and saved:
            self._scaler.load_state_dict(saved)


def choose_precision(wanted: str, device: str) -> str:
    """What “auto” is on a device: half of float32 on CUDA, bf16 where it has that. Raises ThawError for a device that
    cannot."""
    if wanted == "auto":
        if device != "cuda":
            return "float32"
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "fp16"
    if device == "mps" and wanted != "float32":
        raise ThawError("On Apple's GPUs Thaw computes in float32; set the precision to auto.")
    return wanted


def precision_of(name: str, device: str) -> Precision:
    """A run's precision; “auto” stands in the settings of runs that began before there was a choice: in float32."""
    return Precision("float32" if name == "auto" else name, device)
