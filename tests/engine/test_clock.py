"""What counts as work."""

from __future__ import annotations

import pytest

from engine import clock
from engine.clock import Stopwatch


def test_a_sleep_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asleep = 100.0
    monkeypatch.setattr(clock, "passed_seconds", lambda: 1000.0 + asleep)
    monkeypatch.setattr(clock, "awake_seconds", lambda: 1000.0)
    watch = Stopwatch()
    assert watch.slept() == 0
    asleep += 2520
    assert watch.slept() == pytest.approx(2520)
    assert watch.slept() == 0


def test_both_clocks_of_this_machine_go_alike() -> None:
    watch = Stopwatch()
    assert watch.slept() < 1


def test_what_was_stopped_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 50.0
    monkeypatch.setattr(clock.time, "perf_counter", lambda: now)
    watch = Stopwatch(7)
    now += 1
    with watch.stopped():
        now += 600
    now += 2
    assert watch.seconds == 10
