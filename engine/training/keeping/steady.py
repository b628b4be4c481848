"""Batches that wait for photos whose drive is gone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TypeVar

from engine.clock import Stopwatch
from engine.control import Control
from engine.dataset.loader import PhotosAwayError, folder_is_there
from engine.events import Notice

Item = TypeVar("Item")
LOOK_EVERY_SECONDS = 1.0


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
