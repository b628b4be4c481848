"""The files and folders that were made from a ledger's answers: each is on record before it is made."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.prediction.ledger.ledger import ROWS_AT_A_TIME, Ledger

Kind = Literal["copy", "labelled", "hardlink", "symlink", "sidecar", "folder"]
"""A labelled one is a copy with its label inside."""
COPIES: tuple[Kind, ...] = ("copy", "labelled")

TABLES = (
    """CREATE TABLE IF NOT EXISTS made (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    path BLOB NOT NULL UNIQUE,
    top BLOB NOT NULL,
    photo INTEGER,
    source BLOB NOT NULL,
    source_modified INTEGER NOT NULL,
    name TEXT NOT NULL,
    size INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    part TEXT NOT NULL,
    device TEXT NOT NULL,
    done INTEGER NOT NULL
)""",
    "CREATE INDEX IF NOT EXISTS made_of_photo ON made (photo, top)",
)
SELECT = (
    "SELECT id, kind, path, top, photo, source, source_modified, name, size, modified, part, device, done FROM made"
)


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file or folder that was made, or is about to be (not `done`).

    `top` is the folder that was sorted into; of a sidecar the photo's own. `source` is the `photo` it was made from,
    `source_modified` that one's time. `name` is the class's folder, of a sidecar what it says. `size` (bytes; of a link
    its photo's) and `modified` (nanoseconds since 1970) are the file's own. It is written as `part` beside its `path`
    first. `device` is the drive it is on, as the system numbers them.
    """

    kind: Kind
    path: Path
    top: Path
    photo: int | None = None
    source: Path = Path()
    source_modified: int = 0
    name: str = ""
    size: int = 0
    modified: int = 0
    part: str = ""
    device: str = ""
    done: bool = False
    id: int | None = None


class MadeFiles:
    """The record in a ledger. Its tables are made when they are first needed, so older ledgers have none."""

    def __init__(self, ledger: Ledger, to_write: bool = True) -> None:
        """`to_write` makes the tables where there are none; without it the ledger is only looked at."""
        self._ledger = ledger
        with ledger.statements() as run:
            if to_write:
                run("PRAGMA synchronous = FULL")  # what is intended is on the disk before anything is made
                for statement in TABLES:
                    run(statement)
            self._there = bool(run("SELECT 1 FROM sqlite_master WHERE name = 'made'").fetchone())

    def of_photo(self, photo: int, top: Path) -> list[MadeFile]:
        """What was made of a photo in `top`."""
        return self._found("WHERE photo = ? AND top = ?", photo, os.fsencode(top))

    def at(self, path: Path) -> MadeFile | None:
        """What is on record at a path."""
        return next(iter(self._found("WHERE path = ?", os.fsencode(path))), None)

    def unfinished(self) -> list[MadeFile]:
        """What was intended when a process ended before it said that it was done."""
        return self._found("WHERE NOT done ORDER BY id")

    def folders(self) -> list[MadeFile]:
        """The folders, those further down first."""
        return self._found("WHERE kind = 'folder' ORDER BY length(path) DESC")

    def files(self, kinds: Sequence[Kind], top: Path | None = None) -> Iterator[MadeFile]:
        """The files of these kinds (in `top`), some at a time; they may be forgotten on the way."""
        if self._there:
            for rows in self._ledger.in_parts(f"{SELECT} WHERE id > ? ORDER BY id LIMIT {ROWS_AT_A_TIME}"):
                found = map(_made_file, rows)
                yield from (file for file in found if file.kind in kinds and top in (None, file.top))

    def count(self, kinds: Sequence[Kind], top: Path | None = None) -> int:
        return sum(1 for _ in self.files(kinds, top))

    def tally(self) -> list[tuple[Kind, Path, int]]:
        """How many files there are of each kind in each folder that was sorted into, those made first at the start."""
        if not self._there:
            return []
        with self._ledger.statements() as run:
            rows = run(
                "SELECT kind, top, count(*) FROM made WHERE kind <> 'folder' GROUP BY kind, top ORDER BY min(id)"
            )
            return [(kind, Path(os.fsdecode(top)), number) for kind, top, number in rows]

    def has_below(self, folder: Path) -> bool:
        """Whether files on record lie in a folder."""
        start = os.fsencode(folder / "x")[:-1]
        return bool(self._found("WHERE kind <> 'folder' AND substr(path, 1, ?) = ? LIMIT 1", len(start), start))

    def intend(self, files: Iterable[MadeFile]) -> list[MadeFile]:
        """Put files and folders on record that are about to be made, and force that to the disk."""
        intended = []
        with self._ledger.statements() as run:
            for file in files:
                marks = ", ".join("?" * 13)
                number = run(f"INSERT INTO made VALUES ({marks})", _values(file)).lastrowid
                intended.append(dataclasses.replace(file, id=number))
        self.commit()
        return intended

    def is_done(self, file: MadeFile, modified: int = 0) -> None:
        """Note that it was made, and the time its drive gave it. It is kept with the next commit."""
        with self._ledger.statements() as run:
            run("UPDATE made SET done = 1, modified = ? WHERE id = ?", (modified, file.id))

    def forget(self, file: MadeFile) -> None:
        with self._ledger.statements() as run:
            run("DELETE FROM made WHERE id = ?", (file.id,))

    def commit(self) -> None:
        self._ledger.commit()

    def _found(self, where: str, *parameters: Any) -> list[MadeFile]:
        if not self._there:
            return []
        with self._ledger.statements() as run:
            return [_made_file(row) for row in run(f"{SELECT} {where}", parameters)]


def _made_file(row: tuple[Any, ...]) -> MadeFile:
    id_, kind, path, top, photo, source, source_modified, name, size, modified, part, device, done = row
    paths = (Path(os.fsdecode(one)) for one in (path, top, source))
    path, top, source = paths
    return MadeFile(
        kind, path, top, photo, source, source_modified, name, size, modified, part, device, bool(done), id_
    )


def _values(file: MadeFile) -> tuple[Any, ...]:
    return (
        file.id, file.kind, os.fsencode(file.path), os.fsencode(file.top), file.photo, os.fsencode(file.source),
        file.source_modified, file.name, file.size, file.modified, file.part, file.device, int(file.done),
    )  # fmt: skip
