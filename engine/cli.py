"""`thaw …`: each command iterates a verb of the engine and prints its events."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import traceback
import typing
from pathlib import Path

import click

import engine
from engine.commands.play import INTERRUPTED, play, with_json
from engine.control import Control
from engine.errors import ThawError


def main() -> None:
    """The console script: ends with the exit statuses of the contract, 0, 1, 2 or 130."""
    # Looking for plugins of pydantic, of which there are none, takes longer than reading a model file.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="surrogateescape" if os.name == "posix" else "backslashreplace")  # type: ignore[union-attr]
    try:
        status = cli(standalone_mode=False)
    except ThawError as error:
        _fail(str(error))
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of our output has gone, as `thaw … | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:  # of a drive, mostly: what nobody foresaw is a sentence, too
        if os.environ.get("THAW_CONTROLLED") == "1":
            traceback.print_exc()  # the window keeps it as details
        where = f" ({error.filename})" if error.filename else ""
        _fail(f"The system reported: {error.strerror or error}{where}.")
    _leave(status if isinstance(status, int) else 0)


def _leave(status: int) -> typing.NoReturn:
    """End at once where torch was loaded: everything is written, and its tearing down takes seconds."""
    if "torch" not in sys.modules:
        sys.exit(status)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _fail(sentence: str) -> typing.NoReturn:
    click.echo(sentence, err=True)
    sys.exit(1)


COMMANDS = {
    "answers": ("sort", "unsort", "sidecars"),
    "corrections": ("corrections", "verify"),
    "models": ("models", "layers", "measure", "look", "weights"),
    "photos": ("scan", "predict", "table", "summary", "why", "pseudo-label", "evaluate"),
    "runs": ("compare", "ensemble"),
    "serving": ("serve",),
    "training": (
        "train", "extend", "search", "find-lr", "preflight", "baseline", "compare-strategies", "advise", "demo",
    ),
}  # fmt: skip
"""By the module of engine.commands that has them. It is loaded when one of them is called: the settings of a training
run, of which `thaw train` makes its options, take half as long to load as a small batch takes to classify."""


class _Commands(click.Group):
    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted({*self.commands, *(name for names in COMMANDS.values() for name in names)})

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        for module, names in COMMANDS.items():
            if name in names:
                found = vars(importlib.import_module(f"engine.commands.{module}")).values()
                return next(one for one in found if isinstance(one, click.Command) and one.name == name)
        return super().get_command(context, name)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(engine.__version__, prog_name="thaw")
def cli() -> None:
    """Train an image classifier on your own photos, see what it does, and classify whole folders, offline."""


@cli.command()
@click.option(
    "--self-check", is_flag=True, help="Load a model, classify a photo, draw the window; exit 0 if all works."
)
@with_json
def doctor(self_check: bool, as_json: bool) -> int:
    """Tell versions, devices and why one is not used, folders, and what is wrong."""
    events = list(importlib.import_module("engine.doctor").self_check() if self_check else engine.checks())
    status = play(events, Control(), as_json)
    return 1 if self_check and events[-1].problems else status


@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def app(arguments: tuple[str, ...]) -> int:
    """Open the window."""
    return subprocess.run([*window_program(), *arguments], check=False).returncode


def window_program() -> list[str]:
    """How the window is started: the sibling program where frozen, the package else. The engine never imports Qt."""
    if getattr(sys, "frozen", False):
        name = "thaw-app.exe" if sys.platform == "win32" else "thaw-app"
        return [str(Path(sys.executable).with_name(name))]
    return [sys.executable, "-m", "desktop_app"]
