"""Steering a long verb from other threads."""

from __future__ import annotations

import threading

from engine.control import COMMANDS, Control


def test_every_command_is_obeyed_and_told() -> None:
    told: list[str] = []
    control = Control()
    control.on_command(told.append)
    for word in ("pause", "resume", "finish", "stop", "dance"):
        control.command(word)
    assert told == ["pause", "resume", "finish", "stop"]
    assert set(told) == set(COMMANDS)
    assert control.stopping and control.finishing


def test_a_pause_holds_and_a_stop_releases() -> None:
    control, passed = Control(), threading.Event()
    control.pause()
    thread = threading.Thread(target=lambda: (control.wait_while_paused(), passed.set()))
    thread.start()
    assert not passed.wait(0.05)
    control.stop()
    assert passed.wait(5)
    thread.join()


def test_a_pause_after_a_stop_does_nothing() -> None:
    control = Control()
    control.stop()
    control.pause()
    assert not control.paused
