"""A network cut in two at the freeze boundary: what is frozen is computed once, and only what trains runs again.

    pixels -> frozen -> boundary tensors -> trained -> logits

The cut is made in torch.fx's graph of the network: everything that depends on nothing that trains, and draws nothing at
random, is frozen. Both halves share the network's own modules, so what one trains the other has.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

DETERMINISTIC = (
    "torch.nn.modules.pooling",
    "torch.nn.modules.flatten",
    "torch.nn.modules.linear",
    "torch.nn.modules.padding",
    "torch.nn.modules.upsampling",
    "torch.nn.modules.activation",
)
"""Modules of torch without parameters that give the same in train and eval mode; RReLU, which does not, is excepted."""
DRAW = (nn.RReLU, nn.MultiheadAttention)


@dataclass(frozen=True)
class Cut:
    """`frozen` takes what the network takes and gives the boundary tensors; `trained` takes those and gives the
    logits. `shapes` are the boundary tensors' shapes without the batch, `values` is how many floats they are, and
    `channels_last` says which of them the network has in that memory layout."""

    frozen: nn.Module
    trained: nn.Module
    shapes: tuple[tuple[int, ...], ...]
    channels_last: tuple[bool, ...]

    @property
    def values(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes)

    def joined(self, boundary: Sequence[Tensor]) -> Tensor:
        """The boundary tensors side by side: float32 N×`values`."""
        return torch.cat([tensor.flatten(1).float() for tensor in boundary], 1)

    def parted(self, rows: Tensor) -> tuple[Tensor, ...]:
        """What `joined` put side by side, in memory as the network has it: a pooling sums in that order."""
        sizes = [math.prod(shape) for shape in self.shapes]
        parts = [part.reshape(-1, *shape) for part, shape in zip(rows.split(sizes, 1), self.shapes, strict=True)]
        return tuple(
            part.contiguous(memory_format=torch.channels_last) if last else part
            for part, last in zip(parts, self.channels_last, strict=True)
        )


class _Tracer(fx.Tracer):
    """Sees into containers only: what holds no other module may look at its own mode, and keeps it."""

    def is_leaf_module(self, module: nn.Module, module_qualified_name: str) -> bool:
        return super().is_leaf_module(module, module_qualified_name) or not any(True for _ in module.children())


def cut(network: nn.Module, example: Tensor) -> Cut | None:
    """The cut of a network whose frozen part is frozen (`freezing.set_trainable`), None where there is none to make:
    where everything trains, or Python decides in its `forward` what it does.

    `example` is what the network takes, N×C×H×W with N of at least 2. The graph and its two halves are compared with
    the network on it, in eval mode; a cut that gives anything else by a bit is none.
    """
    modes = {name: module.training for name, module in network.named_modules()}
    try:
        graph = _Tracer().trace(network)
        warm = _warm(graph, network)
        network.eval()
        with torch.no_grad():
            watch = _Watch(fx.GraphModule(network, graph))
            whole = watch.run(example)
            if not torch.equal(network(example), whole):  # it does something else in training, which the graph has
                return None
            parts = _Parts(graph, warm, watch.tensors)
            return _checked(network, parts, example, whole) if parts.is_a_cut else None
    except Exception:  # fx raises whatever the network's own code raises on a proxy; then nothing is cut
        return None
    finally:
        for name, module in network.named_modules():
            module.training = modes[name]


def _warm(graph: fx.Graph, network: nn.Module) -> set[fx.Node]:
    """The nodes that must run in every step: they train, draw at random, or depend on what does."""
    warm: set[fx.Node] = set()
    for node in graph.nodes:
        if any(source in warm for source in node.all_input_nodes) or _is_warm(node, network):
            warm.add(node)
    return warm


def _is_warm(node: fx.Node, network: nn.Module) -> bool:
    if node.op == "get_attr":
        return bool(_attribute(network, str(node.target)).requires_grad)
    if node.op == "call_module":
        module = network.get_submodule(str(node.target))
        return any(p.requires_grad for p in module.parameters()) or any(map(_draws, module.modules()))
    if node.op == "call_function":
        return node.kwargs.get("training") is True and node.kwargs.get("p") not in (0, 0.0)
    return node.op == "output"


def _draws(module: nn.Module) -> bool:
    """Whether a module in train mode gives something else than in eval mode."""
    if not module.training or getattr(module, "p", None) == 0.0:
        return False
    if isinstance(module, DRAW):
        return True
    holds_nothing = not any(True for _ in module.children()) and not any(True for _ in module.buffers())
    return not (holds_nothing and type(module).__module__ in DETERMINISTIC)


def _attribute(network: nn.Module, path: str) -> Tensor:
    container, _, name = path.rpartition(".")
    found: Tensor = getattr(network.get_submodule(container), name)
    return found


class _Watch(fx.Interpreter):
    """Runs a graph and notes which of its nodes give tensors."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.tensors: set[fx.Node] = set()

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, Tensor):
            self.tensors.add(n)
        return value


