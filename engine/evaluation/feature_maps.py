"""look: the filters of a convolution as pictures, and its feature maps on a photo, before and after training."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from engine import photos, runs
from engine.config import TrainConfig
from engine.control import Control
from engine.errors import RunError, ThawError
from engine.evaluation.channel_pictures import (
    Floats,
    chosen,
    columns_of,
    filter_tiles,
    map_tiles,
    most_telling,
    scale_of,
    write_pictures,
)
from engine.events import Event, LayerPictured, Notice, StageStarted
from engine.fit import Fit
from engine.memory import keep_memory
from engine.models.build import Classifier, build, load_backbone
from engine.models.catalog import find_model, for_weights
from engine.models.pretrained import weights
from engine.models.pretrained.state_file import read_state_dict
from engine.models.spec import ModelSpec
from engine.models.strategies import find_strategy


@dataclass(frozen=True)
class Pair:
    """A network before and after training; either may be absent, not both."""

    spec: ModelSpec
    before: nn.Module | None
    after: nn.Module | None
    image_size: int
    fit: Fit = "crop"


def look(
    target: str,
    layer: str,
    out: Path,
    *,
    photo: Path | None = None,
    weights_dir: Path | None = None,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Write PNG files of the convolution `layer` (its dotted name) into `out`; yield a LayerPictured for its filters
    and, with a `photo`, one for its feature maps.

    `target` is a name of the catalog (what its pretrained weights have learned is the “before”) or a run directory,
    whose best weights are the “after”, and what it began with the “before”. Both pictures of a pair have one scale.
    At most 64 channels are shown, the same for filters and maps (`channel_pictures.most_telling`). A 1×1 convolution
    has no filters to look at, which a Notice says. A stop ends it with what is written so far. Raises ThawError where
    there is nothing to show.
    """
    control = control or Control()
    keep_memory()
    yield StageStarted("Reading the weights")
    pair = yield from _pair(target, weights_dir)
    if control.stopping:
        return
    first = next(net for net in (pair.before, pair.after) if net is not None)
    kernel = _convolution(first, layer, pair.spec).kernel_size
    before, after = (None if net is None else _weights(net, layer) for net in (pair.before, pair.after))
    numbers = most_telling(before, after)
    if max(kernel) == 1:
        text = f"The filters of “{layer}” are 1×1: single numbers for each input, with nothing to see."
        yield Notice(text, "no_filters")
    else:
        tiles = [None if found is None else filter_tiles(found) for found in (before, after)]
        yield _pictured(out, layer, "filters", tiles[0], tiles[1], numbers)
    if photo is not None and not control.stopping:
        yield StageStarted("Computing the feature maps")
        maps = [None if net is None else _maps(net, layer, photo, pair) for net in (pair.before, pair.after)]
        yield _pictured(out, layer, "maps", maps[0], maps[1], numbers)


def _pictured(
    out: Path, layer: str, kind: str, before: Floats | None, after: Floats | None, numbers: tuple[int, ...]
) -> LayerPictured:
    tiles = chosen(before, numbers), chosen(after, numbers)
    values = [part for part in tiles if part is not None]
    scale = scale_of(*tiles, signed=any(bool((part < 0).any()) for part in values))
    ends = tuple(math.copysign(value**2, value) if kind == "maps" else value for value in scale)  # maps show roots
    paths = write_pictures(out, layer, kind, *tiles, scale)
    return LayerPictured(
        layer=layer,
        kind=kind,
        before=paths[0],
        after=paths[1],
        channels=next(len(part) for part in (before, after) if part is not None),
        shown=len(numbers),
        numbers=numbers,
        columns=columns_of(len(numbers)),
        black=ends[0],
        white=ends[1],
    )


def _weights(network: nn.Module, layer: str) -> Floats:
    return _numbers(network.get_submodule(layer).get_parameter("weight"))


def _numbers(tensor: Tensor) -> Floats:
    found: Floats = tensor.detach().float().cpu().numpy()
    return found


