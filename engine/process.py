"""A verb in a child process, as a generator: the same program as the command line, its events read from its pipe.

So a window never waits for torch's import or its threads, survives a native crash and an out-of-memory kill, and gets
the memory back; and a run started in the window is the run that the terminal would have made.
"""

from __future__ import annotations

import collections
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import IO

import psutil

from engine.config import TrainConfig, to_toml
from engine.control import Control
from engine.errors import ChildDied, ThawError
from engine.events import Event
from engine.wire import from_json

KEPT_LINES = 200
KILL_AFTER_SECONDS = 20


def run(verb: str, arguments: Sequence[str], control: Control | None = None) -> Generator[Event, None, None]:
    """Yield the events of `thaw VERB ARGUMENTS --json`. `control` steers the child through its standard input.

    Raises ThawError with the child's own sentence where it ended with exit status 1 or 2, ChildDied where it was killed
    or crashed; both carry the last lines of its standard error as `details`. Closing the generator ends the child.
    """
    control = control or Control()
    child = subprocess.Popen(
        [*_program(), verb, *arguments, "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        env=os.environ | {"PYTHONUNBUFFERED": "1", "THAW_CONTROLLED": "1"},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    _step_back(child.pid)
    assert child.stdin and child.stdout and child.stderr
    told = collections.deque[str](maxlen=KEPT_LINES)
    reader = threading.Thread(target=told.extend, args=(child.stderr,), name="child's stderr", daemon=True)
    reader.start()
    _steer(control, child.stdin)
    try:
        for line in child.stdout:
            with contextlib.suppress(ValueError):  # a native library that prints to stdout must not end the job
                yield from_json(line)
        child.wait()
    finally:
        _end(child)
        reader.join(timeout=5)
        for pipe in (child.stdin, child.stdout, child.stderr):
            with contextlib.suppress(OSError):
                pipe.close()
    _judge(verb, child.returncode, "".join(told))


def train_arguments(
    config: TrainConfig,
    run_dir: Path,
    *,
    resume: bool = False,
    weights_dir: Path | None = None,
    offline: bool = False,
) -> list[str]:
    """The command line of `thaw train` for these settings."""
    data, *asked = run_arguments(config, weights_dir=weights_dir, offline=offline)
    # A resumed run has its own settings; it looks for weights again where it was killed in its first epoch.
    asked = ["--resume", *asked[2:]] if resume else asked
    return [data, "--out", str(run_dir), *asked]


def run_arguments(config: TrainConfig, *, weights_dir: Path | None = None, offline: bool = False) -> list[str]:
    """What every command takes that looks at the run of these settings: the dataset first, then the settings, which
    travel as a TOML text in the argument itself."""
    arguments = [str(config.data), "--config-text", to_toml(config)]
    if weights_dir:
        arguments += ["--weights-dir", str(weights_dir)]
    return [*arguments, "--offline"] if offline else arguments


def _program() -> list[str]:
    if getattr(sys, "frozen", False):
        name = "thaw.exe" if sys.platform == "win32" else "thaw"
        return [str(Path(sys.executable).with_name(name))]
    return [sys.executable, "-m", "engine"]


def _step_back(pid: int) -> None:
    """Let the child's threads wait for the window's: on a busy machine a click would else wait for a matrix product.
    Where nobody else wants the cores, the child is as fast as ever."""
    with contextlib.suppress(psutil.Error, OSError):
        psutil.Process(pid).nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else 10)


def _steer(control: Control, stdin: IO[str]) -> None:
    """Send the words of `control` to the child; what was said before the start is said now."""

    def send(word: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # the child has ended; there is nobody left to tell
            stdin.write(word + "\n")
            stdin.flush()

    control.on_command(send)
    for said, word in ((control.stopping, "stop"), (control.finishing, "finish"), (control.paused, "pause")):
        if said:
            send(word)


def _end(child: subprocess.Popen[str]) -> None:
    """Leave no child behind: closing its input asks it to stop; after a while it is made to."""
    if child.poll() is not None:
        return
    with contextlib.suppress(OSError):
        assert child.stdin
        child.stdin.close()
    try:
        child.wait(KILL_AFTER_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _judge(verb: str, status: int, told: str) -> None:
    """Turn the exit status into an ordinary end or an exception. 130 is a stop, which is an ordinary end."""
    if status in (0, 130):
        return
    last = next((line.strip() for line in reversed(told.splitlines()) if line.strip()), "")
    if status in (1, 2):
        raise ThawError(last.removeprefix("Error: ") or f"thaw {verb} failed.", told)
    raise ChildDied(_cause_of_death(verb, status), told)


def _cause_of_death(verb: str, status: int) -> str:
    what = {"train": "Training", "evaluate": "Evaluation"}.get(verb, f"“thaw {verb}”")
    hint = " What was saved is kept; the run can be resumed." if verb == "train" else ""
    if status < 0:
        name = signal.Signals(-status).name if -status in list(signal.Signals) else f"signal {-status}"
        if name == "SIGKILL":
            return f"{what} was killed from outside, most often because memory ran out.{hint}"
        return f"{what} ended with a crash in native code ({name}).{hint}"
    return f"{what} ended unexpectedly (exit status {status}).{hint}"
