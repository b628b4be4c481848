"""What a loaded batch becomes before it is learnt from. Only training photos come here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from engine.dataset.loader import Batch
from engine.dataset.mixing import draw_mix, mixed
from engine.training.run_parts import Run


def made_ready(run: Run, epoch: int) -> Callable[[int, Batch], Batch] | None:
    """What makes a step's batch ready in `epoch`; None where it is learnt from as it was loaded."""
    config = run.config
    teacher, mixes = run.teacher, bool(config.mixup or config.cutmix)
    if not (teacher or mixes):
        return None

    def ready(step: int, batch: Batch) -> Batch:
        if mixes:
            photos, side = batch.pixels.shape[:2]
            mix = draw_mix(config.seed, epoch, step, photos, side, config.mixup, config.cutmix)
            batch = mixed(batch, mix, len(run.classes))
        if teacher and batch.taught is None:  # else its answers were kept
            batch = replace(batch, taught=teacher.answers(batch.pixels))
        return batch

    return ready
