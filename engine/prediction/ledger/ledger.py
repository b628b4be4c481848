"""An open ledger: what is known, what is added, what is read back."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import LedgerError
from engine.events import Prediction
from engine.file_lock import FileLock
from engine.photos import printable
from engine.prediction.classify import Answer, Found
from engine.prediction.ledger.files import remove_files
from engine.prediction.ledger.met_again import key_aside, key_of, known_at, what_it_is
from engine.prediction.ledger.rows import INSERT, SELECT, prediction, values
from engine.prediction.ledger.views import as_sought

ROWS_AT_A_TIME = 2000
LONGEST_NUMBER = 15
_NUMBER = re.compile(r"[0-9]+")

Execute = Callable[..., sqlite3.Cursor]


@dataclass(frozen=True)
class About:
    """What the answers in a ledger are answers of. `identity` tells apart models that could answer differently;
    `thresholds` are the model file's own, by class."""

    model: str
    model_sha256: str
    classes: tuple[str, ...]
    identity: str
    thresholds: dict[str, float]


class Ledger:
    """Its methods may be called from several threads, and raise LedgerError where the drive or the file is at fault."""

    def __init__(self, path: Path, connection: sqlite3.Connection, about: About, lock: FileLock | None = None) -> None:
        self.path, self.about = path, about
        self.changed_rows = False
        """Whether an answer of earlier was replaced, so that a table that only grew is no longer true."""
        self.set_aside = 0
        """Rows whose photos' places others had taken, since it was opened."""
        for name, function in (("folder", os.path.dirname), ("file_name", file_name), ("in_order", in_order)):
            connection.create_function(name, 1, function, deterministic=True)
        self._connection, self._lock = connection, lock
        self._busy = threading.RLock()
        self._closed = False

    @contextlib.contextmanager
    def statements(self) -> Iterator[Execute]:
        """Gives what executes a statement, to one thread at a time. What it changes is kept with the next `commit`."""
        with self._busy:
            try:
                yield self._connection.execute
            except sqlite3.Error as error:
                raise refused(self.path, error) from None

    def has_answer(self, found: Found, hashed: bool = False) -> bool:
        """Whether this very file, by path, size and time, has an answer, also from before another one took its place;
        where it is to be `hashed`, one with its SHA-256. One that could not be read has none: what stood in its way may
        be gone."""
        key, this = key_of(found.path), (found.size, found.modified)
        with self.statements() as run:
            row = run("SELECT sha256, size, modified, error FROM photo WHERE key = ?", (key,)).fetchone()
            if row is not None and row[1:] != (*this, ""):
                place = key_aside(key, *this)
                row = run("SELECT sha256 FROM photo WHERE key = ? AND error = ''", (place,)).fetchone()
        return row is not None and (bool(row[0]) or not hashed)

    def add(self, answers: Sequence[Answer], decided: Sequence[tuple[str, float]]) -> None:
        """Take answers with what the rules made of them. What was known of the same photo is replaced, and what a
        person said of it stays; the row of another one that was at its path is set aside."""
        with self.statements() as run:
            for answer, (label, confidence) in zip(answers, decided, strict=True):
                known = known_at(run, answer.found)
                what = what_it_is(known, answer) if known else "new"
                if known and what == "other":
                    self.set_aside += 1
                    aside = key_aside(known.key, known.size, known.modified)
                    run("UPDATE photo SET key = ? WHERE id = ?", (aside, known.id))
                if known and what in ("same", "gone"):
                    self.changed_rows = True
                if known and what == "same":
                    run(INSERT, values(known.id, answer, label, confidence, known.key))
                elif what != "gone":
                    run(INSERT, values(None, answer, label, confidence))

    def commit(self) -> None:
        """Force to the disk what was added."""
        with self.statements():
            self._connection.commit()

    def forget(self) -> None:
        """Take back what was added since the last `commit`."""
        with self.statements():
            self._connection.rollback()

    def hold_still(self) -> None:
        """What is read from now on is as it is at this moment, whatever others write, until `commit` or `close`."""
        with self.statements() as run:
            run("BEGIN")
            run("SELECT count(*) FROM about").fetchone()  # the moment is that of the first look

    def note(self, key: str, value: str) -> None:
        """Keep a word about the whole, with the next `commit`."""
        with self.statements() as run:
            run("INSERT OR REPLACE INTO about VALUES (?, ?)", (key, value))

    def noted(self, key: str) -> str | None:
        with self.statements() as run:
            row = run("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def count(self) -> int:
        with self.statements() as run:
            return int(run("SELECT count(*) FROM photo").fetchone()[0])

    def predictions(self, top: int) -> Iterator[Prediction]:
        """Every photo's answer in the order in which it was met, some at a time, so that memory stays flat."""
        for rows in self.in_parts(f"{SELECT} WHERE id > ? ORDER BY id LIMIT {ROWS_AT_A_TIME}"):
            yield from (prediction(row, self.about.classes, top) for row in rows)

    def change(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Execute a statement for each of `rows`; kept with the next `commit`."""
        with self._busy:
            try:
                self._connection.executemany(statement, rows)
            except sqlite3.Error as error:
                raise refused(self.path, error) from None

    def these(self, ids: Sequence[int], top: int) -> dict[int, Prediction]:
        """The answers for a few photos, by id; what is not there is left out."""
        with self.statements() as run:
            rows = run(f"{SELECT} WHERE id IN ({', '.join('?' * len(ids))})", tuple(ids)).fetchall()
        return {row[0]: prediction(row, self.about.classes, top) for row in rows}

    def in_parts(self, statement: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a statement whose first column is the id, with a `?` for the last one that was given."""
        after = -1
        while True:
            with self.statements() as run:
                rows = run(statement, (after,)).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            yield rows

    def close(self, remove: bool = False) -> None:
        """Keep what was added, and let go of the file; `remove` takes it away. Twice is as good as once."""
        if self._closed:
            return
        self._closed = True
        try:
            self.commit()
        finally:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            if remove:
                remove_files(self.path)
            if self._lock:
                self._lock.release()
                self._lock = None


def file_name(path: bytes) -> str:
    """What a search for names looks in; whatever is no UTF-8 is a replacement sign."""
    return as_sought(os.path.split(path)[1].decode("utf-8", "replace"))


def in_order(path: bytes) -> str:
    """The name as it sorts: “photo 2” before “photo 10”."""
    return _NUMBER.sub(lambda number: number[0].zfill(LONGEST_NUMBER), file_name(path))


def refused(path: Path, error: sqlite3.Error) -> LedgerError:
    """An error of SQLite in a sentence."""
    words = str(error)
    if "full" in words:
        reason = "the disk is full; make room, then go on: what was kept is whole"
    elif "locked" in words or "busy" in words:
        reason = "another program holds it; close that, then go on: what was kept is whole"
    elif "unable to open" in words or "readonly" in words:
        reason = "nothing can be written to it or beside it; see to your permission there, or copy it elsewhere"
    elif "malformed" in words or "not a database" in words:
        reason = "it is damaged, or no ledger of Thaw's"
    else:
        reason = words
    return LedgerError(f"“{printable(path.name)}” could not be used: {reason}.", words)
