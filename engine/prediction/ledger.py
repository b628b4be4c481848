"""The ledger of a batch: an SQLite file beside the results that knows each photo's answer as soon as it is there.

It is what a batch is resumed from, and what tables, other thresholds and sorting are made of without applying the
network again. A photo is known by its path, its size and its time; all probabilities are kept. Commits are forced to
the disk, so after a power failure, too, only what came since the last one is missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import LedgerError
from engine.events import Prediction
from engine.file_lock import FileLock, HeldElsewhere, take
from engine.model_file import NETWORK, ModelFile
from engine.photos import printable
from engine.prediction.classify import Answer, Found
from engine.prediction.rules import Rules, decide, ranked

ENDING = ".thaw-ledger"
LOCK_ENDING = ".lock"
FORMAT = 1
ROWS_AT_A_TIME = 2000
SECONDS_FOR_OTHERS = 10.0

_SCHEMA = (
    "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE photo (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,      -- its absolute path, as bytes: names need not be UTF-8
    path BLOB NOT NULL,            -- as it was named
    size INTEGER NOT NULL,         -- bytes
    modified INTEGER NOT NULL,     -- nanoseconds since 1970
    sha256 TEXT NOT NULL,
    taken TEXT NOT NULL,
    camera TEXT NOT NULL,
    latitude REAL,
    longitude REAL,
    error TEXT NOT NULL,
    label TEXT NOT NULL,           -- by the rules that were applied last
    confidence REAL NOT NULL,
    probabilities BLOB             -- float32, little-endian, by class
)""",
    "CREATE TABLE verdict (photo INTEGER PRIMARY KEY, label TEXT NOT NULL, said TEXT NOT NULL)",
)
_COLUMNS = (
    "path, size, sha256, taken, camera, latitude, longitude, error, photo.label, confidence, probabilities, "
    "verdict.label"
)


@dataclass(frozen=True)
class About:
    """What the answers in a ledger are answers of. `identity` tells apart models that could answer differently."""

    model: str
    model_sha256: str
    classes: tuple[str, ...]
    identity: str

    @classmethod
    def of(cls, model: ModelFile) -> About:
        manifest = model.manifest
        network = manifest.members.get(NETWORK, "")
        decides = [network, manifest.preprocessing.model_dump(mode="json"), manifest.temperature, manifest.classes]
        identity = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
        return cls(manifest.name, network, manifest.classes, identity)


def place_beside(out: Path) -> Path:
    """The ledger of the table `out`: answers.csv has answers.thaw-ledger."""
    return out.with_suffix(ENDING)


def files_of(path: Path) -> tuple[Path, ...]:
    """All files that belong to a ledger while it is open."""
    return tuple(path.with_name(path.name + end) for end in ("", "-wal", "-shm", "-journal", LOCK_ENDING))


