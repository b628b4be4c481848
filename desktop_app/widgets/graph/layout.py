"""Where everything stands in the drawing of a network, from the top down; plain numbers, safe to do in a thread.

Each unfolded group is laid out by itself and stands as one large box, a frame, in the group around it: so a frame never
covers what is not in it. Data crosses the edge of a frame at a port.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from desktop_app.widgets.graph.fold import Part, Seen
from desktop_app.widgets.graph.order import Link, Vertex, add_lanes, ordered_rows, set_rows
from desktop_app.widgets.graph.place import place_across

TITLE = 26.0
"""Height of the strip with the name of a frame."""
INSIDE = 14.0
"""Pixels between a frame and what is in it."""
ROW_GAP, PORT_GAP = 26.0, 14.0


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of the drawing."""

    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    def moved(self, x: float, y: float) -> Box:
        return Box(self.x + x, self.y + y, self.width, self.height)


@dataclass(frozen=True)
class Wire:
    """A piece of the line that carries the output of `source`: down from (x0, y0) to `bend`, then in a curve to
    (x1, y1). `targets` is what it leads to; `ends` says that it ends there, with an arrow."""

    source: Part
    targets: frozenset[Part]
    x0: float
    y0: float
    bend: float
    x1: float
    y1: float
    ends: bool

    def moved(self, x: float, y: float) -> Wire:
        return Wire(
            self.source, self.targets, self.x0 + x, self.y0 + y, self.bend + y, self.x1 + x, self.y1 + y, self.ends
        )


@dataclass(frozen=True)
class Layout:
    """Boxes of what is seen, frames of what is unfolded (the outer before the inner), and the lines."""

    boxes: dict[Part, Box] = field(default_factory=dict)
    frames: dict[Part, Box] = field(default_factory=dict)
    wires: tuple[Wire, ...] = ()
    width: float = 0.0
    height: float = 0.0


Sizes = Mapping[Part, tuple[float, float]]
Ports = dict[tuple[str, Part], Vertex]
_Ends = dict[tuple[Part, object, object], set[Part]]


def lay_out(root: Part, seen: Seen, sizes: Sizes) -> Layout:
    """Lay out what is seen; `sizes` are the width and height of each part in it."""
    if not seen.parts:
        return Layout()
    level = _Level(root, _links_by_group(seen), frozenset(seen.parts), sizes)
    return Layout(level.boxes, level.frames, tuple(level.wires), level.width, level.height)


def _links_by_group(seen: Seen) -> dict[Part, _Ends]:
    """For each unfolded group the lines in it: from a child or a port to a child or a port, with what they reach."""
    links: dict[Part, _Ends] = defaultdict(lambda: defaultdict(set))
    for source, target in seen.edges:
        above_source, above_target = list(source.above()), list(target.above())
        meeting = next(group for group in above_source if group in above_target)
        tail: Part = source
        for group in above_source[: above_source.index(meeting)]:
            links[group][source, tail, "out"].add(target)
            tail = group
        head: Part = target
        for group in above_target[: above_target.index(meeting)]:
            links[group][source, "in", head].add(target)
            head = group
        links[meeting][source, tail, head].add(target)
    return links


