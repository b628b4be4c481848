"""What can be done to the rows of a network: pure functions from rows to rows, and the place of the row then.

A place is the index of a row, followed by its index within the residual block where it lies in one.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.models.network.rows import NetworkRow, Residual

Rows = tuple[NetworkRow, ...]
Place = tuple[int, ...]


def row_at(rows: Rows, place: Place) -> NetworkRow | None:
    """The row at that place, None where there is none (the head, say)."""
    within = rows
    for index in place[:-1]:
        block = within[index] if index < len(within) else None
        within = block.rows if isinstance(block, Residual) else ()
    return within[place[-1]] if place and place[-1] < len(within) else None


def inserted(rows: Rows, place: Place, row: NetworkRow) -> Rows:
    """`row` before what is at `place`."""
    if len(place) == 1:
        return (*rows[: place[0]], row, *rows[place[0] :])
    return _in_block(rows, place, lambda inner: inserted(inner, place[1:], row))


def without(rows: Rows, place: Place) -> Rows:
    if len(place) == 1:
        return (*rows[: place[0]], *rows[place[0] + 1 :])
    return _in_block(rows, place, lambda inner: without(inner, place[1:]))


def replaced(rows: Rows, place: Place, row: NetworkRow) -> Rows:
    return inserted(without(rows, place), place, row)


def moved(rows: Rows, source: Place, target: Place) -> tuple[Rows, Place]:
    """The row at `source` before what is at `target`; a block is not put into a block."""
    row = row_at(rows, source)
    if row is None or (isinstance(row, Residual) and len(target) > 1):
        return rows, source
    if len(source) == len(target) and source[:-1] == target[:-1] and target[-1] > source[-1]:
        target = (*target[:-1], target[-1] - 1)
    elif len(source) == 1 and len(target) == 2 and target[0] > source[0]:
        target = (target[0] - 1, target[1])
    return inserted(without(rows, source), target, row), target


def stepped(rows: Rows, place: Place, down: bool) -> tuple[Rows, Place]:
    """The row one step up or down: past its neighbour, and into and out of residual blocks."""
    row = row_at(rows, place)
    if row is None:
        return rows, place
    *above, index = place
    rest = without(rows, place)
    if above:
        block = row_at(rows, (above[0],))
        length = len(block.rows) if isinstance(block, Residual) else 0
        leaves = index + 1 == length if down else index == 0
        after = (above[0] + (1 if down else 0),) if leaves else (above[0], index + (1 if down else -1))
        return inserted(rest, after, row), after
    neighbour_at = index if down else index - 1  # in the rows without this one
    neighbour = rest[neighbour_at] if 0 <= neighbour_at < len(rest) else None
    if neighbour is None:
        return rows, place
    if isinstance(neighbour, Residual) and not isinstance(row, Residual):
        after = (neighbour_at, 0 if down else len(neighbour.rows))
    else:
        after = (index + (1 if down else -1),)
    return inserted(rest, after, row), after


def nearest(rows: Rows, place: Place) -> Place:
    """Where to go when the row that was at `place` is gone: what came after it, else what came before."""
    if row_at(rows, place) is not None:
        return place
    if place[-1] > 0:
        return (*place[:-1], place[-1] - 1)
    return place[:-1] or (0,)


def _in_block(rows: Rows, place: Place, change: Callable[[Rows], Rows]) -> Rows:
    block = rows[place[0]]
    assert isinstance(block, Residual)
    changed = Residual(rows=change(block.rows))
    return (*rows[: place[0]], changed, *rows[place[0] + 1 :])
