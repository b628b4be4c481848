"""What can be done with a batch's answers beside saving them, each as a job: planned first, then done, or undone."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desktop_app.widgets.prediction.reading import opened
from desktop_app.widgets.thumbnails import shown
from engine.control import Control
from engine.errors import ThawError
from engine.events import LeftOut, SortingPlanned

if TYPE_CHECKING:
    from engine.prediction.ledger.made_files import Kind


@dataclass(frozen=True)
class Sort:
    into: Path
    kind: Kind = "copy"
    flat: bool = False
    labelled: bool = False
    """Whether copies get their label inside."""

    @property
    def title(self) -> str:
        return f"Sorting into “{shown(self.into.name or self.into)}”"

    def events(self, ledger: Path, control: Control, dry_run: bool = False) -> Iterator[Any]:
        verb = importlib.import_module("engine.prediction.sorting.sort").sort
        yield from verb(
            ledger, self.into, kind=self.kind, flat=self.flat, label_in_copies=self.labelled, dry_run=dry_run,
            control=control,
        )  # fmt: skip


@dataclass(frozen=True)
class WriteSidecars:
    naming: str = "digikam"
    title = "Writing labels beside the photos"

    def events(self, ledger: Path, control: Control, dry_run: bool = False) -> Iterator[Any]:
        verb = importlib.import_module("engine.prediction.sorting.sidecars").write_sidecars
        yield from verb(ledger, naming=self.naming, dry_run=dry_run, control=control)


@dataclass(frozen=True)
class Undo:
    """`only` “photos” or “sidecars”, "" for both; of the photos those sorted `into` one folder, None for all."""

    only: str = ""
    into: Path | None = None
    title = "Taking away what was made"

    def events(self, ledger: Path, control: Control, dry_run: bool = False) -> Iterator[Any]:
        verb = importlib.import_module("engine.prediction.sorting.undo").undo_sorting
        yield from verb(ledger, only=self.only, into=self.into, dry_run=dry_run, control=control)


Deed = Sort | WriteSidecars | Undo


@dataclass(frozen=True)
class Outcome:
    """The last event of a deed, and why files were left out, the reason of most of them first."""

    last: Any
    left: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Made:
    """What a ledger knows of: so many `photos`, sorted into these `folders`, and so many `sidecars`, from what was
    `named`."""

    photos: int = 0
    folders: tuple[Path, ...] = ()
    sidecars: int = 0
    named: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Preview:
    """What a deed would do, None where that could not be told; `trouble` says why it cannot be done."""

    made: Made
    outcome: Outcome | None = None
    trouble: str = ""


def made_from(ledger: Path) -> Made:
    """Raises LedgerError."""
    made_files = importlib.import_module("engine.prediction.ledger.made_files")
    looked_at = opened(ledger)
    try:
        tally = made_files.MadeFiles(looked_at, to_write=False).tally()
        course = importlib.import_module("engine.prediction.ledger.course").read(looked_at)
    finally:
        looked_at.close()
    photos = [(top, number) for kind, top, number in tally if kind != "sidecar"]
    sidecars = sum(number for kind, _, number in tally if kind == "sidecar")
    folders = tuple(dict.fromkeys(top for top, _ in photos))
    return Made(sum(number for _, number in photos), folders, sidecars, course.paths if course else ())


def do(ledger: Path, deed: Deed, control: Control) -> Generator[Any, None, Outcome]:
    """A job: do it, and tell how it goes on. Raises ThawError."""
    return (yield from _heard(deed.events(ledger, control)))


def plan(ledger: Path, deed: Deed | None, control: Control) -> Generator[Any, None, Preview]:
    """A job: what there is already, and what the deed would do; nothing is changed. Raises LedgerError."""
    made = made_from(ledger)
    if deed is None:
        return Preview(made)
    outcome = None
    try:
        outcome = yield from _heard(deed.events(ledger, control, dry_run=True))
        planned = outcome.last
        if isinstance(planned, SortingPlanned):
            places = importlib.import_module("engine.prediction.sorting.places")
            places.check_room(planned.into, planned.files, planned.bytes)
    except ThawError as error:
        return Preview(made, outcome, str(error))
    return Preview(made, outcome)


def _heard(events: Iterator[Any]) -> Generator[Any, None, Outcome]:
    """Reasons are counted here: a signal for each file that is left out would keep the window busy."""
    reasons: Counter[str] = Counter()
    last = None
    for event in events:
        if isinstance(event, LeftOut):
            reasons[event.reason] += 1
        else:
            last = event
            yield event
    return Outcome(last, tuple(reasons.most_common()))