class _Level:
    """One group: its children side by side and below one another, the corner of the group at (0, 0)."""

    def __init__(self, group: Part, links: dict[Part, _Ends], seen: frozenset[Part], sizes: Sizes) -> None:
        self.boxes: dict[Part, Box] = {}
        self.frames: dict[Part, Box] = {}
        self.wires: list[Wire] = []
        self._is_root = group.parent is None
        self._inner: dict[Part, _Level] = {}
        self._vertices: dict[object, Vertex] = {}
        self.ports: Ports = {}
        for child in group.children:
            if child in seen:
                width, height = sizes[child]
                self._vertices[child] = Vertex(width / 2, width / 2, height)
            else:
                inner = self._inner[child] = _Level(child, links, seen, sizes)
                axis = inner.axis()
                self._vertices[child] = Vertex(axis, inner.width - axis, inner.height)
        ends = links.get(group, {})
        made = [self._link(*key, targets) for key, targets in ends.items()]
        self._place(made)

    def axis(self) -> float:
        """The x that what comes before should stand above: where the newest data comes in."""
        entries = [port for (side, _), port in self.ports.items() if side == "in"]
        return min(entries, key=lambda port: port.turn).x if entries else self.width / 2

    def _link(self, net: Part, tail: object, head: object, targets: set[Part]) -> Link:
        link = Link(net, self._end(net, tail), self._end(net, head), set(targets))
        if tail in self._inner:
            inner = self._inner[tail]  # type: ignore[index]
            link.tail_at = inner.ports["out", net].x - inner.axis()
        if head in self._inner:
            inner = self._inner[head]  # type: ignore[index]
            link.head_at = inner.ports["in", net].x - inner.axis()
        return link

    def _end(self, net: Part, end: object) -> Vertex:
        if not isinstance(end, str):
            return self._vertices[end]
        if (end, net) not in self.ports:
            self.ports[end, net] = Vertex(pinned="top" if end == "in" else "bottom", turn=-net.nodes[-1].number)
        return self.ports[end, net]

    def _place(self, links: list[Link]) -> None:
        vertices = [*self._vertices.values(), *self.ports.values()]
        set_rows(vertices, links)
        lanes, pieces = add_lanes(links)
        rows = ordered_rows([*vertices, *lanes], pieces)
        wide = place_across(rows, pieces)
        margin = 0.0 if self._is_root else INSIDE
        for vertex in (*vertices, *lanes):
            vertex.x += margin
        self.width = wide + 2 * margin
        if not self._is_root:
            self._make_room_for_title(vertices + lanes)
        bottoms = self._place_down(rows, pieces)
        self._collect(pieces, bottoms)

    def _make_room_for_title(self, vertices: list[Vertex]) -> None:
        """A frame is at least as wide as a short name, its content in the middle."""
        lacks = 120.0 - self.width
        if lacks > 0:
            self.width += lacks
            for vertex in vertices:
                vertex.x += lacks / 2

    def _place_down(self, rows: list[list[Vertex]], links: list[Link]) -> list[float]:
        """Set `y` of all vertices and return where each row ends."""
        slant = [0.0] * len(rows)
        for link in links:
            across = abs(link.head.x + link.head_at - link.tail.x - link.tail_at)
            slant[link.head.row] = max(slant[link.head.row], across)
        y, bottoms = (0.0 if self._is_root else TITLE), []
        for number, row in enumerate(rows):
            ports = row[0].pinned or (number and rows[number - 1][0].pinned)
            if number:
                y += (PORT_GAP if ports else ROW_GAP) + min(22.0, slant[number] * 0.08)
            for vertex in row:
                vertex.y = y
            y += max(vertex.height for vertex in row)
            bottoms.append(y)
        ends_with_ports = rows[-1][0].pinned == "bottom"
        self.height = y if self._is_root or ends_with_ports else y + INSIDE
        return bottoms

    def _collect(self, links: list[Link], bottoms: list[float]) -> None:
        for child, vertex in self._vertices.items():
            x, y = vertex.x - vertex.left, vertex.y
            inner = self._inner.get(child)  # type: ignore[arg-type]
            if inner is None:
                self.boxes[child] = Box(x, y, vertex.left + vertex.right, vertex.height)  # type: ignore[index]
                continue
            self.frames[child] = Box(x, y, inner.width, inner.height)  # type: ignore[index]
            self.boxes |= {part: box.moved(x, y) for part, box in inner.boxes.items()}
            self.frames |= {part: box.moved(x, y) for part, box in inner.frames.items()}
            self.wires += [wire.moved(x, y) for wire in inner.wires]
        ending = {self._vertices[child] for child in self.boxes if child in self._vertices}
        for link in links:
            tail, head = link.tail, link.head
            self.wires.append(
                Wire(
                    link.net,  # type: ignore[arg-type]
                    frozenset(link.targets),  # type: ignore[arg-type]
                    tail.x + link.tail_at,
                    0.0 if tail.pinned else tail.y + tail.height,  # from the edge of the frame
                    bottoms[tail.row],
                    head.x + link.head_at,
                    head.y,
                    head in ending,
                )
            )
