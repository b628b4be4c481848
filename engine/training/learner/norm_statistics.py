"""What batch norm counts, counted anew for weights that no batch has trained: averages of several epochs."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import torch
from torch.nn.modules.batchnorm import _BatchNorm

from engine.control import Control
from engine.events import Notice
from engine.training.loop import Source


def count_again(
    norms: Sequence[_BatchNorm],
    source: Source,
    groups: Sequence[Sequence[int]],
    view: tuple[int, int] | None,
    control: Control,
) -> Generator[Notice, None, None]:
    """Give `norms` the mean statistics of all photos in `groups`, with everything else in eval mode.

    As torch's `swa_utils.update_bn`, which would also count where norms are frozen, and have dropout drop. After a stop
    they are of a part.
    """
    if not norms:
        return
    source.module.eval()
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
        norm.train()
    device = next(source.module.parameters()).device
    for batch in source.loader.batches(groups, view):
        if control.stopping:
            break
        with torch.no_grad():
            if len(batch.numbers) > 1:
                source.module(batch.to(device).pixels)
        while source.loader.notices:
            yield source.loader.notices.popleft()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
