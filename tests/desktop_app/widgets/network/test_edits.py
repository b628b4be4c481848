"""Moving rows about: nothing is lost, nothing is doubled, and a step back undoes a step."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.widgets.network.edits import (
    Place,
    Rows,
    inserted,
    moved,
    nearest,
    replaced,
    row_at,
    stepped,
    without,
)
from engine.models.network.rows import Linear, NetworkRow, Residual

PLAIN = st.integers(1, 99).map(lambda units: Linear(units=units))
BLOCKS = st.lists(PLAIN, max_size=3).map(lambda rows: Residual(rows=tuple(rows)))
ROWS = st.lists(st.one_of(PLAIN, BLOCKS), min_size=1, max_size=5).map(tuple)


def places(rows: Rows) -> list[Place]:
    found: list[Place] = []
    for index, row in enumerate(rows):
        found.append((index,))
        found += [(index, inner) for inner in range(len(row.rows))] if isinstance(row, Residual) else []
    return found


def contents(rows: Rows) -> Counter[object]:
    """All rows, those in blocks too, and how many blocks there are."""
    found: Counter[object] = Counter()
    for row in rows:
        found.update(row.rows if isinstance(row, Residual) else (row,))
        found["block"] += isinstance(row, Residual)
    return found


def a(units: int) -> NetworkRow:
    return Linear(units=units)


@settings(deadline=None)
@given(ROWS, st.data())
def test_a_step_back_undoes_a_step(rows: Rows, data: st.DataObject) -> None:
    place, down = data.draw(st.sampled_from(places(rows))), data.draw(st.booleans())
    after, there = stepped(rows, place, down)
    assert contents(after) == contents(rows)
    assert row_at(after, there) == row_at(rows, place)
    if there != place:
        assert stepped(after, there, not down) == (rows, place)


@settings(deadline=None)
@given(ROWS, st.data())
def test_a_dragged_row_is_before_what_it_was_dropped_on(rows: Rows, data: st.DataObject) -> None:
    source, target = data.draw(st.sampled_from(places(rows))), data.draw(st.sampled_from([*places(rows), (len(rows),)]))
    row, aim = row_at(rows, source), row_at(rows, target)
    after, there = moved(rows, source, target)
    assert contents(after) == contents(rows)
    assert row_at(after, there) == row
    within_itself = target[: len(source)] == source
    if isinstance(row, Residual) and (len(target) > 1 or within_itself):
        assert after == rows
    elif not within_itself:
        assert row_at(after, (*there[:-1], there[-1] + 1)) == aim or (target[0] == source[0] and len(source) > 1)


@settings(deadline=None)
@given(ROWS, PLAIN, st.data())
def test_what_is_put_in_can_be_taken_out(rows: Rows, row: NetworkRow, data: st.DataObject) -> None:
    place = data.draw(st.sampled_from(places(rows)))
    assert without(inserted(rows, place, row), place) == rows
    assert row_at(replaced(rows, place, row), place) == row
    left = without(rows, place)
    assert not left or row_at(left, nearest(left, place)) is not None


def test_steps_go_through_a_block() -> None:
    rows: Rows = (a(1), Residual(rows=(a(2),)), a(3))
    place: Place = (0,)
    way = []
    for _ in range(5):
        rows, place = stepped(rows, place, down=True)
        way.append(place)
    assert way == [(0, 0), (0, 1), (1,), (2,), (2,)]
    assert rows == (Residual(rows=(a(2),)), a(3), a(1))


def test_blocks_pass_each_other() -> None:
    rows: Rows = (Residual(rows=(a(1),)), Residual(rows=(a(2),)))
    assert stepped(rows, (0,), down=True) == ((rows[1], rows[0]), (1,))
