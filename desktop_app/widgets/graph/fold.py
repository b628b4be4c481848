"""The operations of a network as boxes in groups that fold, and what of it is seen: plain data, without a window.

Groups come from the dotted names. Operations that follow one another in a line, as convolution, normalisation and
activation do, are one box.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from engine.events import GraphNode

AT_FIRST = 36
"""How many boxes are seen at first, at most: as deep a level is unfolded as keeps to it. About two screens of boxes."""

_QUIET = {
    "dropout",
    "dropout2d",
    "dropout3d",
    "stochasticdepth",
    "stochastic_depth",
    "droppath",
    "identity",
    "contiguous",
}
"""Operations that change nothing in prediction: they go with the box before them."""
_WEIGHTED = ("conv", "linear")
_TELLING = ("attention", "conv", "linear", "pool", "merge", "norm", "activation")
"""Which operation of a box it is called after, the first of these that is in it."""


@dataclass(eq=False)
class Part:
    """A group, or a box where it has no `children`.

    `nodes` are all operations in it, in execution order. `owners` are the positions, in execution order, of the owners
    of parameters that belong to it, and `parameters` is how many they have together; both are filled in by
    `freeze.give_owners`.
    """

    name: str
    title: str
    parent: Part | None = None
    children: list[Part] = field(default_factory=list)
    nodes: tuple[GraphNode, ...] = ()
    owners: tuple[int, ...] = ()
    parameters: int = 0

    @property
    def main(self) -> GraphNode:
        """The operation that a box is called after."""
        return min(self.nodes, key=lambda node: _TELLING.index(node.kind) if node.kind in _TELLING else len(_TELLING))

    @property
    def output_shape(self) -> tuple[int, ...]:
        return self.nodes[-1].output_shape

    def walk(self) -> Iterator[Part]:
        """This part and all below it, each before its own children."""
        yield self
        for child in self.children:
            yield from child.walk()

    def above(self) -> Iterator[Part]:
        """The groups that this part lies in, from the inside out; the whole network is the last."""
        part = self.parent
        while part is not None:
            yield part
            part = part.parent


@dataclass(frozen=True)
class Seen:
    """What is seen of a network with some groups unfolded: boxes and folded groups in execution order, and which
    feeds which. It is the quotient of the network by what is folded."""

    parts: tuple[Part, ...]
    edges: tuple[tuple[Part, Part], ...]
    of_node: dict[int, Part]

    def in_sight(self, part: Part) -> Part | None:
        """The part itself where it is in sight, or the folded group that hides it."""
        if any(part in one.above() for one in self.parts):
            return part
        return next((one for one in (part, *part.above()) if one in self.parts), None)


def grow(nodes: Iterable[GraphNode]) -> Part:
    """The root of the tree of groups and boxes. Raises ValueError where an operation takes what comes after it."""
    nodes = tuple(sorted(nodes, key=lambda node: node.number))
    _check(nodes)
    root = Part("", "", nodes=nodes)
    groups = {"": root}
    for node in nodes:
        above, _, title = node.name.rpartition(".")
        group = _group(groups, above)
        group.children.append(Part(node.name, title, group, nodes=(node,)))
    _gather(root)
    _dissolve(root, nodes)
    feeds = _consumers(nodes)
    for part in list(root.walk()):
        _fuse(part, feeds)
    _merge(root)
    return root


def seen(root: Part, unfolded: Collection[str]) -> Seen:
    """What is seen when the groups of these names are unfolded and all others folded."""
    parts: list[Part] = []
    stack = list(reversed(root.children))
    while stack:
        part = stack.pop()
        if part.children and part.name in unfolded:
            stack.extend(reversed(part.children))
        else:
            parts.append(part)
    parts.sort(key=lambda part: part.nodes[0].number)
    of_node = {node.number: part for part in parts for node in part.nodes}
    edges = {
        (of_node[number], of_node[node.number]): None
        for node in root.nodes
        for number in node.inputs
        if of_node[number] is not of_node[node.number]
    }
    return Seen(tuple(parts), tuple(edges), of_node)


def unfolded_at_first(root: Part, most: int = AT_FIRST) -> frozenset[str]:
    """The groups to unfold so that the network is readable at first sight: level by level, while at most `most` boxes
    are seen."""
    unfolded: set[str] = set()
    level = [part for part in root.children if part.children]
    shown = len(root.children)
    while level:
        shown += sum(len(part.children) - 1 for part in level)
        if shown > most:
            break
        unfolded |= {part.name for part in level}
        level = [child for part in level for child in part.children if child.children]
    return frozenset(unfolded)


def _check(nodes: tuple[GraphNode, ...]) -> None:
    known: set[int] = set()
    for node in nodes:
        if not known.issuperset(node.inputs) or node.number in known:
            raise ValueError(f"the operation “{node.name}” takes what comes after it")
        known.add(node.number)


def _group(groups: dict[str, Part], name: str) -> Part:
    if name not in groups:
        above, _, title = name.rpartition(".")
        parent = _group(groups, above)
        groups[name] = Part(name, title, parent)
        parent.children.append(groups[name])
    return groups[name]


def _gather(part: Part) -> None:
    for child in part.children:
        _gather(child)
    if part.children:
        nodes = itertools.chain.from_iterable(child.nodes for child in part.children)
        part.nodes = tuple(sorted(nodes, key=lambda node: node.number))


def _dissolve(part: Part, nodes: tuple[GraphNode, ...]) -> None:
    """Take away groups that data leaves and comes back to, so that nothing folded ever feeds itself."""
    while groups := [child for child in _in_circles(part) if child.children]:
        returning = [group for group in groups if _comes_back(group, nodes)]
        group = min(returning or groups, key=lambda group: len(group.nodes))
        for inner in group.children:
            inner.title, inner.parent = f"{group.title}.{inner.title}", part
        part.children = [child for child in part.children if child is not group] + group.children
    part.children.sort(key=lambda child: child.nodes[0].number)
    for child in part.children:
        if child.children:
            _dissolve(child, nodes)


def _in_circles(part: Part) -> list[Part]:
    """The children that feed themselves through others, and those between two such."""
    of_node = {node.number: child for child in part.children for node in child.nodes}
    feeds: dict[Part, set[Part]] = {child: set() for child in part.children}
    for child in part.children:
        feeds[child] = {of_node[number] for node in child.nodes for number in node.inputs if number in of_node}
    left = set(part.children)
    while True:
        fed_from = {source for child in left for source in feeds[child] if source is not child}
        kept = {child for child in left & fed_from if (feeds[child] - {child}) & left}
        if kept == left:
            return [child for child in part.children if child in left]
        left = kept


def _comes_back(group: Part, nodes: tuple[GraphNode, ...]) -> bool:
    inside = {node.number for node in group.nodes}
    last, left = max(inside), set()
    for node in nodes:
        if node.number > last:
            return False
        if node.number in inside:
            if not left.isdisjoint(node.inputs):
                return True
        elif any(number in inside or number in left for number in node.inputs):
            left.add(node.number)
    return False


def _consumers(nodes: tuple[GraphNode, ...]) -> dict[int, int]:
    """How many operations take each one's output."""
    feeds = {node.number: 0 for node in nodes}
    for node in nodes:
        for number in set(node.inputs):
            feeds[number] += 1
    return feeds


