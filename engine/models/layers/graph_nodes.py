"""From what a trace saw to the nodes of the graph: attention as one node, and nothing that leads nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import nn

from engine.events import GraphNode
from engine.models.layers.operations import ATTENTION
from engine.models.layers.receptive_field import Field

Shape = tuple[int, ...]


@dataclass(eq=False)
class Visit:
    """One call of a module."""

    name: str
    module: nn.Module
    parent: Visit | None
    functions: list[str] = field(default_factory=list)
    products: int = 0
    """Matrix products of two results, called by this module itself."""
    inputs: tuple[int, ...] = ()
    fields: tuple[Field | None, ...] = ()
    shape: Shape = ()
    lent: list[str] = field(default_factory=list)
    """Owners that are not called themselves: their parameters went into torch's attention, called by this module."""

    @property
    def leaf(self) -> bool:
        return next(self.module.children(), None) is None

    def inside(self, other: Visit) -> bool:
        visit: Visit | None = self
        while visit is not None and visit is not other:
            visit = visit.parent
        return visit is other


@dataclass(eq=False)
class Node:
    """One operation, as it was seen in `visit`; `inputs` are places in the list of all."""

    name: str
    op: str
    kind: str
    inputs: tuple[int, ...]
    shape: Shape
    visit: Visit
    layer: str


def attending_visits(visits: list[Visit]) -> list[Visit]:
    """The calls that attend by functions of their own: a product, a softmax and a product, or torch's functions."""
    found: list[Visit] = []
    softmax = {id(one.parent) for one in visits if isinstance(one.module, nn.Softmax)}
    for visit in visits:
        named = any(word in type(visit.module).__name__.lower() for word in ("attention", "attn"))
        soft = "softmax" in visit.functions or id(visit) in softmax
        attends = bool(ATTENTION & set(visit.functions)) or (visit.products > 0 and soft)
        if (
            (attends or (visit.products > 1 and named))
            and visit.parent is not None
            and not any(visit.inside(one) for one in found)
        ):
            found.append(visit)
    return found


def drawn(nodes: list[Node], attending: list[Visit], layers: set[str]) -> tuple[GraphNode, ...]:
    """The nodes for the graph: each attention one node, what leads nowhere left out, numbered anew."""
    stands_for = list(range(len(nodes)))
    for visit in attending:
        members = [number for number, node in enumerate(nodes) if node.visit.inside(visit)]
        if not members:
            continue
        last = members[-1]
        outside = (source for number in members for source in nodes[number].inputs if source not in members)
        inputs = tuple(dict.fromkeys(outside))
        op = type(visit.module).__name__
        nodes[last] = Node(visit.name, op, "attention", inputs, visit.shape, visit, visit.name)
        for number in members:
            stands_for[number] = last
    wanted = {len(nodes) - 1, 0}
    for number in range(len(nodes) - 1, -1, -1):
        if number in wanted:
            wanted.update(stands_for[source] for source in nodes[number].inputs)
    order = {old: new for new, old in enumerate(sorted(wanted))}
    return tuple(
        GraphNode(
            order[old],
            node.name,
            node.op,
            node.kind,
            tuple(dict.fromkeys(order[stands_for[source]] for source in node.inputs)),
            node.shape,
            node.layer if node.layer in layers else "",
        )
        for old, node in ((old, nodes[old]) for old in order)
    )