def _convolution(network: nn.Module, layer: str, spec: ModelSpec) -> nn.Conv2d:
    found = dict(network.named_modules()).get(layer)
    if isinstance(found, nn.Conv2d):
        return found
    first = next((name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)), "")
    example = f"; choose one, “{first}” for instance" if first else f", and {spec.title} has none"
    if found is None:
        raise ThawError(f"{spec.title} has no layer named “{layer}”. Pictures are made of convolutions{example}.")
    kind = type(found).__name__
    raise ThawError(f"“{layer}” is no convolution but a {kind}. Pictures are made of convolutions{example}.")


def _maps(network: nn.Module, layer: str, photo: Path, pair: Pair) -> Floats:
    """The output of the layer for the photo, as tiles: channels × height × width × 1."""
    pixels = photos.read(photo, pair.image_size, pair.fit, interpolation=pair.spec.interpolation).pixels
    seen: list[Tensor] = []  # copies: an activation that works in place would write over them
    handle = network.get_submodule(layer).register_forward_hook(
        lambda _module, _in, output: seen.append(output.clone())
    )
    try:
        with torch.inference_mode():
            Classifier(network, pair.spec).eval()(torch.from_numpy(pixels)[None])
    finally:
        handle.remove()
    if not seen:
        raise ThawError(f"“{layer}” takes part in training only, so it has no feature maps of a photo.")
    return map_tiles(_numbers(seen[0][0]))


def _pair(target: str, weights_dir: Path | None) -> Generator[Event, None, Pair]:
    run_dir = Path(target)
    if runs.state(run_dir) != "absent":
        return (yield from _of_run(run_dir, weights_dir))
    spec = find_model(target)
    network = build(spec, 2)
    found = weights.find(spec, weights_dir)
    if found is None:
        kind = "are not on this machine" if spec.weights else "do not exist"
        raise ThawError(
            f"The pretrained weights of {spec.title} {kind}, and without them there is nothing to see; "
            f"{'fetch them' if spec.weights else 'train it'} first."
        )
    weights.verify(found)
    load_backbone(network, spec, read_state_dict(found.path), found.path.name)
    return Pair(for_weights(spec, found.name), network, None, spec.input_size)


def _of_run(run_dir: Path, weights_dir: Path | None) -> Generator[Event, None, Pair]:
    config = runs.read_config(run_dir)
    spec = for_weights(find_model(config.model), config.weights)
    best = run_dir / runs.BEST
    if not best.is_file():
        raise RunError(f"The run “{run_dir.name}” has no weights yet; wait for its first epoch.")
    classes = len({photo.label for photo in runs.read_dataset(run_dir)[1]})
    after = build(spec, classes, config.head, config.head_width, config.head_dropout)
    try:
        after.load_state_dict(safetensors.torch.load_file(best))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise RunError(f"{best} is damaged; resume the run.") from error
    before = yield from _began_with(config, spec, classes, weights_dir)
    return Pair(spec, before, after, config.image_size or spec.input_size, config.fit)


def _began_with(
    config: TrainConfig, spec: ModelSpec, classes: int, weights_dir: Path | None
) -> Generator[Event, None, nn.Module | None]:
    """The network as the run began with it; None, and a Notice, where its weights are not here any more."""
    torch.manual_seed(config.seed)  # as the run did: random weights are the same again
    network = build(spec, classes, config.head, config.head_width, config.head_dropout)
    if not find_strategy(config.strategy).pretrained:
        return network
    if config.continue_from:
        path = config.continue_from / runs.BEST
        state = safetensors.torch.load_file(path) if path.is_file() else {}
        own = network.state_dict()
        fits = {name: value for name, value in state.items() if name in own and own[name].shape == value.shape}
        network.load_state_dict(fits, strict=False)
        if fits:
            return network
    elif found := weights.find(spec, weights_dir, config.weights):
        weights.verify(found)
        load_backbone(network, spec, read_state_dict(found.path), found.path.name)
        return network
    yield Notice("The weights that this run began with are not on this machine, so only “after” is shown.", "no_before")
    return None
