from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QUndoStack
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from desktop_app import theme
from desktop_app.widgets.layers.tree import LayerTree
from desktop_app.widgets.layers.unfreeze_moves import Axis, Timeline, move, phase_firsts, phase_words, tidy
from desktop_app.widgets.layers.unfreeze_timeline import UnfreezeTimeline
from engine.events import Layer
from engine.models.strategies import STRATEGIES
from engine.models.timelines import check_timeline, plan, timeline

TITLES = ("conv1, bn1", "layer1", "layer2", "layer3", "layer4", "fc")
PLAN = (0, 0, 7, 4, 2, 1)
EPOCHS = 10
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def shown(qtbot: QtBot) -> UnfreezeTimeline:
    widget = UnfreezeTimeline()
    qtbot.addWidget(widget)
    widget.set_plan(TITLES, PLAN, EPOCHS)
    widget.resize(800, 400)
    widget.show()
    return widget


def heard(widget: UnfreezeTimeline) -> list[Timeline]:
    told: list[Timeline] = []
    widget.changed.connect(told.append)
    return told


def mouse(widget: UnfreezeTimeline, block: int, kind: QEvent.Type, place: float, shift: bool = False) -> None:
    """One event of the mouse on a row, at the left border of the cell of a position."""
    row = widget.rows[block]
    axis = widget._scale()
    where = QPointF(axis.x(0) + place * axis.cell, row.height() / 2)
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    modifiers = SHIFT if shift else Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(row, QMouseEvent(kind, where, row.mapToGlobal(where), button, held, modifiers))


def drag(widget: UnfreezeTimeline, block: int, start: float, *places: float, shift: bool = False) -> None:
    mouse(widget, block, QEvent.Type.MouseButtonPress, start)
    for place in places:
        mouse(widget, block, QEvent.Type.MouseMove, place, shift)
    mouse(widget, block, QEvent.Type.MouseButtonRelease, places[-1], shift)


# --- dragging


def test_dragging_a_border_sets_the_epoch_and_snaps(shown: UnfreezeTimeline) -> None:
    told = heard(shown)
    drag(shown, 3, 4, 5, 5.7)
    assert told == [(0, 0, 7, 6, 2, 1)] == [shown.timeline()]
    assert shown.rows[3].toolTip() == "Block layer3 trains from epoch 6 of 10"


def test_out_at_the_right_is_never_and_back_again(shown: UnfreezeTimeline) -> None:
    told = heard(shown)
    drag(shown, 3, 4, 12)
    assert told[-1] == (0, 0, 7, 0, 2, 1)
    assert shown.rows[3].accessibleName() == "Block layer3 stays frozen"
    drag(shown, 3, EPOCHS + 1, 10)
    assert told[-1] == (0, 0, 7, 10, 2, 1)


def test_with_shift_the_blocks_above_follow(shown: UnfreezeTimeline) -> None:
    told = heard(shown)
    drag(shown, 4, 2, 4, shift=True)
    assert told == [(0, 0, 9, 6, 4, 1)]
    shown.set_plan(TITLES, (3, 3, 3, 3, 3, 1), EPOCHS)
    drag(shown, 4, 3, 6, shift=True)
    assert told[-1] == (6, 6, 6, 6, 6, 1)
    drag(shown, 2, 6, 4, shift=True)
    assert told[-1] == (4, 4, 4, 6, 6, 1)


def test_what_is_dragged_is_seen_before_it_counts_and_escape_takes_it_back(
    shown: UnfreezeTimeline, qtbot: QtBot
) -> None:
    told = heard(shown)
    mouse(shown, 3, QEvent.Type.MouseButtonPress, 4)
    mouse(shown, 3, QEvent.Type.MouseMove, 8)
    assert shown.summary.whole() == "Block layer3 trains from epoch 8 of 10"
    qtbot.keyClick(shown.rows[3], Qt.Key.Key_Escape)
    mouse(shown, 3, QEvent.Type.MouseButtonRelease, 8)
    assert told == [] and shown.timeline() == PLAN
    assert shown.rows[3].accessibleName() == "Block layer3 trains from epoch 4 of 10"


def test_only_the_border_can_be_taken(shown: UnfreezeTimeline) -> None:
    told = heard(shown)
    drag(shown, 3, 6, 8)
    assert told == []


def test_the_last_block_of_the_first_epoch_stays_there(shown: UnfreezeTimeline) -> None:
    told = heard(shown)
    drag(shown, 5, 1, 5)
    assert told == [] and shown.timeline() == PLAN


# --- keys and undo


