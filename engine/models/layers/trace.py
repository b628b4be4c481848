"""What a network does with an image, watched while it does it: which modules are called, in which order, which
functions of torch join them, the shapes between, the multiply-adds and the receptive fields.

The network runs in eval mode, as a rule on the meta device, where nothing is computed. Hooks tell which module runs; a
TorchFunctionMode sees each function of torch called from Python, and the tensors' identities give the edges. So every
network written in Python can be traced: nothing needs to be symbolic.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from engine.events import GraphNode
from engine.models.layers.graph_nodes import Node, Shape, Visit, attending_visits, drawn
from engine.models.layers.operations import (
    ATTENTION,
    MATMULS,
    NEW_TENSORS,
    SHAPE_ONLY,
    Call,
    field_after,
    kind_of_function,
    kind_of_module,
    op_name,
)
from engine.models.layers.receptive_field import Field, whole

_ALWAYS_SHAPE = SHAPE_ONLY - {"flatten"}


@dataclass
class Seen:
    """What is known of a module's first call: shape without the batch, and what its places see (None: everything).
    `constant` says that the result does not depend on the image."""

    shape: Shape = ()
    field: Field | None = None
    constant: bool = True

    def size_and_stride(self, image: tuple[int, int]) -> tuple[int | None, int | None]:
        """Receptive field and stride in pixels; (None, None) for the whole image, (0, None) for none of it."""
        if self.constant:
            return 0, None
        return (None, None) if self.field is None else self.field.size_and_stride(image)


@dataclass(frozen=True)
class Trace:
    """`seen`: every module called, and every module whose own parameters a function took, in order of first use.
    `rows`: those of them that the layer tree shows: leaf modules, owners of parameters, and modules that attend or
    multiply matrices themselves. `flops`: multiply-adds by the module in which they happen."""

    seen: dict[str, Seen]
    rows: tuple[str, ...]
    flops: dict[str, int]
    nodes: tuple[GraphNode, ...]


def trace(network: nn.Module, images: Tensor) -> Trace:
    """Run `network`, which is in eval mode, on `images` (N×C×H×W) and tell what happened; numbers are for one image.

    Raises whatever the network raises on images that it cannot take.
    """
    tracer = _Tracer(network, images)
    hooks = [
        hook
        for name, module in network.named_modules()
        for hook in (
            module.register_forward_pre_hook(tracer.enter(name), with_kwargs=True),
            module.register_forward_hook(tracer.leave, with_kwargs=True),
        )
    ]
    try:
        with torch.no_grad(), _Products(tracer), tracer:
            logits = network(images)
    finally:
        for hook in hooks:
            hook.remove()
    return tracer.finish(logits, len(images))


class _Products(TorchDispatchMode):
    """Counts multiply-adds with torch's own formulas, half of its floating-point operations."""

    def __init__(self, tracer: _Tracer) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._tracer = tracer

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        formula = flop_registry.get(func._overloadpacket)
        if formula is not None:
            self._tracer.count(formula(*args, **(kwargs or {}), out_val=result) // 2)
        return result


class _Tracer(TorchFunctionMode):
    def __init__(self, network: nn.Module, images: Tensor) -> None:
        super().__init__()
        self._owners = {id(one): name for name, part in network.named_modules() for one in _own_tensors(part)}
        self._seen: dict[str, Seen] = {}
        self._flops: dict[str, int] = defaultdict(int)
        self._visits: list[Visit] = []
        self._past: list[Visit] = []
        self._numbers: dict[str, int] = defaultdict(int)
        self._kept: list[Tensor] = []  # alive, so that no identity is given twice
        self._producer: dict[int, int] = {}
        self._fields: dict[int, Field | None] = {}
        self._modules = dict(network.named_modules())
        root = Visit("", network, None)
        self._nodes = [Node("input", "Input", "input", (), tuple(images.shape[1:]), root, "")]
        self._size = (int(images.shape[-2]), int(images.shape[-1]))
        self._give(images, 0, Field(whole(self._size[0]), whole(self._size[1])))

    # --- modules ---------------------------------------------------------------------------------------------------

    def enter(self, name: str) -> Any:
        def entered(module: nn.Module, args: Any, kwargs: Any) -> None:
            visit = Visit(name, module, self._visits[-1] if self._visits else None)
            taken = [one for one in _tensors((args, kwargs)) if id(one) in self._fields]
            visit.inputs = self._producers(taken)
            visit.fields = tuple(self._fields[id(one)] for one in taken)
            self._visits.append(visit)
            self._past.append(visit)
            self._seen.setdefault(name, Seen())

        return entered

    def leave(self, module: nn.Module, args: Any, kwargs: Any, result: Any) -> None:
        visit = self._visits.pop()
        results = list(_tensors(result))
        taken = {id(one) for one in _tensors((args, kwargs))}
        for one in results:
            if id(one) not in self._fields and visit.fields:  # made by something that no mode sees
                self._give(one, None, _joined(visit.fields))
        if visit.leaf and self._in_leaf() is None and visit.inputs:
            untouched = all(id(one) in taken for one in results) and not visit.functions
            if untouched or (set(visit.functions) <= _ALWAYS_SHAPE and not _reshapes(module)):
                self._pass_on(results, visit.inputs[0])
            else:
                kind = kind_of_module(module, set(visit.functions))
                shape = tuple(results[0].shape[1:]) if results else ()
                node = Node(visit.name, type(module).__name__, kind, visit.inputs, shape, visit, visit.name)
                self._pass_on(results, self._add(node))
        for one in results:
            if id(one) not in self._producer and id(one) in self._fields and self._in_leaf() is None and visit.inputs:
                node = Node(visit.name, type(module).__name__, "other", visit.inputs, tuple(one.shape[1:]), visit, "")
                self._pass_on([one], self._add(node))
        if results:
            visit.shape = tuple(results[0].shape[1:])
            for name in (visit.name, *visit.lent):
                if not self._seen[name].shape:
                    self._notice(name, results[0])

    def _in_leaf(self) -> Visit | None:
        return next((visit for visit in self._visits if visit.leaf), None)

    # --- functions -------------------------------------------------------------------------------------------------

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        op = op_name(getattr(func, "__name__", ""))
        results = [args[0]] if op == "setitem" else list(_tensors(result))
        if results and self._visits:
            self._called(op, args, kwargs or {}, results)
        return result

    def _called(self, op: str, args: tuple[Any, ...], kwargs: dict[str, Any], results: list[Tensor]) -> None:
        visit = self._visits[-1]
        given = list(_tensors((args, kwargs)))
        taken = [one for one in given if id(one) in self._fields]
        owned = [self._owners[id(one)] for one in given if id(one) in self._owners]
        if not taken or op in NEW_TENSORS:
            for name in owned:
                self._seen.setdefault(name, Seen())
            for one in results:  # a parameter reshaped is still its owner's
                self._kept.append(one)
                if owned:
                    self._owners[id(one)] = owned[0]
            return
        seen = field_after(self._as_call(op, args, kwargs, results[0], taken))
        inputs = self._producers(taken)
        visit.functions.append(op)
        visit.products += op in MATMULS and len(taken) > 1
        for one in results:
            self._give(one, None, seen)
        running = {one.name for one in self._visits}
        for name in owned:
            if not self._seen.setdefault(name, Seen()).shape and name not in running:
                if op in ATTENTION:
                    visit.lent.append(name)
                else:
                    self._notice(name, results[0])
        if self._in_leaf() is not None or not inputs:
            return
        shape = tuple(results[0].shape[1:])
        same = op == "pad" and shape == tuple(taken[0].shape[1:])
        if same or op in _ALWAYS_SHAPE or (op == "flatten" and len(shape) > 1):
            self._pass_on(results, inputs[0])
            return
        kind = kind_of_function(op, len(inputs), len(owned))
        if visit.name in owned and kind in ("conv", "linear", "norm"):  # the module's own work
            node = Node(visit.name, type(visit.module).__name__, kind, inputs, shape, visit, visit.name)
        else:
            name = f"{visit.name}.{op}".removeprefix(".")
            count = self._numbers[name]
            self._numbers[name] += 1
            layer = next(iter(owned), visit.name)
            node = Node(f"{name}_{count}" if count else name, op, kind, inputs, shape, visit, layer)
        self._pass_on(results, self._add(node))

    def _as_call(
        self, op: str, args: tuple[Any, ...], kwargs: dict[str, Any], result: Tensor, taken: list[Tensor]
    ) -> Call:
        return Call(
            op,
            args,
            kwargs,
            tuple(result.shape),
            tuple(tuple(one.shape) for one in taken),
            tuple(self._fields[id(one)] for one in taken),
            self._windows(),
            "PatchMerging" in type(self._visits[-1].module).__name__,
        )

    def _windows(self) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Width and shift of the windows in which the running module attends (Swin's own words for them)."""
        for visit in reversed(self._visits):
            width, shift = getattr(visit.module, "window_size", None), getattr(visit.module, "shift_size", None)
            if width is not None and shift is not None:
                return _two(width), _two(shift)
        return None

    # --- what is known of a tensor ---------------------------------------------------------------------------------

    def count(self, products: int) -> None:
        self._flops[self._visits[-1].name if self._visits else ""] += products

    def _give(self, tensor: Tensor, producer: int | None, seen: Field | None) -> None:
        self._kept.append(tensor)
        self._fields[id(tensor)] = seen
        if producer is not None:
            self._producer[id(tensor)] = producer

    def _pass_on(self, tensors: Iterable[Tensor], producer: int) -> None:
        for one in tensors:
            if id(one) in self._fields:
                self._producer[id(one)] = producer

    def _producers(self, tensors: list[Tensor]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(self._producer[id(one)] for one in tensors if id(one) in self._producer))

    def _notice(self, name: str, result: Tensor) -> None:
        depends = id(result) in self._fields
        self._seen[name] = Seen(tuple(result.shape[1:]), self._fields.get(id(result)), not depends)

    def _add(self, node: Node) -> int:
        self._nodes.append(node)
        return len(self._nodes) - 1

    # --- the end ---------------------------------------------------------------------------------------------------

    def finish(self, logits: Any, images: int) -> Trace:
        results = list(_tensors(logits))
        last = self._producers(results)
        root = self._nodes[0].visit
        self._add(Node("output", "Output", "output", last, tuple(results[0].shape[1:]), root, ""))
        attending = attending_visits(self._past)
        flops = {name: count // images for name, count in self._flops.items() if count}
        shown = {visit.name for visit in attending} | set(flops)
        rows = tuple(name for name in self._seen if name in shown or _is_row(self._modules[name]))
        return Trace(self._seen, rows, flops, drawn(self._nodes, attending, set(rows)))


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _tensors(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _tensors(one)


def _is_row(module: nn.Module) -> bool:
    leaf = next(module.children(), None) is None
    return (leaf and not isinstance(module, nn.Identity)) or next(module.parameters(recurse=False), None) is not None


def _own_tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters(recurse=False)
    yield from module.buffers(recurse=False)


def _joined(fields: tuple[Field | None, ...]) -> Field | None:
    known = [one for one in fields if one is not None]
    if len(known) < len(fields):
        return None
    seen = known[0]
    for other in known[1:]:
        seen = seen.join(other)
    return seen


def _reshapes(module: nn.Module) -> bool:
    """Flatten, Permute and their like, which a person put there by name; dropout is not drawn."""
    return isinstance(module, nn.Flatten | nn.Unflatten) or type(module).__name__ == "Permute"


def _two(size: Any) -> tuple[int, int]:
    return (int(size[0]), int(size[1])) if isinstance(size, tuple | list) else (int(size), int(size))
