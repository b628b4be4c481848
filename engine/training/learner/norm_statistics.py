"""What batch norm counts, counted anew for weights that no batch has trained: averages of several epochs."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from engine.control import Control
from engine.dataset.loader import Batch
from engine.events import Notice
from engine.training.keeping.steady import attended
from engine.training.learner.out_of_memory import Buffers, free_memory, is_out_of_memory, more_parts, parts_of
from engine.training.loop import Source


def count_again(
    norms: Sequence[_BatchNorm],
    source: Source,
    groups: Sequence[Sequence[int]],
    view: tuple[int, int] | None,
    control: Control,
    keep: Callable[[], Iterable[Notice]] = tuple,
) -> Generator[Notice, None, None]:
    """Give `norms` the mean statistics of all photos in `groups`, with everything else in eval mode.

    As torch's `swa_utils.update_bn`, which would also count where norms are frozen, and have dropout drop. `keep` is
    called before a pause; after a stop they are of a part. A batch that does not fit into memory is counted in parts,
    and so are those after it.
    """
    if not norms:
        return
    source.module.eval()
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
        norm.train()
    before, parts = Buffers(norms), 1
    try:
        loaded = attended(lambda done: source.loader.batches(groups[done:], view), source.loader, control, keep=keep)
        for batch in loaded:
            if isinstance(batch, Notice):
                yield batch
            elif len(batch.numbers) > 1:
                parts = _counted(source.module, batch, before, parts)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum


def _counted(module: nn.Module, batch: Batch, before: Buffers, parts: int) -> int:
    """Let the norms count a batch in so many parts, or in more where it does not fit; returns in how many it did.
    Raises ThawError where not even two photos fit."""
    pixels = batch.to(next(module.parameters()).device).pixels
    before.keep()
    while True:
        try:
            with torch.no_grad():
                for place in parts_of(len(pixels), parts):
                    module(pixels[place])
            return parts
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        before.put_back()
        free_memory()
        parts = more_parts(len(pixels), parts)
