"""undo_sorting: what was made from a ledger taken away again, as far as it is still as it was made."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Literal

from engine.control import Control
from engine.errors import ThawError
from engine.events import Event, LeftOut, SortingUndone
from engine.prediction.ledger.made_files import COPIES, Kind, MadeFile, MadeFiles
from engine.prediction.ledger.opening import read_ledger
from engine.prediction.sorting.making import state_of
from engine.prediction.sorting.places import sorted_into
from engine.prediction.sorting.record import ABSENT, REMOVED, Record, why_it_stays
from engine.prediction.sorting.steering import Steering

Only = Literal["", "photos", "sidecars"]
KINDS: dict[str, tuple[Kind, ...]] = {
    "": (*COPIES, "hardlink", "symlink", "sidecar"),
    "photos": (*COPIES, "hardlink", "symlink"),
    "sidecars": ("sidecar",),
}
FILES_BETWEEN_COMMITS = 50
"""Until then nobody else can write to the ledger."""


def undo_sorting(
    ledger: Path,
    *,
    into: Path | None = None,
    only: Only = "",
    even_last: bool = False,
    dry_run: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Take away what `sort` and `write_sidecars` made from a `ledger`: all of it, what was sorted `into` one folder, or
    `only` the “photos” or the “sidecars”.

    Only files that are still as they were made are removed (by their size and time, a link's target), and folders that
    were made and are empty; every other file is a LeftOut and stays, for good where it was changed. So does what may be
    the last copy of a photo, as that is not where it was, unless `even_last`. It may be done in several goes, after a
    kill too, and twice does no harm.

    SortingUndone is last, also after a stop (or finish); in a `dry_run` nothing is changed. Raises ThawError: no
    ledger, or another process has it.
    """
    if only not in KINDS:
        raise ThawError(f"Undo all, “photos” or “sidecars”, not “{only}”.")
    opened = read_ledger(ledger, to_decide=not dry_run)
    try:
        made = MadeFiles(opened, to_write=not dry_run)
        record = None if dry_run else Record(made)
        kinds, top = KINDS[only], into and sorted_into(into)
        steering = Steering("undo", control, made.count(kinds, top))
        counts = {REMOVED: 0, ABSENT: 0}
        left = 0
        for file in made.files(kinds, top):
            if not steering.goes_on(made.commit):
                break
            said = record.take_away(file, even_last) if record else _would(file, even_last)
            if said in counts:
                counts[said] += 1
            else:
                left += 1
                yield LeftOut(file.path, said)
            yield from steering.step()
            if record and not steering.done % FILES_BETWEEN_COMMITS:
                made.commit()
        folders = record.remove_folders() if record else 0
        stopped = steering.stopped and steering.done < steering.total
    finally:
        opened.close()
    yield SortingUndone(counts[REMOVED], counts[ABSENT], left, folders, steering.seconds, stopped, dry_run)


def _would(file: MadeFile, even_last: bool) -> str:
    state = state_of(file)
    return why_it_stays(file, state, even_last) or (ABSENT if state == "gone" else REMOVED)
