"""Commands that look at photos with a model, or at a folder of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

import engine
from engine.commands.play import Existing, play, with_json
from engine.control import Control

TABLE = "The table to write: .csv, .jsonl, .xlsx or .parquet, by its name."
SERIES = "Decide together on photos that one camera took at most so many seconds apart."


@click.command()
@click.argument("data", type=Existing)
@with_json
def scan(data: Path, as_json: bool) -> int:
    """Tell what is in a dataset folder, and what is wrong with it."""
    control = Control()
    return play(engine.scan(data, control), control, as_json)


Command = Callable[..., int]


def _with_decisions(command: Command) -> Command:
    """The options that say how probabilities become labels, and what the table looks like."""
    options = (
        click.option("--top", type=click.IntRange(1), default=5, show_default=True, help="How many classes a photo."),
        click.option(
            "--threshold", type=click.FloatRange(0, 1), default=0.0, help="Below this confidence the label is unknown."
        ),
        click.option(
            "--threshold-for", "by_class", multiple=True, metavar="CLASS=P", help="The same for one class; repeatable."
        ),
        click.option(
            "--groups", type=Existing, help="A CSV file (class,group): a group is named where no class is sure."
        ),
        click.option("--series", type=click.FloatRange(0), default=0.0, metavar="SECONDS", help=SERIES),
        click.option("--bom", is_flag=True, help="Begin the CSV with a byte order mark, which Excel wants."),
        click.option("--replace", is_flag=True, help="Begin anew, over --out if it is there."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("model", type=Existing)
@click.argument("paths", type=Existing, nargs=-1, required=True)
@click.option("--out", type=Existing, required=True, help=TABLE)
@click.option("--resume", is_flag=True, help="Go on with the answers that --out has: only new and changed photos.")
@_with_decisions
@click.option("--watch", is_flag=True, help="Go on with photos that come into the folders, until Ctrl+C.")
@click.option("--hash", "hashed", is_flag=True, help="Add the SHA-256 of each photo's file.")
@click.option("--sort-into", type=Existing, help="Then copy the photos into a folder for each class, as “thaw sort”.")
@click.option("--label-in-copies", is_flag=True, help="With --sort-into: write the label into JPEG and PNG copies.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads; all when not given.")
@click.option(
    "--device", type=click.Choice(("auto", "cpu")), default="auto", show_default=True, help="Where the network runs."
)
@with_json
def predict(
    model: Path, paths: tuple[Path, ...], out: Path, resume: bool, watch: bool, hashed: bool, sort_into: Path | None,
    label_in_copies: bool, threads: int | None, device: Any, as_json: bool, **decisions: Any,
) -> int:  # fmt: skip
    """Classify photos: MODEL is a .thaw file or a finished run, PATHS are photos and folders.

    The answers are also kept in a ledger beside the table, from which --resume goes on.
    """
    control = Control()
    options = {"control": control, "threads": threads, "device": device, "resume": resume, "hashed": hashed}
    options |= _decisions(**decisions)
    if sort_into and watch:
        raise click.UsageError("--sort-into copies when the batch has ended; with --watch, run “thaw sort” afterwards.")
    if label_in_copies and not sort_into:
        raise click.UsageError("--label-in-copies goes with --sort-into, which makes the copies.")
    if sort_into:
        events = engine.predict_and_sort(
            model, paths, out, sort_into=sort_into, label_in_copies=label_in_copies, **options
        )
    else:
        events = engine.predict(model, paths, out, watch=watch, **options)
    return play(events, control, as_json)


@click.command()
@click.argument("ledger", type=Existing)
@click.option("--out", type=Existing, required=True, help=TABLE)
@_with_decisions
@with_json
def table(ledger: Path, out: Path, as_json: bool, **decisions: Any) -> int:
    """Make a table anew from LEDGER (the .thaw-ledger beside one), by other thresholds or in another format."""
    control = Control()
    return play(engine.tabulate(ledger, out, control=control, **_decisions(**decisions)), control, as_json)


@click.command()
@click.argument("ledger", type=Existing)
@click.option("--out", type=Existing, help="A page of HTML to write.")
@click.option("--replace", is_flag=True, help="Write over --out if it is there.")
@with_json
def summary(ledger: Path, out: Path | None, replace: bool, as_json: bool) -> int:
    """Count what LEDGER holds (the .thaw-ledger beside a table): by label, by folder, by the hour of the day."""
    control = Control()
    return play(engine.summarise_batch(ledger, out, replace=replace, control=control), control, as_json)


def _decisions(by_class: tuple[str, ...], series: float, bom: bool, **others: Any) -> dict[str, Any]:
    """The options as the verbs call them."""
    return others | {"by_class": dict(map(share, by_class)), "series_seconds": series, "byte_order_mark": bom}


def share(text: str) -> tuple[str, float]:
    """CLASS=P, as two."""
    name, sign, number = text.rpartition("=")
    try:
        return name, float(number if sign and name else "")
    except ValueError:
        raise click.UsageError(f"--threshold-for {text}: write CLASS=P, for instance ant=0.8.") from None


@click.command()
@click.argument("model", type=Existing)
@click.argument("photo", type=Existing)
@click.option("--out", type=Existing, required=True, help="The picture to write, a .png file.")
@click.option("--label", metavar="CLASS", help="The class to show the evidence for  [the likeliest].")
@click.option("--replace", is_flag=True, help="Write over --out if it is there.")
@with_json
def why(model: Path, photo: Path, out: Path, label: str | None, replace: bool, as_json: bool) -> int:
    """Picture where in PHOTO the evidence for a class lay, as MODEL saw it: bright is much, dark is none."""
    return play(engine.explain(model, photo, out, label, replace=replace), Control(), as_json)


@click.command("pseudo-label")
@click.argument("model", type=Existing)
@click.argument("folder", type=Existing)
@click.option("--out", type=Existing, required=True, help="The CSV file to write, outside the folder.")
@click.option("--replace", is_flag=True, help="Write over --out if it is there.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.95, show_default=True, help="Least confidence.")
@click.option("--most", type=click.IntRange(1), default=200, show_default=True, help="At most so many a class.")
@with_json
def pseudo_label(
    model: Path, folder: Path, out: Path, replace: bool, threshold: float, most: int, as_json: bool
) -> int:
    """Label the photos in FOLDER that MODEL is sure of, for “thaw train --pseudo-labels”; look at them first."""
    control = Control()
    events = engine.pseudo_label(
        model, folder, out, threshold=threshold, most_per_class=most, replace=replace, control=control
    )
    return play(events, control, as_json)


@click.command()
@click.argument("model", type=Existing)
@click.argument("data", type=Existing)
@click.option("--out", type=Existing, required=True, help="The folder to write metrics.json and predictions.csv to.")
@with_json
def evaluate(model: Path, data: Path, out: Path, as_json: bool) -> int:
    """Measure MODEL on the labelled photos of DATA: its test split where it has one, else val, else all of it."""
    control = Control()
    return play(engine.evaluate(model, data, out, control=control), control, as_json)
