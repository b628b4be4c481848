"""A network compiled by torch, where this machine can; where it cannot, it computes as it is."""

from __future__ import annotations

import collections
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from engine.events import Notice
from engine.training.learner.out_of_memory import is_out_of_memory


class Compiled:
    """Called as `module` is; its parameters, their names and its modes stay the module's own.

    torch compiles at the first call, for each size of batch (so which code computes a batch does not hang on those
    before it, as a resume asks), and again where what trains has changed. Where it cannot, for whatever reason, the
    module computes uncompiled from then on, which is told in `notices`.
    """

    def __init__(self, module: nn.Module, notices: collections.deque[Notice]) -> None:
        self.module, self._notices = module, notices
        self._call: Callable[[Tensor], Any] | None = torch.compile(module, dynamic=False)

    def __call__(self, pixels: Tensor) -> Any:
        if self._call is None:
            return self.module(pixels)
        try:
            return self._call(pixels)
        except Exception as error:  # torch raises its own, the compiler's and Python's; compiling has computed nothing
            if is_out_of_memory(error):
                raise
            self._call = None
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        text = f"The network cannot be compiled here ({reason[:200]}); the run goes on without."
        self._notices.append(Notice(text, "not_compiled"))
        return self.module(pixels)
