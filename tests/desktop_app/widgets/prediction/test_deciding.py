from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.widgets.prediction import deciding
from desktop_app.widgets.prediction.deciding import Decider, Wish
from desktop_app.widgets.prediction.decision import Decision

A, B = Path("a"), Path("b")


class Work:
    """Waits to be let go, then remembers what was decided on."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.done: list[tuple[Path, float]] = []

    def __call__(self, wish: Wish) -> None:
        self.go_on.wait(10)
        self.done.append((wish.path, wish.decision.threshold))


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()
    monkeypatch.setattr(deciding, "_decide", work)
    return work


def test_of_each_ledger_the_newest_decision_counts(qtbot: QtBot, work: Work) -> None:
    decider, freed = Decider(), []
    decider.decided.connect(freed.append)
    for path, threshold in ((A, 0.1), (A, 0.2), (B, 0.5), (A, 0.3)):
        decider.decide(path, Decision(threshold))
    assert decider.decides_on(A) and decider.decides_on(B) and not decider.decides_on(Path("c"))
    decider.when_free(Path("c"), lambda: freed.append("c"))
    decider.when_free(B, lambda: freed.append("b is free"))
    work.go_on.set()
    qtbot.waitUntil(lambda: not decider.at_work, timeout=10_000)
    assert work.done == [(A, 0.1), (A, 0.3), (B, 0.5)]
    assert freed == ["c", A, A, B, "b is free"] and not decider.decides_on(A)


def test_what_is_closed_decides_on_nothing_any_more(qtbot: QtBot, work: Work) -> None:
    decider, told = Decider(), []
    decider.decided.connect(told.append)
    decider.decide(A, Decision(0.1))
    decider.decide(A, Decision(0.2))
    work.go_on.set()
    decider.close()
    assert not decider.at_work and not decider.decides_on(A) and work.done == [(A, 0.1)]
    decider.decide(B, Decision(0.3))
    qtbot.waitUntil(lambda: told == [B], timeout=10_000)
