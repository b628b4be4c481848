"""The layer tree: what a network is made of, in execution order, with shapes and receptive fields.

Made of whatever owns parameters, plus the leaf modules that are called. Traced on a meta device, so nothing is
computed and no memory is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn

from engine.errors import ThawError
from engine.events import Layer, LayersFinished
from engine.models.build import build, owners
from engine.models.catalog import ModelSpec
from engine.models.strategies import block_of, in_block

Field = tuple[int | None, int | None]
"""(receptive field, stride) in pixels of the input; (None, None) where the whole image is seen."""

WHOLE: Field = (None, None)
_WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
_NORMS = (nn.modules.batchnorm._BatchNorm,)


def describe_layers(
    spec: ModelSpec, image_size: int | None = None, classes: int = 2, trainable: tuple[str, ...] = ()
) -> Iterator[Layer | LayersFinished]:
    """Yield a Layer for each row of the tree, in execution order, then LayersFinished with the sums.

    Raises ThawError where the network cannot take an image of that size.
    """
    size = image_size or spec.input_size
    with torch.device("meta"):
        network = build(spec, classes).eval()
        photos = torch.zeros(1, spec.channels, size, size)
    tracer = _Tracer(network)
    try:
        tracer.run(photos)
    except (RuntimeError, ValueError, ZeroDivisionError) as error:
        raise ThawError(f"{spec.title} cannot take images of {size}×{size} pixels; use {spec.input_size}.") from error
    block = 0
    for name in (*tracer.seen, *(owner for owner in owners(network) if owner not in tracer.seen)):
        if any(
            in_block(name, prefixes) for prefixes in spec.blocks
        ):  # pooling between blocks belongs to the one before
            block = block_of(name, spec.blocks)
        yield _row(network, tracer, name, block, trainable)
    sizes = {name: _own_parameters(network.get_submodule(name)) for name in owners(network)}
    yield LayersFinished(spec.name, size, sum(sizes.values()), sum(sizes[name] for name in trainable))


def _row(network: nn.Module, tracer: _Tracer, name: str, block: int, trainable: tuple[str, ...]) -> Layer:
    module = network.get_submodule(name)
    shape, (field, stride) = tracer.seen.get(name, ((), WHOLE))
    return Layer(
        name=name,
        type=type(module).__name__,
        depth=name.count("."),
        output_shape=shape,
        parameters=_own_parameters(module),
        trainable=name in trainable,
        receptive_field=field,
        stride=stride,
        block=block,
        norm=isinstance(module, _NORMS),
        training_only=name not in tracer.seen,
    )


def _own_parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters(recurse=False))


class _Tracer(fx.Interpreter):
    """Runs the traced graph on meta tensors and notes, for each module called, its shape and receptive field."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__(fx.symbolic_trace(network))
        self.seen: dict[str, tuple[tuple[int, ...], Field]] = {}
        self._fields: dict[fx.Node, Field] = {}

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        inputs = [self._fields[source] for source in n.all_input_nodes]
        module = self.submodules[n.target] if n.op == "call_module" and isinstance(n.target, str) else None
        self._fields[n] = self._field(n, module, inputs, result)
        if module is not None and isinstance(result, Tensor) and n.target not in self.seen:
            self.seen[str(n.target)] = (tuple(result.shape[1:]), self._fields[n])
        return result

    @staticmethod
    def _field(node: fx.Node, module: nn.Module | None, inputs: list[Field], result: Any) -> Field:
        """Receptive-field arithmetic as in Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional
        Neural Networks" (Distill, 2019): r += (k - 1)·j, then j *= s; branches that meet take the largest."""
        if not inputs:
            return 1, 1
        field, stride = WHOLE if WHOLE in inputs else max(inputs, key=lambda one: one[0] or 0)
        if field is None or stride is None or (isinstance(result, Tensor) and result.dim() < 3):
            return WHOLE
        if isinstance(module, _WINDOWS):
            kernel, step = _first(module.kernel_size), _first(module.stride)
            dilation = _first(getattr(module, "dilation", 1))
            return field + (kernel - 1) * dilation * stride, stride * step
        pools_all = isinstance(module, nn.AdaptiveAvgPool2d) or "adaptive" in str(node.target) or node.target == "mean"
        return WHOLE if pools_all else (field, stride)


def _first(size: Any) -> int:
    return int(size[0]) if isinstance(size, tuple) else int(size)
