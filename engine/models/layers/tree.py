"""The layer tree: what a network is made of, in execution order, with shapes, multiply-adds and receptive fields.

Made of whatever owns parameters, plus the leaf modules that are called, plus what multiplies matrices itself. Traced on
a meta device, so nothing is computed and no memory is taken.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

import torch
from torch import nn

from engine.errors import ThawError
from engine.events import GraphNode, Layer, LayersFinished
from engine.models.blocks import block_of, in_block
from engine.models.build import build
from engine.models.freezing import owners
from engine.models.layers.kept_activations import BATCH, kept_bytes
from engine.models.layers.operations import keeps_statistics
from engine.models.layers.trace import Seen, Trace, trace
from engine.models.spec import ModelSpec

_REFUSALS = (RuntimeError, ValueError, ZeroDivisionError, AssertionError, TypeError, IndexError)
"""What networks raise on an image of a size that they cannot take."""


def describe_layers(
    spec: ModelSpec,
    image_size: int | None = None,
    classes: int = 2,
    trainable: Collection[str] = (),
    *,
    head: str = "linear",
    width: int = 512,
    graph: bool = False,
) -> Iterator[Layer | GraphNode | LayersFinished]:
    """Yield a Layer for each row of the tree, in execution order, with `graph` then a GraphNode for each operation,
    last LayersFinished with the sums. `head` and `width` are as for `build`.

    Raises ThawError where the network cannot take an image of that size.
    """
    size = image_size or spec.input_size
    network, traced = _trace(spec, size, classes, head, width)
    parameters = count_own_parameters(network)
    shown = (*traced.rows, *(name for name in owners(network) if name not in traced.seen))
    assert sum(parameters[name] for name in shown) == sum(one.numel() for one in network.parameters())
    kept = _kept(network, spec, size, traced)
    block = 0
    for name in shown:
        if any(in_block(name, prefixes) for prefixes in spec.blocks):
            block = block_of(name, spec.blocks)  # pooling between blocks belongs to the one before
        module = network.get_submodule(name)
        seen = traced.seen.get(name, Seen(constant=False))
        field, stride = seen.size_and_stride((size, size))
        yield Layer(
            name=name,
            type=type(module).__name__,
            depth=name.count("."),
            output_shape=seen.shape,
            parameters=parameters[name],
            trainable=name in trainable,
            receptive_field=field,
            stride=stride,
            block=block,
            norm=keeps_statistics(module),
            training_only=name not in traced.seen,
            flops=traced.flops.get(name, 0),
            kept_bytes=kept.get(name, 0),
        )
    if graph:
        yield from traced.nodes
    total = sum(traced.flops.values())
    yield LayersFinished(spec.name, size, sum(parameters.values()), sum(parameters[name] for name in trainable), total)


def described_rows(spec: ModelSpec, image_size: int) -> tuple[str, ...]:
    """The dotted names of the rows alone, in execution order. Raises ThawError as `describe_layers` does."""
    network, traced = _trace(spec, image_size, 2, "linear", 512)
    return (*traced.rows, *(name for name in owners(network) if name not in traced.seen))


def count_own_parameters(network: nn.Module) -> dict[str, int]:
    """Parameters of each module without its children's, by dotted name; one that is shared counts for the first."""
    counted: set[int] = set()
    own: dict[str, int] = {}
    for name, module in network.named_modules():
        new = [one for one in module.parameters(recurse=False) if id(one) not in counted]
        counted.update(map(id, new))
        own[name] = sum(one.numel() for one in new)
    return own


def _trace(spec: ModelSpec, size: int, classes: int, head: str, width: int) -> tuple[nn.Module, Trace]:
    """The network, in eval mode, and what it does: on the meta device where it does not look at numbers on its way."""
    try:
        with torch.device("meta"):
            network = build(spec, classes, head, width)
    except NotImplementedError:  # it takes numbers out of tensors to decide what to build, as RegNet does
        network = build(spec, classes, head, width).to("meta")
    try:
        with torch.device("meta"):
            return network, trace(network.eval(), torch.zeros(1, spec.channels, size, size))
    except _REFUSALS as error:
        if "meta" not in str(error) and "item()" not in str(error):
            raise _refusal(spec, size) from error
    network = build(spec, classes, head, width).eval()
    try:
        return network, trace(network, torch.zeros(1, spec.channels, size, size))
    except _REFUSALS as error:
        raise _refusal(spec, size) from error


def _kept(network: nn.Module, spec: ModelSpec, size: int, traced: Trace) -> dict[str, int]:
    """Bytes kept for the backward pass, told by autograd; where a network cannot train without numbers, its outputs."""
    try:
        with torch.device("meta"):
            return kept_bytes(
                network.to("meta").train(),
                torch.zeros(BATCH, spec.channels, size, size),
                (*traced.rows, *owners(network)),
            )
    except _REFUSALS:
        return {name: 4 * math.prod(traced.seen[name].shape) for name in traced.rows}


def _refusal(spec: ModelSpec, size: int) -> ThawError:
    takes = f"use {spec.input_size}" if spec.fixed_size else f"use {spec.smallest_size} or more, best {spec.input_size}"
    return ThawError(f"{spec.title} cannot take images of {size}×{size} pixels; {takes}.")
