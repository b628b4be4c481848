"""The layers of a model as a tree of blocks: plain data, without a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.events import Layer


@dataclass(eq=False)
class Node:
    """A block, or a layer (then `layer` is set). `owners` are the positions, in execution order and counted over the
    layers that have parameters, of all that lies in it; it is empty for a layer without parameters."""

    name: str
    title: str
    parent: Node | None = None
    layer: Layer | None = None
    row: int = 0
    children: list[Node] = field(default_factory=list)
    owners: tuple[int, ...] = ()
    parameters: int = 0
    layers: int = 0
    last: Layer | None = None

    def walk(self) -> Iterator[Node]:
        """All nodes below this one, each before its own children."""
        for child in self.children:
            yield child
            yield from child.walk()


def grow(layers: tuple[Layer, ...]) -> Node:
    """The root of the tree: blocks from the dotted names, in the order in which the model runs them.

    A block that holds one thing only is merged with it, and a block that owns parameters itself has them as its first
    child.
    """
    root = Node("", "")
    blocks = {"": root}
    parents = {prefix for layer in layers for prefix in _prefixes(layer.name)}
    for layer in layers:
        owner = layer.name in parents or not layer.name
        above = _block(blocks, layer.name if owner else layer.name.rpartition(".")[0])
        title = "(own)" if owner else layer.name.rpartition(".")[2]
        above.children.append(Node(layer.name, title, above, layer))
    _merge(root)
    _count(root, {name: position for position, name in enumerate(owners_of(layers))})
    return root


def owners_of(layers: tuple[Layer, ...]) -> tuple[str, ...]:
    """The names of the layers that have parameters, in execution order."""
    return tuple(layer.name for layer in layers if layer.parameters)


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts))]


def _block(blocks: dict[str, Node], name: str) -> Node:
    if name not in blocks:
        above, _, title = name.rpartition(".")
        parent = _block(blocks, above)
        blocks[name] = Node(name, title, parent)
        parent.children.append(blocks[name])
    return blocks[name]


def _merge(node: Node) -> None:
    for position, child in enumerate(node.children):
        while len(child.children) == 1 and child.layer is None:
            (only,) = child.children
            only.title = f"{child.title}.{only.title}" if only.title != "(own)" else child.title
            only.parent = node
            child = only
        node.children[position] = child
        child.row = position
        _merge(child)


def _count(node: Node, positions: dict[str, int]) -> None:
    if node.layer is not None:
        node.parameters, node.layers, node.last = node.layer.parameters, 1, node.layer
        node.owners = (positions[node.name],) if node.name in positions else ()
        return
    for child in node.children:
        _count(child, positions)
    node.parameters = sum(child.parameters for child in node.children)
    node.layers = sum(child.layers for child in node.children)
    node.owners = tuple(owner for child in node.children for owner in child.owners)
    node.last = node.children[-1].last if node.children else None