def test_keys_move_the_border_and_the_focus(shown: UnfreezeTimeline, qtbot: QtBot) -> None:
    told = heard(shown)
    row = shown.rows[3]
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Right)
    assert told[-1] == (0, 0, 7, 5, 2, 1)
    qtbot.keyClick(row, Qt.Key.Key_Left, SHIFT)
    assert told[-1] == (0, 0, 6, 4, 2, 1)
    qtbot.keyClick(row, Qt.Key.Key_End)
    assert told[-1] == (0, 0, 6, 0, 2, 1)
    qtbot.keyClick(row, Qt.Key.Key_Left)
    assert told[-1] == (0, 0, 6, 10, 2, 1)
    qtbot.keyClick(row, Qt.Key.Key_Home)
    assert told[-1] == (0, 0, 6, 1, 2, 1)
    qtbot.keyClick(row, Qt.Key.Key_Up)
    assert shown.focusWidget() is shown.rows[2]
    qtbot.keyClick(shown.rows[2], Qt.Key.Key_Down)
    assert shown.focusWidget() is row


def test_tab_reaches_one_row_only_the_one_that_was_left(shown: UnfreezeTimeline) -> None:
    def by_tab() -> list[int]:
        return [number for number, row in enumerate(shown.rows) if row.focusPolicy() & Qt.FocusPolicy.TabFocus]

    assert by_tab() == [5]
    shown.rows[2].setFocus()
    assert by_tab() == [2]


def test_each_change_can_be_undone_and_steps_on_a_row_are_one(shown: UnfreezeTimeline, qtbot: QtBot) -> None:
    drag(shown, 3, 4, 6)
    for _ in range(3):
        qtbot.keyClick(shown.rows[2], Qt.Key.Key_Left)
    told = heard(shown)
    shown.undo_stack.undo()
    shown.undo_stack.undo()
    assert told == [(0, 0, 7, 6, 2, 1), PLAN]
    assert not shown.undo_stack.canUndo()
    shown.undo_stack.redo()
    assert shown.timeline() == (0, 0, 7, 6, 2, 1)


def test_a_shared_stack_brings_nothing_into_another_plan(qtbot: QtBot) -> None:
    stack = QUndoStack()
    widget = UnfreezeTimeline(stack)
    qtbot.addWidget(widget)
    widget.set_plan(TITLES, PLAN, EPOCHS)
    qtbot.keyClick(widget.rows[3], Qt.Key.Key_Right)
    assert stack.count() == 1
    widget.set_plan(("conv", "fc"), (0, 1), 5)
    stack.undo()
    assert widget.timeline() == (0, 1) and stack.count() == 0


def test_the_strategys_own_plan_comes_back_and_can_be_undone(shown: UnfreezeTimeline, qtbot: QtBot) -> None:
    shown.set_plan(TITLES, PLAN, EPOCHS, own=PLAN)
    assert not shown.reset.isEnabled()
    qtbot.keyClick(shown.rows[3], Qt.Key.Key_Right)
    with qtbot.waitSignal(shown.changed):
        shown.reset.click()
    assert shown.timeline() == PLAN
    shown.undo_stack.undo()
    assert shown.timeline() != PLAN


# --- what it reckons with


@st.composite
def plans(draw: st.DrawFn) -> tuple[Timeline, int]:
    """A valid timeline and its number of epochs."""
    epochs = draw(st.integers(1, 200))
    starts = draw(st.lists(st.integers(0, epochs), min_size=0, max_size=59))
    starts.insert(draw(st.integers(0, len(starts))), 1)
    return tuple(starts), epochs


@settings(deadline=None)
@given(plans(), st.data())
def test_whatever_is_moved_the_timeline_stays_valid(drawn: tuple[Timeline, int], data: st.DataObject) -> None:
    starts, epochs = drawn
    for _ in range(data.draw(st.integers(1, 5))):
        block = data.draw(st.integers(0, len(starts) - 1))
        place, above = data.draw(st.integers(-3, epochs + 5)), data.draw(st.booleans())
        after = move(starts, block, place, epochs, above)
        check_timeline(after, len(starts))
        assert all(0 <= start <= epochs for start in after)
        assert after[block + 1 :] == starts[block + 1 :]
        starts = after


@settings(deadline=None)
@given(plans())
def test_a_move_back_undoes_a_move_that_met_no_end(drawn: tuple[Timeline, int]) -> None:
    starts, epochs = drawn
    last = len(starts) - 1
    there = move(starts, last, (starts[last] or epochs + 1) + 1, epochs, True)
    if there != starts and all(start > 0 for start in there):
        assert move(there, last, starts[last], epochs, True) == starts


@settings(deadline=None)
@given(plans(), st.floats(100, 2000), st.floats(8, 60))
def test_numbers_of_epochs_keep_apart(drawn: tuple[Timeline, int], width: float, label: float) -> None:
    axis = Axis(80, 80 + width, drawn[1])
    ticks = axis.ticks(label)
    assert ticks[0] == 1 and ticks[-1] <= axis.epochs
    assert all((after - before) * axis.cell >= label for before, after in itertools.pairwise(ticks))
    assert [axis.place(axis.x(epoch)) for epoch in (1, axis.epochs, axis.epochs + 1)] == [
        1, axis.epochs, axis.epochs + 1,
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name != "custom"])
def test_phases_are_those_of_the_engine(name: str) -> None:
    starts = timeline(STRATEGIES[name], 6, 2, 20)
    assert phase_firsts(starts, 20) == tuple(phase.first_epoch for phase in plan(STRATEGIES[name], 6, 2, 20))


