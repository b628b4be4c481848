"""A pass over photos: it waits for those whose drive is gone, and while it is paused, and ends where a stop comes."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

from engine.clock import Stopwatch
from engine.control import Control
from engine.dataset.loader import PhotosAwayError, folder_is_there
from engine.events import Notice

Item = TypeVar("Item")
LOOK_EVERY_SECONDS = 1.0


class Tells(Protocol):
    """What has something to tell now and then, as a loader of the photos that it left out."""

    notices: collections.deque[Notice]


def attended(
    make: Callable[[int], Iterator[Item]],
    teller: Tells,
    control: Control,
    *,
    keep: Callable[[], Iterable[Notice]] = tuple,
    patience: Control | None = None,
    watch: Stopwatch | None = None,
) -> Iterator[Item | Notice]:
    """What `steady` gives, and what `teller` has to tell. Waits while it is paused, once all is kept by `keep`: whoever
    pauses may switch the machine off. Ends early where a stop comes. What must end whole hears neither, and waits for
    photos that are away only until a stop of `patience`."""
    for item in steady(make, patience or control, watch):
        if not isinstance(item, Notice):
            with watch.stopped() if watch else contextlib.nullcontext():
                while control.paused:
                    yield from keep()
                    control.wait_while_paused()
            if control.stopping:
                return
        yield from notices_of(teller)
        yield item
    yield from notices_of(teller)


def notices_of(teller: Tells) -> Iterator[Notice]:
    """What it has to tell since it was last asked."""
    while teller.notices:
        yield teller.notices.popleft()


def steady(
    make: Callable[[int], Iterator[Item]], control: Control, watch: Stopwatch | None = None
) -> Iterator[Item | Notice]:
    """What `make(0)` gives. Where the photos are away, tells so, waits, and goes on with `make(n)`, n being the number
    of items given so far; ends early where a stop comes first. The wait does not count on `watch`."""
    done = 0
    while True:
        try:
            for item in make(done):
                done += 1
                yield item
            return
        except PhotosAwayError as away:
            folder = away.folder
        text = f"The drive with the photos is gone ({folder}). The run waits and goes on when it is back."
        yield Notice(text, "photos_away", folder)
        with watch.stopped() if watch else contextlib.nullcontext():
            while not folder_is_there(folder):
                if control.stopping or control.wait_for_stop(LOOK_EVERY_SECONDS):
                    return
        yield Notice("The photos are there again, and the run goes on.", "photos_back", folder)
