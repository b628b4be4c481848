"""Whatever the desktop's services do, a run goes on."""

from __future__ import annotations

import contextlib
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

import engine
from engine import doctor, keep_awake
from engine.cli import cli
from engine.commands import training as commands
from engine.keep_awake import kept_awake, kept_awake_when_long


class Mode(contextlib.AbstractContextManager[Any]):
    def __init__(self, active: bool, broken: bool = False) -> None:
        self.active, self.broken, self.held = active, broken, False

    def __enter__(self) -> Mode:
        self.held = True
        return self

    def __exit__(self, *_: object) -> None:
        self.held = False
        if self.broken:
            raise RuntimeError("the bus is gone")


def give(monkeypatch: pytest.MonkeyPatch, mode: Any) -> None:
    def running(on_fail: str) -> Any:
        assert on_fail == "pass"
        if isinstance(mode, Exception):
            raise mode
        return mode

    monkeypatch.setitem(sys.modules, "wakepy", SimpleNamespace(keep=SimpleNamespace(running=running)))


def test_it_holds_as_long_as_the_work_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    mode = Mode(True)
    give(monkeypatch, mode)
    with kept_awake() as active:
        assert active and mode.held
    assert not mode.held


@pytest.mark.parametrize("mode", [Mode(False), RuntimeError("no bus"), Mode(False, broken=True)])
def test_what_does_not_work_is_silent(mode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, mode)
    with kept_awake() as active:
        assert active is False


def test_short_work_asks_nothing_and_long_work_holds_as_long_as_it_lasts(monkeypatch: pytest.MonkeyPatch) -> None:
    mode, asked = Mode(True), threading.Event()
    monkeypatch.setattr(Mode, "__enter__", lambda self: (asked.set(), setattr(self, "held", True), self)[2])
    give(monkeypatch, mode)
    with kept_awake_when_long():
        pass
    assert not asked.is_set()
    monkeypatch.setattr(keep_awake, "SECONDS_OF_SHORT_WORK", 0.0)
    with kept_awake_when_long():
        assert asked.wait(10) and mode.held
    assert not mode.held


def test_an_error_of_the_work_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, Mode(True, broken=True))
    with pytest.raises(ValueError, match="its own"), kept_awake():
        raise ValueError("its own")


@pytest.mark.parametrize(
    ("mode", "status", "words"),
    [(Mode(True), "ok", "does not go to sleep"), (Mode(False), "note", "switch its sleep off")],
)
def test_the_doctor_says_so(mode: Mode, status: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, mode)
    (check,) = doctor._awake()
    assert check.status == status and words in check.text


def test_an_edition_without_the_library_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wakepy", None)
    assert list(doctor._awake()) == []


@pytest.mark.parametrize("arguments", [["train", "."], ["search", "."], ["extend", ".", "--epochs", "1"]])
def test_the_machine_is_awake_for_as_long_as_a_command_trains(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode, held = Mode(True), list[bool]()
    give(monkeypatch, mode)
    for verb in ("train", "search"):
        monkeypatch.setitem(vars(engine), verb, lambda *_, **__: iter(()))
    monkeypatch.setattr(commands.runs, "extension_of", lambda *_: None)
    monkeypatch.setattr(commands, "play", lambda *_: held.append(mode.held) or 0)
    done = CliRunner().invoke(cli, [*arguments, "--out", str(tmp_path / "run")])
    assert done.exception is None or done.exit_code == 0, done.output
    assert held == [True] and not mode.held
