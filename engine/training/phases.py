"""What trains in which epoch of a run: the plan, or where validation decides, the plan so far."""

from __future__ import annotations

from dataclasses import replace

from engine.config import TrainConfig
from engine.models.spec import ModelSpec
from engine.models.strategies import Strategy
from engine.models.timelines import PlannedPhase, plan, reached_timeline, stages
from engine.training.keeping.checkpoint import Progress


def waits_for_validation(config: TrainConfig, strategy: Strategy) -> bool:
    """Whether blocks are unfrozen when validation saturates; a strategy whose phases have schedules of their own must
    know their lengths beforehand."""
    return config.unfreeze_when == "saturation" and not strategy.restarts


def planned(config: TrainConfig, spec: ModelSpec, strategy: Strategy, progress: Progress) -> tuple[PlannedPhase, ...]:
    """The run's phases; where validation decides, those that have begun, the last of them lasting to the end.

    Raises ThawError where the settings' `unfreeze` does not fit the model.
    """
    shape = (len(spec.blocks), spec.last_blocks, config.epochs)
    unfreeze = config.unfreeze
    if waits_for_validation(config, strategy):
        in_stages = stages(strategy, *shape, config.unfreeze)
        unfreeze = reached_timeline(in_stages, progress.stage_epochs, len(spec.blocks))
    return plan(strategy, *shape, unfreeze)


def last_to_train(config: TrainConfig, spec: ModelSpec, strategy: Strategy) -> tuple[int, ...]:
    """The blocks that train at the end of the run, if it gets so far."""
    shape = (len(spec.blocks), spec.last_blocks, config.epochs)
    if waits_for_validation(config, strategy):
        return tuple(sorted(block for stage in stages(strategy, *shape, config.unfreeze) for block in stage))
    return plan(strategy, *shape, config.unfreeze)[-1].blocks


def stages_left(config: TrainConfig, spec: ModelSpec, strategy: Strategy, progress: Progress) -> int:
    """How many stages still wait for validation to saturate."""
    if not waits_for_validation(config, strategy):
        return 0
    shape = (len(spec.blocks), spec.last_blocks, config.epochs)
    return len(stages(strategy, *shape, config.unfreeze)) - len(progress.stage_epochs)


def after_epoch(config: TrainConfig, spec: ModelSpec, strategy: Strategy, progress: Progress) -> Progress:
    """`progress`, with the next stage begun where validation has not improved for `unfreeze_patience` epochs, or the
    rate lowered where it has not for `plateau_epochs`, the schedule is such, and no stage waits.

    It is decided before the checkpoint is written and stands in it, so a run that was killed decides the same.
    """
    following = progress.epoch + 1
    if following > config.epochs:
        return progress
    if stages_left(config, spec, strategy, progress):
        saturated = waited(progress) >= config.unfreeze_patience
        return replace(progress, stage_epochs=(*progress.stage_epochs, following)) if saturated else progress
    if config.schedule != "plateau":
        return progress
    lowered = progress.rate_drops[-1] if progress.rate_drops else 1
    begun = _phase_of(following, planned(config, spec, strategy, progress)).first_epoch if strategy.restarts else 1
    if min(waited(progress), following - lowered, following - begun) >= config.plateau_epochs:
        return replace(progress, rate_drops=(*progress.rate_drops, following))
    return progress


def _phase_of(epoch: int, phases: tuple[PlannedPhase, ...]) -> PlannedPhase:
    return next(phase for phase in reversed(phases) if phase.first_epoch <= epoch)


def waited(progress: Progress) -> int:
    """Epochs without an improvement since the best epoch, or since the last stage began."""
    return progress.epoch - max(progress.best_epoch, progress.stage_epochs[-1] - 1)


def is_trained(config: TrainConfig, spec: ModelSpec, strategy: Strategy, progress: Progress) -> bool:
    """Whether nothing is left to train: all epochs are done, or patience has run out."""
    return progress.epoch >= config.epochs or patience_left(config, spec, strategy, progress) == 0


def patience_left(config: TrainConfig, spec: ModelSpec, strategy: Strategy, progress: Progress) -> int | None:
    """Epochs that may still pass without an improvement, None for any number. Those that pass while layers wait to be
    unfrozen do not count, for what trains until then comes to its end much sooner."""
    if not config.patience:
        return None
    begun = planned(config, spec, strategy, progress)[-1].first_epoch
    if stages_left(config, spec, strategy, progress) or progress.epoch < begun:
        return config.patience
    return max(0, config.patience - (progress.epoch - max(progress.best_epoch, begun - 1)))