class _Parts:
    """Which nodes go where. `boundary` is what the second half takes; `copied` is what it works out again: sizes, and
    what depends on no input, such as a table of positions."""

    def __init__(self, graph: fx.Graph, warm: set[fx.Node], tensors: set[fx.Node]) -> None:
        self.graph, self.warm, self._tensors = graph, warm, tensors
        self._from_input: set[fx.Node] = set()
        for node in graph.nodes:
            if node.op == "placeholder" or any(source in self._from_input for source in node.all_input_nodes):
                self._from_input.add(node)
        self.boundary: list[fx.Node] = []
        self.copied: set[fx.Node] = set()
        for node in graph.nodes:
            if node in warm:
                for source in node.all_input_nodes:
                    self._need(source)
        self._store_less()

    def _store_less(self) -> None:
        """What is a pooling or a joining of other boundary tensors is worked out again rather than stored."""
        for node in [node for node in self.graph.nodes if node in self.boundary]:
            if node.all_input_nodes and all(source in self.boundary for source in node.all_input_nodes):
                self.boundary.remove(node)
                self.copied.add(node)

    def _need(self, node: fx.Node) -> None:
        if node in self.warm or node in self.copied or node in self.boundary:
            return
        if node in self._tensors and node in self._from_input:
            self.boundary.append(node)
            return
        self.copied.add(node)
        for source in node.all_input_nodes:
            self._need(source)

    @property
    def is_a_cut(self) -> bool:
        return bool(self.boundary) and all(node.op != "placeholder" for node in self.boundary)

    def first_half(self) -> fx.Graph:
        half, copies = fx.Graph(), dict[fx.Node, fx.Node]()
        for node in self.graph.nodes:
            if node not in self.warm:
                copies[node] = half.node_copy(node, lambda source: copies[source])
        half.output(tuple(copies[node] for node in self.boundary))
        return half

    def second_half(self) -> fx.Graph:
        half = fx.Graph()
        copies = {node: half.placeholder(f"boundary_{place}") for place, node in enumerate(self.boundary)}
        for node in self.graph.nodes:
            if node in self.warm or node in self.copied:
                copies[node] = half.node_copy(node, lambda source: copies[source])
        half.lint()
        return half


def _checked(network: nn.Module, parts: _Parts, example: Tensor, whole: Tensor) -> Cut | None:
    frozen = fx.GraphModule(network, parts.first_half())
    frozen.graph.eliminate_dead_code()
    frozen.delete_all_unused_submodules()
    frozen.recompile()
    values: tuple[Tensor, ...] = frozen(example)
    if any(value.shape[0] != example.shape[0] or value.dtype != torch.float32 for value in values):
        return None
    shapes = tuple(tuple(value.shape[1:]) for value in values)
    last = tuple(value.ndim == 4 and value.is_contiguous(memory_format=torch.channels_last) for value in values)
    made = Cut(frozen, fx.GraphModule(network, parts.second_half()), shapes, last)
    return made if torch.equal(made.trained(*made.parted(made.joined(values))), whole) else None
