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


@click.command()
@click.argument("runs", type=Existing, nargs=-1, required=True)
@click.option("--out", type=Existing, required=True, help="The model file to write, NAME.thaw.")
@click.option("--replace", is_flag=True, help="Write over --out if it is there.")
@with_json
def ensemble(runs: tuple[Path, ...], out: Path, replace: bool, as_json: bool) -> int:
    """Make one model file of two or more finished RUNS; it answers with the mean of what they say."""
    control = Control()
    return play(engine.ensemble(runs, out, replace=replace, control=control), control, as_json)
