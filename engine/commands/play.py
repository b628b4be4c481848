"""How a command plays a verb: its events to the terminal, and what steers it."""

from __future__ import annotations

import importlib
import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from engine.control import Control
from engine.events import Event
from engine.wire import to_json

INTERRUPTED = 130

Existing = click.Path(path_type=Path)


def with_json(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, and nothing else.")(
        command
    )


def play(events: Iterable[Event], control: Control, as_json: bool) -> int:
    """Iterate a verb and print its events; returns the exit status. Ctrl+C stops the verb in an orderly way."""
    interrupted = _listen(control)
    if as_json:
        for event in events:
            print(to_json(event), flush=True)  # noqa: T201
    else:  # what shows them is loaded while the work goes on
        at_work = iter(events)
        first = list(itertools.islice(at_work, 1))
        importlib.import_module("engine.terminal").show(itertools.chain(first, at_work))
    return INTERRUPTED if interrupted.is_set() else 0


def _listen(control: Control) -> threading.Event:
    """Let Ctrl+C, a polite kill and, in a child of the window, its standard input steer the work."""
    interrupted = threading.Event()

    def on_signal(number: int, _frame: Any) -> None:
        interrupted.set()
        control.stop()
        signal.signal(number, signal.SIG_DFL)  # a second one ends the program at once

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    if os.environ.get("THAW_CONTROLLED") == "1":
        threading.Thread(target=_obey_stdin, args=(control,), name="control", daemon=True).start()
    return interrupted


def _obey_stdin(control: Control) -> None:
    """A command a line. The end of the input means that whoever started this is gone."""
    for line in sys.stdin:
        control.command(line.strip())
    control.stop()
