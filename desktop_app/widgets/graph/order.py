"""Rows of a layered drawing: which row each vertex stands in, and in which order along the row.

The order, with few crossings, is fast-sugiyama's (MIT). Lines that pass a row take a place in it. All lines from one
vertex share one lane, so that a network in which everything feeds everything stays narrow.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass, field

from fast_sugiyama import from_edges


@dataclass(eq=False)
class Vertex:
    """Something with a place in a row: a box, a port, or a passing line (then `lane`).

    `left` and `right` are how far it reaches from its axis, in pixels. `pinned` is "top" or "bottom" for ports; of
    several, that with the least `turn` stands at the left.
    """

    left: float = 0.0
    right: float = 0.0
    height: float = 0.0
    lane: bool = False
    pinned: str = ""
    turn: int = 0
    row: int = 0
    x: float = 0.0
    y: float = 0.0


@dataclass(eq=False)
class Link:
    """A line from `tail` to `head`. Lines of one `net` carry the same data. `tail_at` and `head_at` say where it
    starts and ends, from the axes. `targets` is what the data reaches in the end. `spine` is the main way."""

    net: Hashable
    tail: Vertex
    head: Vertex
    targets: set[Hashable] = field(default_factory=set)
    tail_at: float = 0.0
    head_at: float = 0.0
    spine: bool = False


def set_rows(vertices: list[Vertex], links: list[Link]) -> None:
    """Give each vertex its row: just below all that feed it, and just above its first use where nothing does."""
    order = _sorted(vertices, links)
    into: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in vertices}
    out: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in vertices}
    for link in links:
        into[link.head].append(link.tail)
        out[link.tail].append(link.head)
    first = int(any(vertex.pinned == "top" for vertex in vertices))
    for vertex in order:
        above = [one.row + 1 for one in into[vertex]]
        vertex.row = 0 if vertex.pinned == "top" else max([first, *above])
    last = max((vertex.row for vertex in vertices if vertex.pinned != "bottom"), default=0)
    for vertex in vertices:
        if vertex.pinned == "bottom":
            vertex.row = last + 1
    for vertex in reversed(order):
        if not vertex.pinned and out[vertex] and not into[vertex]:
            vertex.row = max(vertex.row, min(one.row for one in out[vertex]) - 1)


def _sorted(vertices: list[Vertex], links: list[Link]) -> list[Vertex]:
    """The vertices, each after all that feed it. There are no circles: see `fold.grow`."""
    number = {vertex: place for place, vertex in enumerate(vertices)}
    waits = dict.fromkeys(vertices, 0)
    out: dict[Vertex, list[Vertex]] = {vertex: [] for vertex in vertices}
    for link in links:
        waits[link.head] += 1
        out[link.tail].append(link.head)
    ready = [number[vertex] for vertex in vertices if not waits[vertex]]
    order: list[Vertex] = []
    while ready:
        vertex = vertices[heapq.heappop(ready)]
        order.append(vertex)
        for head in out[vertex]:
            waits[head] -= 1
            if not waits[head]:
                heapq.heappush(ready, number[head])
    return order


def add_lanes(links: list[Link]) -> tuple[list[Vertex], list[Link]]:
    """Split links over several rows into links from one row to the next: the lanes, and all links."""
    lanes: dict[tuple[Hashable, Vertex, float, int], Vertex] = {}
    pieces: dict[tuple[Hashable, Vertex, float, Vertex, float], Link] = {}
    for link in sorted(links, key=lambda link: link.head.row):
        tail, tail_at = link.tail, link.tail_at
        for row in range(link.tail.row + 1, link.head.row):
            key = (link.net, link.tail, link.tail_at, row)
            lane = lanes.setdefault(key, Vertex(lane=True, row=row))
            _piece(pieces, link, tail, tail_at, lane, 0.0)
            tail, tail_at = lane, 0.0
        _piece(pieces, link, tail, tail_at, link.head, link.head_at)
    return list(lanes.values()), list(pieces.values())


def _piece(
    pieces: dict[tuple[Hashable, Vertex, float, Vertex, float], Link],
    link: Link,
    tail: Vertex,
    tail_at: float,
    head: Vertex,
    head_at: float,
) -> None:
    key = (link.net, tail, tail_at, head, head_at)
    piece = pieces.setdefault(key, Link(link.net, tail, head, set(), tail_at, head_at))
    piece.targets |= link.targets


def ordered_rows(vertices: list[Vertex], links: list[Link]) -> list[list[Vertex]]:
    """The rows from the top, each from left to right, with few crossings; links go from one row to the next."""
    rows: list[list[Vertex]] = [[] for _ in range(1 + max(vertex.row for vertex in vertices))]
    for vertex in vertices:
        rows[vertex.row].append(vertex)
    if all(sum(not vertex.lane and not vertex.pinned for vertex in row) <= 1 for row in rows):
        return _chain(rows, links)
    number = {vertex: place for place, vertex in enumerate(vertices)}
    across: dict[int, float] = {}
    edges = sorted({(number[link.tail], number[link.head]) for link in links})
    layouts = from_edges(edges, vertex_spacing=1, dummy_vertices=False, check_layout=False, transpose=True)
    shift = 0.0
    for positions, width, *_ in sorted(layouts, key=lambda layout: min(vertex for vertex, _ in layout[0])):
        least = min(x for _, (x, _) in positions)
        across |= {vertex: x - least + shift for vertex, (x, _) in positions}
        shift += width + 1
    for row in rows:
        row.sort(key=lambda vertex: (across.get(number[vertex], shift), number[vertex]))
    return _lanes_at_right(rows)


def _chain(rows: list[list[Vertex]], links: list[Link]) -> list[list[Vertex]]:
    """One box a row, the lanes right of them: whichever began last is nearest to the boxes."""
    feeds = {link.head: link.tail for link in links if link.head.lane}

    def began(vertex: Vertex) -> int:
        while vertex in feeds:
            vertex = feeds[vertex]
        return vertex.row

    ordered = [
        sorted(row, key=lambda vertex: (vertex.lane, -began(vertex) if vertex.lane else vertex.turn)) for row in rows
    ]
    first = {row[0] for row in ordered}
    for link in links:
        link.spine = link.tail in first and link.head in first and not link.tail.lane and not link.head.lane
    return ordered


def _lanes_at_right(rows: list[list[Vertex]]) -> list[list[Vertex]]:
    """The mirror image where most passing lines would stand left of the boxes: skip connections stand at the right."""
    balance = 0
    for row in rows:
        middle = (len(row) - 1) / 2
        for place, vertex in enumerate(row):
            if vertex.lane and place != middle:
                balance += 1 if place > middle else -1
    return [row[::-1] for row in rows] if balance < 0 else rows
