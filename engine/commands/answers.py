"""Commands that do something with the answers of a batch: sort its photos, label them, and undo that."""

from __future__ import annotations

from pathlib import Path

import click

import engine
from engine.commands.play import Existing, play, with_json
from engine.control import Control

KINDS = {"copies": "copy", "hard-links": "hardlink", "symlinks": "symlink"}
DRY_RUN = "Only tell what would be done."


@click.command()
@click.argument("ledger", type=Existing)
@click.option("--into", type=Existing, required=True, help="The folder that gets a folder for each class.")
@click.option(
    "--as", "kind", type=click.Choice(list(KINDS)), default="copies", show_default=True,
    help="What is made of each photo. Whoever edits a hard link edits the photo.",
)  # fmt: skip
@click.option("--flat", is_flag=True, help="All photos of a class side by side, without their sub-folders.")
@click.option(
    "--label-in-copies", is_flag=True, help="Write the label into JPEG and PNG copies, as a keyword (XMP)."
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help=DRY_RUN)
@with_json
def sort(
    ledger: Path, into: Path, kind: str, flat: bool, label_in_copies: bool, dry_run: bool, as_json: bool
) -> int:  # fmt: skip
    """Sort the photos of LEDGER (the .thaw-ledger beside a table) into a folder for each class.

    The photos stay where and as they are; “thaw unsort” takes the copies away again. Again with the same folder, only
    what is new is copied, and what has another label by now moves to its new folder.
    """
    control = Control()
    events = engine.sort(
        ledger, into, kind=KINDS[kind], flat=flat, label_in_copies=label_in_copies, dry_run=dry_run, control=control
    )
    return play(events, control, as_json)


@click.command()
@click.argument("ledger", type=Existing)
@click.option("--into", type=Existing, help="Only what was sorted into this folder.")
@click.option(
    "--only", type=click.Choice(["photos", "sidecars"]), default=None, help="Only sorted photos, or sidecars."
)
@click.option("--even-last", is_flag=True, help="Remove copies, too, whose photo is no longer where it was.")
@click.option("--dry-run", is_flag=True, help=DRY_RUN)
@with_json
def unsort(ledger: Path, into: Path | None, only: str | None, even_last: bool, dry_run: bool, as_json: bool) -> int:
    """Take away what “thaw sort” and “thaw sidecars” made from LEDGER, where it is still as it was made."""
    control = Control()
    events = engine.undo_sorting(
        ledger, into=into, only=only or "", even_last=even_last, dry_run=dry_run, control=control
    )
    return play(events, control, as_json)


@click.command()
@click.argument("ledger", type=Existing)
@click.option(
    "--named-as", "naming", type=click.Choice(["digikam", "lightroom"]), default="digikam", show_default=True,
    help="photo.jpg.xmp as digiKam and darktable, or photo.xmp as Lightroom, which reads them beside raw photos only.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help=DRY_RUN)
@with_json
def sidecars(ledger: Path, naming: str, dry_run: bool, as_json: bool) -> int:
    """Write the labels of LEDGER into new XMP files beside the photos, never over one that is there.

    “thaw unsort” takes them away again.
    """
    control = Control()
    return play(engine.write_sidecars(ledger, naming=naming, dry_run=dry_run, control=control), control, as_json)
