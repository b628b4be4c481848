"""Which photos of a ledger are shown, in which order, and how many there are of each kind. Done by SQLite, which holds
up no other thread; a program that shows 200,000 photos keeps only their ids."""

from __future__ import annotations

import unicodedata
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.prediction.ledger.ledger import Ledger

ALL, OF_LABEL, UNKNOWN, FAILED, CORRECTED, UNSEEN = "all", "label", "unknown", "failed", "corrected", "unseen"
NAME, LABEL, CONFIDENCE, VERDICT, ERROR = "name", "label", "confidence", "verdict", "error"
UNKNOWN_LABEL = "unknown"

_CONDITIONS = {
    ALL: "",
    OF_LABEL: "photo.error = '' AND photo.label = :label",
    UNKNOWN: f"photo.error = '' AND photo.label = '{UNKNOWN_LABEL}'",
    FAILED: "photo.error <> ''",
    CORRECTED: "verdict.label <> photo.label",
    UNSEEN: "photo.error = '' AND verdict.label IS NULL",
}
_ORDERS = {
    "": "photo.id",
    NAME: "name.in_order {way}, photo.id",
    LABEL: "photo.label COLLATE NOCASE {way}, photo.label {way}, photo.confidence DESC, photo.id",
    CONFIDENCE: "CASE WHEN photo.error = '' THEN photo.confidence ELSE -1 END {way}, photo.id",
    VERDICT: "verdict.label COLLATE NOCASE {way}, photo.id",
    ERROR: "photo.error {way}, photo.id",
}


@dataclass(frozen=True)
class View:
    """`kind` is one of ALL, OF_LABEL (that of `label`), UNKNOWN, FAILED, CORRECTED, UNSEEN (no person has looked at
    it); file names hold `search`. `order` is "" for the order of arrival, or NAME, LABEL, CONFIDENCE, VERDICT, ERROR.
    """

    kind: str = ALL
    label: str = ""
    search: str = ""
    order: str = ""
    descending: bool = False


@dataclass(frozen=True)
class Counts:
    """How many photos there are: of each label but “unknown”, unknown, not read; looked at by a person, and corrected
    then."""

    photos: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    failed: int = 0
    seen: int = 0
    corrected: int = 0


def as_sought(text: str) -> str:
    """The same for what a person takes for the same: large and small letters, accents composed or, as some systems have
    them in names, not."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def newest(ledger: Ledger) -> int:
    """The highest id; 0 where there is no photo. Ids only grow: what was met again keeps its own."""
    with ledger.statements() as run:
        return int(run("SELECT coalesce(max(id), 0) FROM photo").fetchone()[0])


def ids(ledger: Ledger, view: View, after: int = 0, upto: int | None = None) -> array[int]:
    """The ids of the photos in a view, in its order; only those above `after` and not above `upto`."""
    upto = newest(ledger) if upto is None else upto
    named = bool(view.search) or view.order == NAME
    if named:
        _know_names(ledger)
    conditions = ["photo.id > :after", "photo.id <= :upto"]
    conditions += [_CONDITIONS[view.kind]] if _CONDITIONS[view.kind] else []
    conditions += ["instr(name.file_name, :search) > 0"] if view.search else []
    statement = (
        "SELECT photo.id FROM photo LEFT JOIN verdict ON verdict.photo = photo.id "
        + ("JOIN temp.name AS name ON name.photo = photo.id " if named else "")
        + f"WHERE {' AND '.join(conditions)} "
        + f"ORDER BY {_ORDERS[view.order].format(way='DESC' if view.descending else 'ASC')}"
    )
    values = {"after": after, "upto": upto, "label": view.label, "search": as_sought(view.search)}
    with ledger.statements() as run:
        return array("q", (row[0] for row in run(statement, values)))


def counts(ledger: Ledger, after: int = 0, upto: int | None = None) -> Counts:
    """Of the photos above `after` and not above `upto`; `seen` and `corrected` are those of all."""
    upto = newest(ledger) if upto is None else upto
    labels: Counter[str] = Counter()
    photos = failed = 0
    with ledger.statements() as run:
        for label, wrong, number in run(
            "SELECT label, error <> '', count(*) FROM photo WHERE id > ? AND id <= ? GROUP BY 1, 2", (after, upto)
        ):
            photos += number
            if wrong:
                failed += number
            else:
                labels[label] += number
        seen, corrected = run(
            "SELECT count(*), coalesce(sum(verdict.label <> photo.label), 0) "
            "FROM verdict JOIN photo ON photo.id = verdict.photo"
        ).fetchone()
    return Counts(photos, labels, labels.pop(UNKNOWN_LABEL, 0), failed, seen, corrected)


def _know_names(ledger: Ledger) -> None:
    """File names stand in a table of this connection's own, which grows with what is asked: the ledger is not written
    to, and a folder's part of a path is not looked in."""
    with ledger.statements() as run:
        run(
            "CREATE TEMP TABLE IF NOT EXISTS name "
            "(photo INTEGER PRIMARY KEY, file_name TEXT NOT NULL, in_order TEXT NOT NULL)"
        )
        run(
            "INSERT INTO temp.name SELECT id, file_name(path), in_order(path) FROM photo "
            "WHERE id > (SELECT coalesce(max(photo), 0) FROM temp.name)"
        )
    ledger.commit()  # or this connection would see nothing that others add from now on
