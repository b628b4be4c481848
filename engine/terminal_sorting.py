"""Sorting, sidecars and undoing them as sentences for a person at a terminal."""

from __future__ import annotations

from engine import events as ev
from engine.disk_room import in_words
from engine.events.sorting import MAY_BE_LAST
from engine.terminal_words import duration, sentence

TITLES = {"sort": "Sorting", "sidecars": "Writing sidecars", "undo": "Undoing"}


@sentence.register(ev.LeftOut)
def _(event: ev.LeftOut) -> str:
    remedy = " (--even-last removes it)" if event.reason == MAY_BE_LAST else ""
    return f"• {event.path}: {event.reason}{remedy}"


@sentence.register(ev.SortingPlanned)
def _(event: ev.SortingPlanned) -> str:
    size = f" ({in_words(event.bytes)}, {in_words(event.free_bytes)} free)" if event.bytes else ""
    head = f"{event.files:,} files to make in {event.into}{size}"
    there = f"{event.kept:,} are there already, {event.moved:,} move, {event.left_out:,} are left out"
    return "\n".join((f"{head}; {there}", *(f"  {name}: {files:,}" for name, files, _ in event.folders)))


@sentence.register(ev.SortingFinished)
def _(event: ev.SortingFinished) -> str:
    head = "Stopped; sorting again goes on" if event.stopped else "Sorted"
    lines = [
        f"{head} after {duration(event.seconds)}: {event.files:,} files made in {event.into}, {event.moved:,} of them "
        f"moved; {event.kept:,} were there already, {event.left_out:,} are left out"
    ]
    lines += [f"  {event.labelled:,} copies have their label inside"] if event.labelled or event.unlabelled else []
    lines += [f"  {copies:,} have none: {reason}" for reason, copies in event.unlabelled]
    return "\n".join(lines)


@sentence.register(ev.SidecarsFinished)
def _(event: ev.SidecarsFinished) -> str:
    head = "To do" if event.dry_run else "Stopped" if event.stopped else f"Finished after {duration(event.seconds)}"
    return (
        f"{head}: {event.files:,} sidecars; {event.kept:,} were there already, {event.unlabelled:,} photos have no "
        f"label, {event.left_out:,} are left out"
    )


@sentence.register(ev.SortingUndone)
def _(event: ev.SortingUndone) -> str:
    head = "To remove" if event.dry_run else "Stopped" if event.stopped else f"Undone after {duration(event.seconds)}"
    folders = "" if event.dry_run else f" and {event.folders:,} folders"
    return f"{head}: {event.removed:,} files{folders}; {event.gone:,} were not there any more, {event.left:,} are left"
