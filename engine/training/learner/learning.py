"""What learns in a run, made as its settings and the free memory ask."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from engine.models.optimizers import OPTIMIZERS
from engine.training.feature_cache import TrainedHalf
from engine.training.learner.averaging import average_of
from engine.training.learner.fitting import Asked, answered_together, fit, free_bytes, roomy
from engine.training.learner.losses import loss_of, weight_of
from engine.training.learner.precision import precision_of
from engine.training.learner.step import Learner
from engine.training.run_parts import TOGETHER, Run


def learner_of(
    run: Run, module: nn.Module, optimizer: torch.optim.Optimizer, *, accumulation: int | None = None
) -> Learner:
    """The learner of a phase whose layers are frozen already (`Run.freeze`); `module` is fed by the phase's source, and
    `accumulation` stands in for that of the settings."""
    config, network = run.config, run.classifier.network
    learner = Learner(
        network,
        module,
        optimizer,
        loss_of(run),
        weight_of(run),
        accumulation=accumulation or config.accumulation,
        l1=config.l1 or 0.0,
        clip_norm=config.clip_norm,
        average=average_of(config),
        precision=precision_of(config.precision, config.device),
        compiles=config.compile,
    )
    learner.average.track(network)
    fit_memory(run, learner)
    return learner


def fit_memory(run: Run, learner: Learner) -> None:
    """Before the first step of a phase: part its batches where the free memory asks for it.

    What was free when the run began decides on a CPU, as that stands in the checkpoint: so a run that is resumed goes
    on in the same parts.
    """
    fit_answers(run)
    if run.roomy:
        return
    asked = _asked(run, learner.module)
    if run.config.device == "cuda":
        asked = replace(asked, room=free_bytes("cuda"), by_trial=True)
    fit(learner, asked)


def fit_answers(run: Run) -> None:
    """Let the run answer for fewer photos at once where the memory that was free when it began asks for it."""
    if run.roomy is None:
        asked = _asked(run, run.classifier)
        run.roomy = roomy(run.classifier, asked)
        if not run.roomy:
            run.together = answered_together(run.classifier, asked)


def _asked(run: Run, module: nn.Module) -> Asked:
    """What `module` is given in training and in validation."""
    config, size = run.config, run.config.image_size
    assert size and config.optimizer
    rows = (module.values,) if isinstance(module, TrainedHalf) else None
    return Asked(
        shape=rows or (size, size, 3),
        dtype=torch.float32 if rows else torch.uint8,
        photos=max(map(len, run.groups(1))),
        together=TOGETHER,
        kept=OPTIMIZERS[config.optimizer].kept,
        room=run.progress.room,
    )
