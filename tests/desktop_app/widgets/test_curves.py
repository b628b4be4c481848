from __future__ import annotations

import os

import pytest
from pytestqt.qtbot import QtBot

from desktop_app import theme
from desktop_app.widgets.curves import Curves
from engine.events import EpochFinished, StepFinished


@pytest.fixture
def curves(qtbot: QtBot) -> Curves:
    curves = Curves()
    qtbot.addWidget(curves)
    curves.resize(800, 400)
    curves.show()
    yield curves
    curves.hide()


def epoch(number: int, best: int = 1) -> EpochFinished:
    return EpochFinished(number, 5, 1, 1 / number, 0.8, 1.1 / number, 0.7 + number / 50, 1e-3, 2, 50, best, 0.9, 3, 4)


def run_out(curves: Curves) -> None:
    """Let the time pass until all that waits is drawn: one plot at a time."""
    while curves._timer.isActive():
        curves._timer.stop()
        curves._timer.timeout.emit()


def drawings(curves: Curves) -> list[int]:
    """A list that grows with each drawing, what waited before being drawn."""
    run_out(curves)
    drawn: list[int] = []
    curves.redrawn.connect(lambda: drawn.append(1))
    return drawn


def test_many_events_are_drawn_at_most_twenty_times_a_second(curves: Curves) -> None:
    curves._by_step.click()
    drawn = drawings(curves)
    assert curves._timer.interval() >= 50
    for _ in range(2):
        for step in range(500):
            curves.add_step(StepFinished(1, step + 1, 500, 0.5, 1e-3, 50))
        assert not drawn and curves._timer.isActive()
        run_out(curves)
        assert len(drawn) == 1
        drawn.clear()
    assert not curves._timer.isActive(), "nothing is drawn again where nothing came"
    assert len(curves.data.raw) == 1000


def test_steps_are_not_drawn_where_only_epochs_are_shown(curves: Curves) -> None:
    drawn = drawings(curves)
    curves.add_step(StepFinished(1, 1, 10, 0.5, 1e-3, 50))
    assert not curves._timer.isActive()
    curves.add_epoch(epoch(1))
    run_out(curves)
    assert len(drawn) == 1


def test_smoothing_follows_and_survives_a_loss_that_is_no_number(curves: Curves) -> None:
    for step, loss in enumerate((1.0, float("nan"), 0.5, 0.5), 1):
        curves.add_step(StepFinished(1, step, 100, loss, 1e-3, 50))
    assert curves.data.smooth[0] == pytest.approx(1.0)
    assert 0.5 < curves.data.smooth[-1] < 1.0


def test_values_under_the_pointer(curves: Curves, qtbot: QtBot) -> None:
    for number in (1, 2, 3):
        curves.add_epoch(epoch(number, best=2))
    qtbot.waitSignal(curves.redrawn).wait()
    train, val = curves.loss._legend["train_curve"], curves.loss._legend["val_curve"]
    assert (train._value.text(), val._value.text()) == ("0.333", "0.367")
    curves.loss.hovered.emit(1.0)
    assert (train._value.text(), val._value.text()) == ("1.000", "1.100")
    assert curves.accuracy._legend["val_curve"]._value.text() == "72.0\u202f%"
    curves.loss.hovered.emit(None)
    assert train._value.text() == "0.333"


def test_by_step_puts_epochs_at_their_last_step(curves: Curves, qtbot: QtBot) -> None:
    for step in range(1, 11):
        curves.add_step(StepFinished(1, step, 10, 0.5, 1e-3, 50))
    curves.add_epoch(epoch(1))
    curves._by_step.click()
    qtbot.waitSignal(curves.redrawn).wait()
    assert curves.loss._curves["val_curve"][0] == [10.0]
    assert len(curves.loss._curves["train_curve"][0]) == 10


def test_a_resumed_epoch_replaces_what_it_does_again(curves: Curves) -> None:
    curves.set_history([epoch(1), epoch(2)], steps_per_epoch=10)
    curves.add_epoch(epoch(2))
    assert [row.epoch for row in curves.data.epochs] == [1, 2]


def test_history_alone_has_no_steps_to_switch_to(qtbot: QtBot) -> None:
    curves = Curves(with_steps=False)
    qtbot.addWidget(curves)
    curves.set_history([epoch(1)])
    assert curves._by_step.isHidden()


def test_a_change_of_scheme(curves: Curves, monkeypatch: pytest.MonkeyPatch) -> None:
    curves.add_epoch(epoch(1))
    curves._redraw()
    light = curves.loss._lines["train_curve"].opts["pen"].color().name()
    monkeypatch.setitem(os.environ, "THAW_SCHEME", "dark")
    theme.notifier().changed.emit()
    assert curves.loss._lines["train_curve"].opts["pen"].color().name() != light
