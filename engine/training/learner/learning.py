"""What learns in a run, made as its settings ask."""

from __future__ import annotations

import torch
from torch import nn

from engine.training.learner.averaging import average_of
from engine.training.learner.losses import loss_of
from engine.training.learner.precision import precision_of
from engine.training.learner.step import Learner
from engine.training.run_parts import Run


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
        accumulation=accumulation or config.accumulation,
        l1=config.l1 or 0.0,
        clip_norm=config.clip_norm,
        average=average_of(config),
        precision=precision_of(config.precision, config.device),
    )
    learner.average.track(network)
    return learner