def _fuse(group: Part, feeds: dict[int, int]) -> None:
    """Join boxes of this group that follow one another in a line."""
    ends: dict[int, Part] = {}  # the last operation of a box that may still grow
    children: list[Part] = []
    for child in group.children:
        if child.children:
            children.append(child)
            continue
        (node,) = child.nodes
        before = ends.pop(node.inputs[0], None) if len(set(node.inputs)) == 1 else None
        if before is not None and feeds[node.inputs[0]] == 1 and _goes_with(before.nodes, node):
            before.nodes += (node,)
            main = before.main
            before.name, before.title = main.name, before.title if main is not node else child.title
        else:
            before = child
            children.append(child)
        ends[node.number] = before
    group.children = children


def _goes_with(chain: tuple[GraphNode, ...], node: GraphNode) -> bool:
    kinds = [one.kind for one in chain if not _is_quiet(one)]
    if not kinds or kinds[0] in ("input", "output"):
        return False
    if _is_quiet(node):
        return True
    if node.kind == "shape":
        return set(kinds) == {"shape"}
    if node.kind == "activation":
        return kinds in (["norm"], ["merge"], ["conv"], ["linear"], ["conv", "norm"], ["linear", "norm"])
    if node.kind == "norm":
        return kinds in (["conv"], ["linear"])
    return node.kind in _WEIGHTED and kinds == ["norm", "activation"]  # pre-activation


def _is_quiet(node: GraphNode) -> bool:
    return node.kind == "other" and node.op.lower() in _QUIET


def _merge(part: Part) -> None:
    """A group of one thing is that thing, under the name of the group."""
    for place, child in enumerate(part.children):
        while len(child.children) == 1:
            (only,) = child.children
            only.title, only.parent = child.title, part
            child = only
        part.children[place] = child
        _merge(child)
