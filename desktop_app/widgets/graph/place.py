"""Where along its row each vertex of a layered drawing stands: straight chains, no overlap, ends near each other.

After Brandes and Köpf, “Fast and simple horizontal coordinate assignment” (2001): vertices that should stand below
one another are joined into columns whose lines do not cross; the columns are pushed to the left, then to the right, and
stand in the middle of the two. Then each moves towards what it is connected to, as far as its neighbours let it.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict

from desktop_app.widgets.graph.order import Link, Vertex

BETWEEN = 28.0
"""Pixels between boxes beside each other."""
BESIDE_LANE = 16.0
"""Pixels between a passing line and what is beside it."""
ROUNDS = 8


class _Column:
    """Vertices that stand below one another: the axis of each is at `x` plus its shift."""

    def __init__(self, vertex: Vertex) -> None:
        self.shifts = {vertex: 0.0}
        self.x = 0.0


def place_across(rows: list[list[Vertex]], links: list[Link]) -> float:
    """Set `x` of all vertices, the leftmost edge at 0, and return the width of all."""
    columns = _columns(rows, links)
    order = _ordered(rows, columns)
    if order is None:  # the columns stand in each other's way: each vertex by itself
        columns = {vertex: _Column(vertex) for row in rows for vertex in row}
        order = _ordered(rows, columns) or list(columns.values())
    before, after = _neighbours(rows, columns)
    _compact(order, before, after)
    _draw_together(order, before, after, links, columns)
    for vertex, column in columns.items():
        vertex.x = column.x + column.shifts[vertex]
    least = min(vertex.x - vertex.left for vertex in columns)
    for vertex in columns:
        vertex.x -= least
    return max(vertex.x + vertex.right for vertex in columns)


def _room(left: Vertex, right: Vertex) -> float:
    """How far the axes of two neighbours stand apart, at least."""
    lane = left.lane or right.lane or bool(left.pinned) or bool(right.pinned)
    return left.right + (BESIDE_LANE if lane else BETWEEN) + right.left


# --- columns


def _columns(rows: list[list[Vertex]], links: list[Link]) -> dict[Vertex, _Column]:
    columns = {vertex: _Column(vertex) for row in rows for vertex in row}
    place = {vertex: at for row in rows for at, vertex in enumerate(row)}
    into: dict[Vertex, list[Link]] = defaultdict(list)
    out: dict[Vertex, list[Link]] = defaultdict(list)
    for link in links:
        into[link.head].append(link)
        out[link.tail].append(link)
    wished = sorted(links, key=lambda link: -_wish(link, into[link.head], out[link.tail], place))
    taken: dict[int, list[Link]] = defaultdict(list)
    below: set[Vertex] = set()
    above: set[Vertex] = set()
    for link in wished:
        if link.tail in below or link.head in above or not _wish(link, into[link.head], out[link.tail], place):
            continue
        if any(
            (place[link.tail] - place[other.tail]) * (place[link.head] - place[other.head]) <= 0
            for other in taken[link.tail.row]
        ):
            continue
        taken[link.tail.row].append(link)
        below.add(link.tail)
        above.add(link.head)
        _join(columns, link)
    return columns


def _wish(link: Link, beside_head: list[Link], beside_tail: list[Link], place: dict[Vertex, int]) -> int:
    """How much this line should be straight; 0 where it need not."""
    if link.spine:
        return 9
    if link.tail.lane and link.head.lane:
        return 8
    if not _is_middle([place[one.tail] for one in beside_head], place[link.tail]):
        return 0
    if not _is_middle([place[one.head] for one in beside_tail], place[link.head]):
        return 0
    if link.tail.lane or link.head.lane:
        return 1
    return 4 - (beside_head[0] is not link) - (beside_tail[0] is not link)


def _is_middle(places: list[int], own: int) -> bool:
    """Of three lines or more the middle one may be straight; of two, each."""
    if len(places) <= 2:
        return True
    return len(places) % 2 == 1 and sorted(places)[len(places) // 2] == own


def _join(columns: dict[Vertex, _Column], link: Link) -> None:
    upper, lower = columns[link.tail], columns[link.head]
    move = upper.shifts[link.tail] + link.tail_at - link.head_at - lower.shifts[link.head]
    for vertex, shift in lower.shifts.items():
        upper.shifts[vertex] = shift + move
        columns[vertex] = upper


def _neighbours(
    rows: list[list[Vertex]], columns: dict[Vertex, _Column]
) -> tuple[dict[_Column, dict[_Column, float]], dict[_Column, dict[_Column, float]]]:
    """For each column those just left of it, and just right of it, with the least distance of the two."""
    before: dict[_Column, dict[_Column, float]] = defaultdict(dict)
    after: dict[_Column, dict[_Column, float]] = defaultdict(dict)
    for row in rows:
        for left, right in itertools.pairwise(row):
            a, b = columns[left], columns[right]
            apart = max(before[b].get(a, -1e9), _room(left, right) + a.shifts[left] - b.shifts[right])
            before[b][a] = after[a][b] = apart
    return before, after


def _ordered(rows: list[list[Vertex]], columns: dict[Vertex, _Column]) -> list[_Column] | None:
    """The columns from left to right; None where they have no such order."""
    _, after = _neighbours(rows, columns)
    everything = list(dict.fromkeys(columns.values()))
    waits = dict.fromkeys(everything, 0)
    for column in everything:
        for other in after[column]:
            waits[other] += 1
    ready = [column for column in everything if not waits[column]]
    order: list[_Column] = []
    while ready:
        column = ready.pop()
        order.append(column)
        for other in after[column]:
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)
    return order if len(order) == len(everything) else None


# --- positions


def _compact(
    order: list[_Column],
    before: dict[_Column, dict[_Column, float]],
    after: dict[_Column, dict[_Column, float]],
) -> None:
    """Each column in the middle between as far left and as far right as it can stand."""
    left: dict[_Column, float] = {}
    for column in order:
        edge = max(vertex.left - shift for vertex, shift in column.shifts.items())
        left[column] = max([edge, *(left[other] + apart for other, apart in before[column].items())])
    width = max(left[column] + shift + vertex.right for column in order for vertex, shift in column.shifts.items())
    right: dict[_Column, float] = {}
    for column in reversed(order):
        edge = width - max(vertex.right + shift for vertex, shift in column.shifts.items())
        right[column] = min([edge, *(right[other] - apart for other, apart in after[column].items())])
        column.x = (left[column] + right[column]) / 2


def _draw_together(
    order: list[_Column],
    before: dict[_Column, dict[_Column, float]],
    after: dict[_Column, dict[_Column, float]],
    links: list[Link],
    columns: dict[Vertex, _Column],
) -> None:
    """Move each column towards the mean of what it is connected to."""
    pulls: dict[_Column, list[tuple[_Column, float]]] = defaultdict(list)
    for link in links:
        tail, head = columns[link.tail], columns[link.head]
        if tail is not head:
            apart = head.shifts[link.head] + link.head_at - tail.shifts[link.tail] - link.tail_at
            pulls[head].append((tail, -apart))
            pulls[tail].append((head, apart))
    # Those with nothing beside them first, so that they follow the rest and do not draw it along.
    alone = [column for column in order if not before[column] and not after[column]]
    beside = [column for column in order if before[column] or after[column]]
    for turn in range(ROUNDS):
        for column in alone + (beside if turn % 2 else beside[::-1]) + alone[::-1]:
            if not pulls[column]:
                continue
            wanted = sum(other.x + apart for other, apart in pulls[column]) / len(pulls[column])
            least = max((other.x + apart for other, apart in before[column].items()), default=-math.inf)
            most = min((other.x - apart for other, apart in after[column].items()), default=math.inf)
            column.x = max(least, min(wanted, most))
