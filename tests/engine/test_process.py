"""A verb in a child process: its events, its errors, its death."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import psutil
import pytest

from engine import process
from engine.control import Control
from engine.errors import ChildDied, ThawError
from engine.events import Model, Notice
from engine.models.catalog import CATALOG


def a_child_that(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let `process.run` start a small program in place of Thaw."""
    lines = (
        'import sys, time, os, signal\nsay = lambda t: print(\'{"event": "notice", "text": "%s"}\' % t, flush=True)\n'
    )
    monkeypatch.setattr(process, "_program", lambda: [sys.executable, "-c", lines + code])


def test_the_events_of_a_real_verb() -> None:
    found = list(process.run("models", []))
    assert len(found) == len(CATALOG)
    assert all(isinstance(event, Model) for event in found)


def test_an_error_is_the_childs_own_sentence(tmp_path: Path) -> None:
    with pytest.raises(ThawError, match="unfindable") as caught:
        list(process.run("scan", [str(tmp_path / "unfindable")]))
    assert not isinstance(caught.value, ChildDied)


def test_wrong_usage_is_an_error_too() -> None:
    with pytest.raises(ThawError):
        list(process.run("scan", []))


def test_noise_of_a_library_on_stdout_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    a_child_that(monkeypatch, "say('a'); print('I am a library'); say('b')")
    assert list(process.run("x", [])) == [Notice("a"), Notice("b")]


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(("number", "word"), [(signal.SIGKILL, "memory"), (signal.SIGSEGV, "crash")])
def test_a_killed_child_is_one_sentence_with_details(monkeypatch: pytest.MonkeyPatch, number: int, word: str) -> None:
    a_child_that(
        monkeypatch, f"say('a'); sys.stderr.write('last words'); sys.stderr.flush(); os.kill(os.getpid(), {number:d})"
    )
    events = process.run("train", [])
    assert next(events) == Notice("a")
    with pytest.raises(ChildDied, match=word) as caught:
        next(events)
    assert "last words" in caught.value.details
    assert "resumed" in str(caught.value)


def test_words_reach_the_child(monkeypatch: pytest.MonkeyPatch) -> None:
    a_child_that(monkeypatch, "say('ready')\nfor line in sys.stdin:\n say(line.strip())\n if 'stop' in line: break")
    control = Control()
    events = process.run("x", [], control)
    assert next(events) == Notice("ready")
    for word in ("pause", "resume", "finish", "stop"):
        control.command(word)
    assert [event.text for event in events if isinstance(event, Notice)] == ["pause", "resume", "finish", "stop"]


def test_what_was_said_before_the_start_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    a_child_that(monkeypatch, "say(sys.stdin.readline().strip())")
    control = Control()
    control.stop()
    assert list(process.run("x", [], control)) == [Notice("stop")]


def test_closing_the_generator_leaves_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    a_child_that(monkeypatch, "say(str(os.getpid()))\nfor line in sys.stdin: pass")
    before = threading.active_count()
    events = process.run("x", [])
    first = next(events)
    assert isinstance(first, Notice)
    events.close()
    assert not psutil.pid_exists(int(first.text))
    assert threading.active_count() == before


def test_a_child_that_does_not_listen_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "KILL_AFTER_SECONDS", 0.2)
    a_child_that(monkeypatch, "say(str(os.getpid()))\ntime.sleep(600)")
    events = process.run("x", [])
    first = next(events)
    assert isinstance(first, Notice)
    events.close()
    assert not psutil.pid_exists(int(first.text))


def test_much_on_stderr_does_not_block(monkeypatch: pytest.MonkeyPatch) -> None:
    a_child_that(
        monkeypatch,
        "for _ in range(20000): sys.stderr.write('y' * 99 + '\\n')\nsay('done')",
    )
    assert list(process.run("x", [])) == [Notice("done")]
