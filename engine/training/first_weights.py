"""What a run begins with: random weights, pretrained ones, or those of an earlier run."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from torch import nn

from engine.config import TrainConfig
from engine.control import Control
from engine.events import Event, Notice, StageStarted
from engine.models.build import final_linear, load_backbone
from engine.models.pretrained import weights
from engine.models.pretrained.state_file import read_state_dict
from engine.models.spec import ModelSpec
from engine.models.strategies import Strategy
from engine.training.keeping.continued import check_classes, class_layers, earlier_run, load_earlier


def name_weights(config: TrainConfig, spec: ModelSpec, strategy: Strategy, weights_dir: Path | None) -> TrainConfig:
    """`config` with the official weights named that the run will find or fetch: another source may want the pixels
    scaled otherwise, and a run that is resumed must scale them as before."""
    if config.weights is not None or not strategy.pretrained or config.continue_from:
        return config
    found = weights.find(spec, weights_dir)
    official = found.official if found else next(iter(spec.weights), None)
    return config.with_changes(weights=official.name) if official else config


def first_weights(
    network: nn.Module,
    config: TrainConfig,
    spec: ModelSpec,
    strategy: Strategy,
    classes: tuple[str, ...],
    weights_dir: Path | None,
    offline: bool,
    control: Control,
) -> Generator[Event, None, str]:
    """Put the weights that the run begins with into `network`; returns what they are, in words."""
    if not strategy.pretrained:
        return "random weights"
    if config.continue_from:
        yield StageStarted("Reading the earlier run's weights")
        earlier = earlier_run(config)
        added = check_classes(earlier, classes)
        described = load_earlier(network, class_layers(network, final_linear(network, spec), spec), earlier, classes)
        if added:
            text = f"New beside the classes of “{earlier.folder.name}”: {', '.join(added)}."
            yield Notice(text, "classes_added", earlier.folder)
        return described
    yield StageStarted("Reading the pretrained weights")
    found = yield from weights.obtain(spec, weights_dir, name=config.weights, offline=offline, control=control)
    if found.official is None:
        yield Notice(f"The pretrained weights are {found.description}.", "own_weights", found.path)
    load_backbone(network, spec, read_state_dict(found.path), found.path.name)
    return found.description
