"""The layers of a model as a tree of blocks: plain data, without a window."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from engine.events import GraphNode, Layer

OWN = "own parameters"
"""What a block's own parameters are called: a class token or a position embedding has no layer of its own."""
WRAPPER_SHARE = 0.75


@dataclass(eq=False)
class Node:
    """A block, or a layer (then `layer` is set). `owners` are the positions, in execution order and counted over the
    layers that have parameters, of all that lies in it; it is empty for a layer without parameters. `number` counts
    the nodes, each before its own children; `blocks` are the blocks of the model that it has a part in. Receptive
    field and stride are those of its output, None where the whole image is seen.
    """

    name: str
    title: str
    parent: Node | None = None
    layer: Layer | None = None
    own: bool = False
    row: int = 0
    number: int = 0
    children: list[Node] = field(default_factory=list)
    owners: tuple[int, ...] = ()
    blocks: frozenset[int] = frozenset()
    parameters: int = 0
    flops: int = 0
    layers: int = 0
    output_shape: tuple[int, ...] = ()
    receptive_field: int | None = 0
    stride: int | None = 0
    training_only: bool = False

    def depth(self) -> int:
        """1 for what lies in the root."""
        return 0 if self.parent is None else 1 + self.parent.depth()

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
        own = layer.name in parents or not layer.name
        above = _block(blocks, layer.name if own else layer.name.rpartition(".")[0])
        title = OWN if own else layer.name.rpartition(".")[2]
        above.children.append(Node(layer.name, title, above, layer, own))
    _merge(root)
    _count(root, {name: position for position, name in enumerate(owners_of(layers))})
    for number, node in enumerate(root.walk(), 1):
        node.number = number
    return root


def owners_of(layers: tuple[Layer, ...]) -> tuple[str, ...]:
    """The names of the layers that have parameters, in execution order."""
    return tuple(layer.name for layer in layers if layer.parameters)


def find(root: Node, name: str) -> Node | None:
    """The node of that dotted name; else the outermost within it (a block merged with what it holds); else the
    innermost around it (an operation that is no layer). None where nothing fits."""
    nodes = list(root.walk())
    exact = next((node for node in nodes if node.name == name), None)
    if exact or not name:
        return exact
    within = next((node for node in nodes if node.name.startswith(name + ".")), None)
    around = [node for node in nodes if node.name and name.startswith(node.name + ".")]
    return within or max(around, key=lambda node: len(node.name), default=None)


def set_output_shapes(root: Node, graph: Iterable[GraphNode]) -> None:
    """Give blocks the shape that their last operation puts out: of branches that are joined no single layer has it."""
    shapes: dict[str, tuple[int, ...]] = {}
    for operation in graph:
        for prefix in _prefixes(operation.name):
            shapes[prefix] = operation.output_shape
    for node in root.walk():
        if node.layer is None and node.name in shapes:
            node.output_shape = shapes[node.name]


def wrappers(root: Node) -> list[Node]:
    """The blocks that only hold the model's stages together: unfolded at opening, so that the stages can be seen.

    They reach over several blocks of the model; where the model names none, they hold most of its layers.
    """
    named = len(root.blocks) > 1
    found: list[Node] = []
    waiting = list(root.children)
    while waiting:
        node = waiting.pop(0)
        holds_stages = len(node.blocks) > 1 if named else node.layers > WRAPPER_SHARE * root.layers
        if node.children and holds_stages:
            found.append(node)
            waiting += node.children
    return found


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
            only.title = child.title if only.own else f"{child.title}.{only.title}"
            only.parent, only.own = node, False
            child = only
        node.children[position] = child
        child.row = position
        _merge(child)


def _count(node: Node, positions: dict[str, int]) -> None:
    if node.layer is not None:
        layer = node.layer
        node.parameters, node.flops, node.layers = layer.parameters, layer.flops, 1
        node.training_only = layer.training_only
        if not node.own:  # parameters compute nothing by themselves
            node.output_shape = layer.output_shape
            node.receptive_field, node.stride = layer.receptive_field, layer.stride
        node.owners = (positions[node.name],) if node.name in positions else ()
        node.blocks = frozenset({layer.block}) if node.owners else frozenset()
        return
    for child in node.children:
        _count(child, positions)
    node.parameters = sum(child.parameters for child in node.children)
    node.flops = sum(child.flops for child in node.children)
    node.layers = sum(child.layers for child in node.children)
    node.owners = tuple(owner for child in node.children for owner in child.owners)
    node.blocks = frozenset(block for child in node.children for block in child.blocks)
    node.training_only = all(child.training_only for child in node.children)
    called = [child for child in node.children if not child.own and (node.training_only or not child.training_only)]
    node.output_shape = called[-1].output_shape if called else ()
    # Branches that meet see what the widest of them sees.
    node.receptive_field = _largest([child.receptive_field for child in called])
    node.stride = _largest([child.stride for child in called])


def _largest(pixels: list[int | None]) -> int | None:
    return None if None in pixels else max((size for size in pixels if size is not None), default=0)