def test_what_lies_behind_the_last_epoch_is_never(shown: UnfreezeTimeline) -> None:
    assert tidy((3, 11, 10, 1), 10) == (3, 0, 10, 1)
    shown.set_plan(("a", "b", "c"), (12, 5, 1), 10)
    assert shown.timeline() == (0, 5, 1)


def test_a_phase_says_its_learning_rate_where_it_is_known() -> None:
    assert phase_words(2, 4, {1: 1.0, 4: 0.1}) == ("2 · learning rate × 0.1", "2 · × 0.1", "2")
    assert phase_words(2, 4, {}) == ("2",)


# --- the picture


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> Iterator[None]:
    monkeypatch.setenv("THAW_SCHEME", request.param)
    theme.refresh(qapp)
    yield
    monkeypatch.undo()
    theme.refresh(qapp)


@pytest.mark.usefixtures("scheme")
def test_cold_and_warm_in_both_schemes(shown: UnfreezeTimeline) -> None:
    row, axis = shown.rows[3], shown._scale()
    picture = row.grab().toImage()
    middle = row.height() // 2

    def at(place: float) -> str:
        return picture.pixelColor(QPoint(round(axis.x(0) + place * axis.cell), middle + 6)).name()

    assert at(2.5) == theme.soft("frozen", 0.16).name()
    assert at(9.5) == theme.soft("trainable", 0.32).name()


@pytest.mark.parametrize(("blocks", "epochs"), [(3, 1), (60, 200), (1, 1), (6, 1)])
@pytest.mark.parametrize("width", [260, 600, 1600])
def test_it_can_be_painted_at_any_size(qtbot: QtBot, blocks: int, epochs: int, width: int) -> None:
    widget = UnfreezeTimeline()
    qtbot.addWidget(widget)
    titles = tuple(f"encoder.layers.encoder_layer_{number}" for number in range(blocks))
    widget.set_plan(titles, (0,) * (blocks - 1) + (1,), epochs, {1: 0.5})
    widget.resize(width, 300)
    widget.show()
    assert not widget.grab().isNull()
    axis = widget._scale()
    assert 0 < axis.left < axis.right < width
    assert widget.rows[-1].border() == pytest.approx(axis.left)


def test_the_focused_row_is_scrolled_into_sight(qtbot: QtBot) -> None:
    widget = UnfreezeTimeline()
    qtbot.addWidget(widget)
    widget.set_plan(tuple(map(str, range(60))), (0,) * 59 + (1,), 30)
    widget.resize(600, 300)
    widget.show()
    for block in (59, 0):
        widget.rows[block].setFocus()
        widget.rows[block].entered.emit()  # where no window can be active, focus is not told
        qtbot.waitUntil(lambda block=block: not widget.rows[block].visibleRegion().isEmpty())


def test_what_follows_from_a_move_comes_and_goes_with_it(qtbot: QtBot) -> None:
    """The timeline and the tree share a stack, as on the page; ticks follow the timeline."""
    tree = LayerTree()
    qtbot.addWidget(tree)
    widget = UnfreezeTimeline(tree.undo_stack)
    qtbot.addWidget(widget)
    layers = tuple(Layer(name, "Conv2d", 0, (8,), 9, False, 3, 2, number) for number, name in enumerate(TITLES))
    tree.set_layers(layers, ["fc"])
    widget.set_plan(TITLES, (0, 0, 0, 0, 0, 1), EPOCHS)
    widget.changed.connect(lambda starts: tree.set_trainable([TITLES[n] for n, start in enumerate(starts) if start]))
    with qtbot.assertNotEmitted(tree.trainable_changed):
        qtbot.keyClick(widget.rows[4], Qt.Key.Key_Home)
    assert tree.trainable() == ("layer4", "fc") and tree.undo_stack.count() == 1
    tree.undo_stack.undo()
    assert tree.trainable() == ("fc",) and widget.timeline() == (0, 0, 0, 0, 0, 1)


def test_the_shortcut_of_a_shared_stack_works_from_either(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    tree = LayerTree(window)
    widget = UnfreezeTimeline(tree.undo_stack, window)
    column = QVBoxLayout(window)
    column.addWidget(tree)
    column.addWidget(widget)
    tree.set_layers((Layer("conv", "Conv2d", 0, (8,), 9, False, 3, 2),))
    widget.set_plan(TITLES, PLAN, EPOCHS)
    window.show()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    for from_where in (widget.rows[3], tree.view):
        from_where.setFocus()
        qtbot.keyClick(widget.rows[3], Qt.Key.Key_Right)
        assert widget.timeline() != PLAN
        qtbot.keyClick(from_where, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert widget.timeline() == PLAN
    tree.hide()
    widget.rows[3].setFocus()
    qtbot.keyClick(widget.rows[3], Qt.Key.Key_Right)
    qtbot.keyClick(widget.rows[3], Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert widget.timeline() == PLAN
