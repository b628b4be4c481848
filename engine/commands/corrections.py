"""Commands that take what a person says of photos, take it home, and make it training data."""

from __future__ import annotations

from pathlib import Path

import click

import engine
from engine.commands.play import Existing, play, with_json
from engine.control import Control


@click.command()
@click.argument("ledger", type=Existing)
@click.option("--from", "said", type=Existing, required=True, help="A CSV table with the columns path and label.")
@with_json
def verify(ledger: Path, said: Path, as_json: bool) -> int:
    """Keep what a person says that photos of LEDGER (the .thaw-ledger beside a table) show, and tell how often the
    model was right there.

    The table may be one of Thaw's with its column “human” filled in, which then counts in place of the model's label.
    Rows without a label say nothing; “unknown” says that a photo shows none of the classes. Photos are named by their
    path as in a table of Thaw's, or by a file name that no other photo has. Where one row is wrong, none is taken.
    """
    control = Control()
    return play(engine.verify(ledger, said, control=control), control, as_json)


@click.group()
def corrections() -> None:
    """Take home what was confirmed or corrected in the field, and add it to a dataset."""


@corrections.command()
@click.argument("ledger", type=Existing)
@click.option("--out", type=Existing, required=True, help="The file to write; its name ends in .thaw-corrections.")
@click.option(
    "--all-verified/--only-corrected", "all_verified", default=True, show_default=True,
    help="All photos that a person looked at, or those alone that the model had wrong.",
)  # fmt: skip
@click.option("--size", type=int, default=512, show_default=True, help="Longest side of the small copies, in pixels.")
@click.option("--gps", "places", is_flag=True, help="Say where photos were taken; else that is never inside.")
@click.option("--replace", is_flag=True, help="Write over --out if it is there.")
@with_json
def pack(
    ledger: Path, out: Path, all_verified: bool, size: int, places: bool, replace: bool, as_json: bool
) -> int:  # fmt: skip
    """Pack what a person said of the photos of LEDGER (the .thaw-ledger beside a table) into one small file.

    Whoever gets it sees small copies of the photos, their names and folders, and when they were taken; where they were
    taken (GPS) only with --gps. The photos themselves are only read.
    """
    control = Control()
    events = engine.pack_corrections(
        ledger, out, only_corrected=not all_verified, size=size, places=places, replace=replace, control=control
    )
    return play(events, control, as_json)


@corrections.command()
@click.argument("pack", type=Existing)
@click.argument("data", type=Existing)
@click.option("--new-classes", is_flag=True, help="Make folders for classes that DATA lacks.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@click.option("--undo", is_flag=True, help="Take out of DATA again what PACK added to it.")
@with_json
def apply(pack: Path, data: Path, new_classes: bool, dry_run: bool, undo: bool, as_json: bool) -> int:
    """Add the photos of PACK to the dataset folder DATA, to those for training where it is split.

    The original is copied where this machine has it, else the small copy. Photos that are in DATA already are neither
    moved nor changed: those that lie in another class are told.
    """
    control = Control()
    if undo:
        return play(engine.undo_corrections(pack, data, dry_run=dry_run, control=control), control, as_json)
    events = engine.apply_corrections(pack, data, new_classes=new_classes, dry_run=dry_run, control=control)
    return play(events, control, as_json)
