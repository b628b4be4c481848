"""Waiting for photos and serving as sentences for a person at a terminal."""

from __future__ import annotations

from engine import events as ev
from engine.terminal_words import duration, sentence


def state(event: ev.Watching | ev.Served) -> tuple[str, str]:
    """What goes on without an end, and how far it came."""
    if isinstance(event, ev.Served):
        return "Serving", f"{_counts(event)}   Ctrl+C ends it"
    coming = f", {event.coming:,} on their way" if event.coming else ""
    return "Waiting for photos", f"{event.done:,} classified{coming}   Ctrl+C ends it"


@sentence.register(ev.ServiceStarted)
def _(event: ev.ServiceStarted) -> str:
    return f"{event.model} answers at {event.address}/predict; {event.address}/docs says how. Ctrl+C ends it."


@sentence.register(ev.ServiceFinished)
def _(event: ev.ServiceFinished) -> str:
    return f"Ended after {duration(event.seconds)}: {_counts(event)}, {event.failed:,} of them could not be read"


def _counts(event: ev.Served | ev.ServiceFinished) -> str:
    return f"{event.requests:,} requests with {event.photos:,} photos"
