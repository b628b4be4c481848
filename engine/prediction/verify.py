"""verify: what a person says in a table that photos show, kept in the ledger; and how often the model was right."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator, Sequence
from pathlib import Path

from engine.control import Control
from engine.errors import ThawError
from engine.events import Event, VerdictsKept
from engine.photos import printable
from engine.prediction.ledger.ledger import ROWS_AT_A_TIME, Ledger
from engine.prediction.ledger.met_again import path_of
from engine.prediction.ledger.opening import read_ledger
from engine.prediction.ledger.verdicts import NONE_OF_THEM, say
from engine.prediction.summary import accuracy_of
from engine.prediction.tables.cells import path_text, text_of
from engine.prediction.tables.said import Said, read_said

MOST_TOLD = 100
CLASSES_TOLD = 20
PHOTOS = f"SELECT id, key, path, size FROM photo WHERE id > ? ORDER BY id LIMIT {ROWS_AT_A_TIME}"


def verify(ledger: Path, said: Path, *, control: Control | None = None) -> Generator[Event, None, None]:
    """Keep what the CSV table `said` says that photos of a `ledger` show, as if it had been said in the window. What
    was said of them before gives way.

    It has the columns path and label; in a table of Thaw's, human counts in place of label. Rows without a label say
    nothing, and “unknown” that a photo shows none of the classes. A path is as in Thaw's tables, absolute, or a file
    name; the column size tells apart photos that were at one path in turn.

    Yields VerdictsKept, then an AccuracyVerified of all that was ever said. Raises ThawError where a row is wrong (a
    class that the model does not know, a photo that is not in the ledger, or could be several), and takes none then.
    """
    del control  # it takes a second or two for 100,000 photos
    rows = read_said(said)
    opened = read_ledger(ledger)
    try:
        labels = _labels(opened, rows)
        with opened.statements() as run:
            before = dict(run("SELECT photo, label FROM verdict").fetchall())
        say(opened, labels)
        accuracy = accuracy_of(opened)
    finally:
        opened.close()
    new = sum(1 for photo in labels if photo not in before)
    yield VerdictsKept(
        len(labels), new, sum(1 for photo in labels if before.get(photo, labels[photo]) != labels[photo])
    )
    yield from accuracy


def _labels(ledger: Ledger, rows: Sequence[Said]) -> dict[int, str]:
    """What each photo shows, by id. Raises ThawError."""
    photos, classes = _Photos(ledger, rows), (*ledger.about.classes, NONE_OF_THEM)
    labels: dict[int, str] = {}
    troubles: list[str] = []
    for row in rows:
        try:
            label = _class(row.label, classes)
            photo = photos.find(row)
            if labels.setdefault(photo, label) != label:
                raise ThawError(f"an earlier line says that {_quoted(row.path)} shows “{labels[photo]}”")
        except ThawError as error:
            troubles.append(f"Line {row.line}: {error}.")
    if troubles:
        more = f" {len(troubles) - 1:,} more lines are wrong." if len(troubles) > 1 else ""
        raise ThawError(f"Nothing was taken. {troubles[0]}{more}", "\n".join(troubles[:MOST_TOLD]))
    return labels


def _class(said: str, classes: Sequence[str]) -> str:
    for name in _forms(said):
        if name in classes:
            return name
    known = ", ".join(classes[:CLASSES_TOLD])
    raise ThawError(f"the model knows no class {_quoted(said)}; it knows {known} (none of them)")


class _Photos:
    """Finds the photos of a ledger by what a table calls them; what no row calls so is not kept."""

    def __init__(self, ledger: Ledger, rows: Sequence[Said]) -> None:
        called = {name for row in rows for name in _forms(row.path)}
        self._by_path: dict[str, dict[int, int]] = defaultdict(dict)  # of each the size, by id
        self._by_name: dict[str, dict[int, int]] = defaultdict(dict)
        for part in ledger.in_parts(PHOTOS):
            for id_, key, path, size in part:
                named, absolute = Path(os.fsdecode(path)), path_of(key)
                for text in {path_text(named), path_text(absolute)} & called:
                    self._by_path[text][id_] = size
                if (name := path_text(Path(absolute.name))) in called:
                    self._by_name[name][id_] = size

    def find(self, row: Said) -> int:
        """The photo's id. Raises ThawError."""
        found = next(
            (known[form] for known in (self._by_path, self._by_name) for form in _forms(row.path) if form in known), {}
        )
        if not found:
            raise ThawError(f"there is no photo {_quoted(row.path)} in this batch")
        of_size = [id_ for id_, size in found.items() if len(found) == 1 or size == row.size]
        if len(of_size) != 1:
            raise ThawError(
                f"{len(found)} photos of this batch are called {_quoted(row.path)}; give the whole path, and the size "
                "in a column “size” where two memory cards had that"
            )
        return of_size[0]


def _forms(cell: str) -> tuple[str, str]:
    return cell, text_of(cell)


def _quoted(text: str) -> str:
    return f"“{printable(text)}”"