class Ledger:
    """An open ledger. Its methods may be called from several threads. They raise LedgerError where the drive or the
    file is at fault."""

    def __init__(self, path: Path, connection: sqlite3.Connection, about: About, lock: FileLock | None = None) -> None:
        self.path, self.about = path, about
        self.changed_rows = False
        """Whether an answer of earlier was replaced, so that a table that only grew is no longer true."""
        self._connection, self._lock = connection, lock
        self._busy = threading.RLock()

    # --- photo by photo ------------------------------------------------------------------------------------------

    def has_answer(self, found: Found) -> bool:
        """Whether this very file, by path, size and time, has an answer. One that could not be read has none: what
        stood in its way may be gone."""
        with self._guarded() as run:
            row = run("SELECT size, modified FROM photo WHERE key = ? AND error = ''", (_key(found.path),)).fetchone()
        return row == (found.size, found.modified)

    def add(self, answers: Sequence[Answer], decided: Sequence[tuple[str, float]]) -> None:
        """Take answers with what the rules made of them; what was known of the same path is replaced."""
        with self._guarded() as run:
            for answer, (label, confidence) in zip(answers, decided, strict=True):
                before = run("SELECT id FROM photo WHERE key = ?", (_key(answer.found.path),)).fetchone()
                if before:
                    self.changed_rows = True
                    run("DELETE FROM verdict WHERE photo = ?", (before[0],))  # it was said of another picture
                run(_INSERT, _values(before and before[0], answer, label, confidence))

    def commit(self) -> None:
        """Force to the disk what was added."""
        with self._guarded():
            self._connection.commit()

    # --- all of it -----------------------------------------------------------------------------------------------

    def count(self) -> int:
        with self._guarded() as run:
            return int(run("SELECT count(*) FROM photo").fetchone()[0])

    def predictions(self, top: int, where: str = "", values: Sequence[Any] = ()) -> Iterator[Prediction]:
        """Every photo's answer in the order in which it was met, some at a time, so that memory stays flat."""
        after = -1
        condition = f"id > ? {'AND ' + where if where else ''}"
        while True:
            with self._guarded() as run:
                rows = run(
                    f"SELECT id, {_COLUMNS} FROM photo LEFT JOIN verdict ON verdict.photo = id "
                    f"WHERE {condition} ORDER BY id LIMIT {ROWS_AT_A_TIME}",
                    (after, *values),
                ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            yield from (_prediction(row[1:], self.about.classes, top) for row in rows)

    def use(self, rules: Rules) -> None:
        """Decide anew on every photo, from its probabilities, unless it was these rules that decided last."""
        groups = dict(rules.hierarchy.group_of) if rules.hierarchy else {}
        text = json.dumps([rules.needed, groups], sort_keys=True)
        with self._guarded() as run:
            if run("SELECT value FROM about WHERE key = 'rules'").fetchone() == (text,):
                return
            run("INSERT OR REPLACE INTO about VALUES ('rules', ?)", (text,))
        for ids, probabilities in self.probabilities():
            decided = decide(rules, probabilities)
            with self._guarded():
                self._connection.executemany(
                    "UPDATE photo SET label = ?, confidence = ? WHERE id = ?",
                    [(label, confidence, id_) for (label, confidence), id_ in zip(decided, ids, strict=True)],
                )
        self.commit()

    def probabilities(self) -> Generator[tuple[list[int], np.ndarray[Any, np.dtype[np.float32]]], None, None]:
        """The ids of photos that have an answer and their probabilities (N × classes), some at a time."""
        after = -1
        while True:
            with self._guarded() as run:
                rows = run(
                    "SELECT id, probabilities FROM photo WHERE id > ? AND error = '' ORDER BY id LIMIT ?",
                    (after, ROWS_AT_A_TIME),
                ).fetchall()
            if not rows:
                return
            after = rows[-1][0]
            yield [row[0] for row in rows], np.stack([np.frombuffer(row[1], "<f4") for row in rows])

    def close(self, remove: bool = False) -> None:
        """Keep what was added, and let go of the file; `remove` takes it away."""
        try:
            with self._guarded():
                self._connection.commit()
        finally:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            if remove:
                _remove(self.path)
            if self._lock:
                self._lock.release()
                self._lock = None

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        with self._busy:
            try:
                yield self._connection.execute
            except sqlite3.Error as error:
                raise _refused(self.path, error) from None


_INSERT = f"INSERT OR REPLACE INTO photo VALUES ({', '.join('?' * 14)})"


def open_ledger(path: Path, model: ModelFile, *, resume: bool = False, replace: bool = False) -> Ledger:
    """The ledger at `path` for this model's answers, made where there is none; nobody else can open it so until it is
    closed. One that is there is taken up with `resume` and made anew with `replace`.

    Raises LedgerError: one is there and neither was asked for; another process has it; it is another model's, newer or
    damaged; the drive refuses.
    """
    lock = _locked(path)
    try:
        if replace:
            _remove(path)
        elif path.exists() and not resume:
            raise LedgerError(
                f"“{printable(path.name)}” holds the answers of an earlier batch; go on with it (--resume), begin anew "
                "(--replace), or choose another name."
            )
        connection, about = _connected(path), About.of(model)
        try:
            _begun(path, connection, about)
        except BaseException:
            connection.close()
            raise
    except OSError as error:
        _let_go(lock)
        raise LedgerError(f"“{printable(str(path))}” cannot be written ({error.strerror or error}).") from None
    except BaseException:
        _let_go(lock)
        raise
    return Ledger(path, connection, about, lock)


def read_ledger(path: Path) -> Ledger:
    """The ledger at `path`, to look at while another process may write to it. Raises LedgerError."""
    if not path.is_file():
        raise LedgerError(f"There are no answers at “{printable(str(path))}”; name a {ENDING} file.")
    connection = _connected(path)
    try:
        return Ledger(path, connection, _about(path, connection))
    except BaseException:
        connection.close()
        raise


def _locked(path: Path) -> FileLock | None:
    try:
        return take(path.with_name(path.name + LOCK_ENDING))
    except HeldElsewhere as held:
        raise LedgerError(
            f"Another Thaw{held.holder} is at work on “{printable(path.name)}”; wait for it or stop it there, or "
            "choose another name."
        ) from None
    except OSError as error:
        raise LedgerError(
            f"Nothing can be written in “{printable(str(path.parent))}” ({error.strerror or error}); choose another "
            "folder."
        ) from None


def _remove(path: Path) -> None:
    for file in files_of(path):
        if not file.name.endswith(LOCK_ENDING):
            file.unlink(missing_ok=True)


def _let_go(lock: FileLock | None) -> None:
    if lock:
        lock.release()


def _connected(path: Path) -> sqlite3.Connection:
    try:
        return sqlite3.connect(path, timeout=SECONDS_FOR_OTHERS, check_same_thread=False)
    except sqlite3.Error as error:
        raise _refused(path, error) from None


def _begun(path: Path, connection: sqlite3.Connection, about: About) -> None:
    try:
        connection.execute("PRAGMA journal_mode = WAL")  # network drives cannot: they keep the older journal
        connection.execute("PRAGMA synchronous = FULL")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            values = {
                "format": str(FORMAT), "model": about.model, "model_sha256": about.model_sha256,
                "classes": json.dumps(about.classes), "identity": about.identity,
            }  # fmt: skip
            connection.execute("BEGIN IMMEDIATE")  # all of it or nothing, should the power fail now
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.executemany("INSERT INTO about VALUES (?, ?)", values.items())
            connection.commit()
    except sqlite3.Error as error:
        raise _refused(path, error) from None
    made_for = _about(path, connection)
    if made_for.identity != about.identity:
        raise LedgerError(
            f"The answers in “{printable(path.name)}” are those of another model (“{made_for.model}”); choose another "
            "name, or begin anew (--replace)."
        )


def _about(path: Path, connection: sqlite3.Connection) -> About:
    try:
        values = dict(connection.execute("SELECT key, value FROM about"))
        newer = int(values["format"]) > FORMAT
        about = About(values["model"], values["model_sha256"], tuple(json.loads(values["classes"])), values["identity"])
    except (sqlite3.Error, KeyError, ValueError) as error:
        raise LedgerError(f"“{printable(path.name)}” is damaged, or no ledger of Thaw's.", str(error)) from None
    if newer:
        raise LedgerError(f"“{printable(path.name)}” was made by a newer Thaw; use that one.")
    return about


def _refused(path: Path, error: sqlite3.Error) -> LedgerError:
    words = str(error)
    if "full" in words:
        reason = "the disk is full; make room and go on with --resume"
    elif "locked" in words or "busy" in words:
        reason = "another program holds it; close that and go on with --resume"
    elif "malformed" in words or "not a database" in words:
        reason = "it is damaged, or no ledger of Thaw's"
    else:
        reason = words
    return LedgerError(f"“{printable(path.name)}” could not be used: {reason}.", words)


def _key(path: Path) -> bytes:
    return os.fsencode(os.path.normpath(path.absolute()))


def _values(id_: int | None, answer: Answer, label: str, confidence: float) -> tuple[Any, ...]:
    found, facts = answer.found, answer.facts
    blob = None if answer.probabilities is None else answer.probabilities.astype("<f4").tobytes()
    return (
        id_, _key(found.path), os.fsencode(found.path), found.size, found.modified, answer.sha256, facts.taken,
        facts.camera, facts.latitude, facts.longitude, answer.error, label, confidence, blob,
    )  # fmt: skip


def _prediction(row: tuple[Any, ...], classes: tuple[str, ...], top: int) -> Prediction:
    path, size, sha256, taken, camera, latitude, longitude, error, label, confidence, blob, verdict = row
    best = () if blob is None else ranked(classes, np.frombuffer(blob, "<f4"), top)
    return Prediction(
        Path(os.fsdecode(path)), label, confidence, best, error, size, taken, camera, latitude, longitude, sha256,
        verdict or "",
    )  # fmt: skip


def predictions_of(
    answers: Iterable[Answer], decided: Iterable[tuple[str, float]], classes: tuple[str, ...], top: int
) -> list[Prediction]:
    """Answers that are not read back from a ledger, as the ledger would tell them."""
    return [
        Prediction(
            answer.found.path, label, confidence,
            () if answer.probabilities is None else ranked(classes, answer.probabilities, top), answer.error,
            answer.found.size, answer.facts.taken, answer.facts.camera, answer.facts.latitude, answer.facts.longitude,
            answer.sha256,
        )
        for answer, (label, confidence) in zip(answers, decided, strict=True)
    ]  # fmt: skip
