"""Correction packs as sentences for a person at a terminal."""

from __future__ import annotations

from engine import events as ev
from engine.disk_room import in_words
from engine.terminal_words import duration, sentence

TITLES = {"pack": "Packing", "apply": "Adding"}


@sentence.register(ev.CorrectionsPacked)
def _(event: ev.CorrectionsPacked) -> str:
    if event.out is None:
        return "Stopped; no pack was written"
    return (
        f"{event.photos:,} photos that a person looked at, {event.corrected:,} of them corrected, "
        f"{event.copies:,} with a small copy ({in_words(event.bytes)})\nPack: {event.out}"
    )


@sentence.register(ev.PhotoMisplaced)
def _(event: ev.PhotoMisplaced) -> str:
    return f"• {event.path} lies in “{event.label}” and was said to be “{event.said}”: it belongs at {event.belongs}"


@sentence.register(ev.CorrectionsApplied)
def _(event: ev.CorrectionsApplied) -> str:
    head = "To add" if event.dry_run else "Stopped; added" if event.stopped else "Added"
    lines = [
        f"{head}: {event.added:,} photos to {event.dataset}, {event.originals:,} as they are, the others as small "
        f"copies; {event.known:,} are there already, {event.misplaced:,} are there in another class, {event.none:,} "
        f"show none of the classes, {event.left_out:,} are left out"
    ]
    lines += [f"  {label}: {photos:,}" for label, photos in event.classes]
    if event.unknown:
        lacking = ", ".join(f"“{label}” ({photos:,})" for label, photos in event.unknown)
        lines.append(f"The dataset has no class {lacking}; --new-classes makes them.")
    return "\n".join(lines)


@sentence.register(ev.CorrectionsUndone)
def _(event: ev.CorrectionsUndone) -> str:
    head = "To take out" if event.dry_run else "Stopped" if event.stopped else f"Undone in {duration(event.seconds)}"
    return f"{head}: {event.removed:,} photos; {event.gone:,} were not there any more, {event.left:,} are left"


@sentence.register(ev.VerdictsKept)
def _(event: ev.VerdictsKept) -> str:
    return f"Kept what was said of {event.photos:,} photos: {event.new:,} for the first time, {event.changed:,} changed"


@sentence.register(ev.AccuracyVerified)
def _(event: ev.AccuracyVerified) -> str:
    unknown = event.seen - event.labelled - event.finer
    if unknown == event.seen:
        return f"The model left all {event.seen:,} photos that a person looked at unknown"
    left = f"; {unknown:,} that it left unknown do not count" if unknown else ""
    left += f"; {event.finer:,} of which the person named only the group do not count" if event.finer else ""
    if not event.labelled:
        return f"None of {event.seen:,} photos that a person looked at says whether the model was right{left}"
    return (
        f"Right on {event.right:,} of {event.labelled:,} photos that a person looked at: {event.accuracy:.1%} "
        f"(95 % interval {event.low:.1%} to {event.high:.1%}){left}"
    )
