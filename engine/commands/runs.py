"""Commands that look at runs that are there."""

from __future__ import annotations

from pathlib import Path

import click

import engine
from engine.commands.play import Existing, play, with_json
from engine.control import Control


@click.command()
@click.argument("runs", type=Existing, nargs=-1, required=True)
@with_json
def compare(runs: tuple[Path, ...], as_json: bool) -> int:
    """Put two or more RUNS beside each other: settings that differ, numbers on the same photos, and whether a
    difference may be luck."""
    control = Control()
    return play(engine.compare(runs, control), control, as_json)
