"""summarise_batch: what a ledger's answers come to, by class, by folder and by the hour; as events and as a page."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

from engine.control import Control
from engine.errors import ThawError
from engine.events import AccuracyVerified, Event, FolderCounted, LabelCounted, SummaryFinished
from engine.prediction.ledger.ledger import Ledger
from engine.prediction.ledger.opening import read_ledger
from engine.prediction.ledger.verdicts import verified
from engine.prediction.rules import UNKNOWN
from engine.prediction.summary_page import page
from engine.prediction.tables.growing import check_place
from engine.whole_file import write_whole
from engine.wilson import wilson

HOURS = 24
_LABEL = "coalesce(verdict.label, photo.label)"
_PHOTOS = "FROM photo LEFT JOIN verdict ON verdict.photo = photo.id"


def summarise_batch(
    ledger: Path, out: Path | None = None, *, replace: bool = False, control: Control | None = None
) -> Generator[Event, None, None]:
    """A LabelCounted for each label, the commonest first, a FolderCounted for each folder, in order, an
    AccuracyVerified where a person looked at photos, and SummaryFinished. What a person said counts before what the
    model did. With `out`, a page of HTML is written that needs neither network nor other files. Raises ThawError."""
    del control  # it takes a second for 100,000 photos
    if out is not None:
        check_place(out, replace)
    opened = read_ledger(ledger)
    try:
        opened.hold_still()  # a batch may be at work on it, and the sums are to fit each other
        labels, folders, accuracy = _labels(opened), _folders(opened), accuracy_of(opened)
        finished = _finished(opened, out)
        text = page(opened.about, labels, folders, accuracy, finished) if out else ""
    finally:
        opened.close()
    if out is not None:
        try:
            write_whole(out, text.encode())
        except OSError as error:
            raise ThawError(f"“{out}” could not be written ({error.strerror or error}); choose another name.") from None
    yield from labels
    yield from folders
    yield from accuracy
    yield finished


def _labels(ledger: Ledger) -> list[LabelCounted]:
    with ledger.statements() as run:
        rows = run(
            f"SELECT {_LABEL} AS named, count(*), count(verdict.label), avg(CASE WHEN verdict.label IS NULL THEN "
            f"confidence END) {_PHOTOS} WHERE error = '' GROUP BY named ORDER BY count(*) DESC, named"
        ).fetchall()
    whole = sum(row[1] for row in rows)
    return [LabelCounted(label, photos, photos / whole, human, mean) for label, photos, human, mean in rows]


def _folders(ledger: Ledger) -> list[FolderCounted]:
    with ledger.statements() as run:
        rows = run(
            f"SELECT folder(key) AS place, {_LABEL} AS named, count(*), sum(error <> '') {_PHOTOS} "
            "GROUP BY place, named ORDER BY place, count(*) DESC, named"
        ).fetchall()
    found: dict[bytes, list[tuple[str, int, int]]] = {}
    for place, label, photos, failed in rows:
        found.setdefault(place, []).append((label, photos, failed))
    return [
        FolderCounted(
            Path(os.fsdecode(place)),
            sum(photos for _, photos, _ in some),
            sum(photos for label, photos, _ in some if label == UNKNOWN),
            sum(failed for *_, failed in some),
            tuple((label, photos - failed) for label, photos, failed in some if photos > failed and label != UNKNOWN),
        )
        for place, some in found.items()
    ]


def accuracy_of(ledger: Ledger) -> list[AccuracyVerified]:
    """How often the model is right where a person looked; empty where nobody did."""
    found = verified(ledger)
    share = found.right / found.labelled if found.labelled else 0.0
    bounds = wilson(found.right, found.labelled)
    told = AccuracyVerified(found.seen, found.labelled, found.right, share, *bounds, found.finer)
    return [told] if found.seen else []


def _finished(ledger: Ledger, out: Path | None) -> SummaryFinished:
    with ledger.statements() as run:
        photos, unknown, failed, verified = run(
            f"SELECT count(*), coalesce(sum({_LABEL} = ?), 0), coalesce(sum(error <> ''), 0), count(verdict.label) "
            f"{_PHOTOS}",
            (UNKNOWN,),
        ).fetchone()
        clocks = "FROM photo WHERE taken <> ''"
        by_hour = dict(run(f"SELECT CAST(substr(taken, 12, 2) AS INTEGER), count(*) {clocks} GROUP BY 1"))
        first, last = run(f"SELECT coalesce(min(taken), ''), coalesce(max(taken), '') {clocks}").fetchone()
    hours = tuple(by_hour.get(hour, 0) for hour in range(HOURS))
    return SummaryFinished(photos, unknown, failed, verified, first, last, hours, out)
