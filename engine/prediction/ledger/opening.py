"""Opening a ledger: to add to it, which one process at a time may do, or to look at it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from engine.errors import LedgerError
from engine.file_lock import FileLock, HeldElsewhere, take
from engine.model_file import NETWORK, ModelFile
from engine.photos import printable
from engine.prediction.ledger.files import ENDING, LOCK_ENDING, remove_files
from engine.prediction.ledger.ledger import About, Ledger, refused
from engine.prediction.ledger.rows import SCHEMA
from engine.prediction.rules import in_answers

FORMAT = 1
SECONDS_FOR_OTHERS = 10.0


def about_model(model: ModelFile) -> About:
    """What a model's ledger says of itself."""
    manifest = model.manifest
    network = manifest.members.get(NETWORK, "")
    decides = [network, manifest.preprocessing.model_dump(mode="json"), manifest.temperature, manifest.classes]
    identity = hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
    return _as_answers(About(manifest.name, network, manifest.classes, identity, dict(manifest.thresholds)))


def _as_answers(about: About) -> About:
    """With the classes as they are called among answers."""
    thresholds = {in_answers(name): value for name, value in about.thresholds.items()}
    return dataclasses.replace(about, classes=tuple(map(in_answers, about.classes)), thresholds=thresholds)


def open_ledger(path: Path, model: ModelFile, *, resume: bool = False, replace: bool = False) -> Ledger:
    """The ledger at `path` for this model's answers, made where there is none; nobody else can open it so until it is
    closed. One that is there is taken up with `resume` and made anew with `replace`.

    Raises LedgerError: one is there and neither was asked for; another process has it; it is another model's, newer or
    damaged; the drive refuses.
    """
    lock = locked(path)
    try:
        if replace:
            _check_nothing_made(path)
            remove_files(path)
        elif path.exists() and not resume:
            raise LedgerError(
                f"“{printable(path.name)}” holds the answers of an earlier batch; go on with it (--resume), begin anew "
                "(--replace), or choose another name."
            )
        return _begun(path, about_model(model), lock)
    except BaseException as error:
        if lock:
            lock.release()
        if isinstance(error, OSError):
            raise LedgerError(f"“{printable(str(path))}” cannot be written ({error.strerror or error}).") from None
        raise


def _check_nothing_made(path: Path) -> None:
    """Raises LedgerError where a ledger that is to be replaced knows of files that only it can take away."""
    if not path.is_file():
        return
    connection = _connected(path)
    try:
        made = connection.execute("SELECT count(*) FROM made WHERE kind <> 'folder'").fetchone()[0]
    except sqlite3.Error:  # none were made; or it is damaged, and made anew
        return
    finally:
        connection.close()
    if made:
        raise LedgerError(
            f"Photos were sorted, or sidecars written, by “{printable(path.name)}”, and only it can undo that: do so "
            "first (thaw unsort), go on with it (--resume), or choose another name."
        )


def read_ledger(path: Path, to_decide: bool = False) -> Ledger:
    """The ledger at `path`, to look at while another process may add to it; `to_decide`, to apply other rules, which
    one process at a time may do. Raises LedgerError."""
    if not path.is_file():
        raise LedgerError(f"There are no answers at “{printable(str(path))}”; name a {ENDING} file.")
    lock = locked(path) if to_decide else None
    connection = None
    try:
        connection = _connected(path, made=False)  # one that is deleted just now must not leave an empty file
        return Ledger(path, connection, _about(path, connection), lock)
    except BaseException:
        if connection:
            connection.close()
        if lock:
            lock.release()
        raise


def locked(path: Path) -> FileLock | None:
    """Hold the ledger at `path`, as whoever changes its answers does; None where the drive has no locks. Raises
    LedgerError where another has it."""
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


def _connected(path: Path, made: bool = True) -> sqlite3.Connection:
    """`made` where there is none."""
    place = quote(os.fsencode(path.absolute().as_posix()), safe="/:")
    address = f"file://{'' if place.startswith('/') else '/'}{place}?mode={'rwc' if made else 'rw'}"
    try:
        return sqlite3.connect(address, timeout=SECONDS_FOR_OTHERS, check_same_thread=False, uri=True)
    except sqlite3.Error as error:
        raise refused(path, error) from None


def _begun(path: Path, about: About, lock: FileLock | None) -> Ledger:
    connection = _connected(path)
    try:
        _prepare(path, connection, about)
        made_for = _about(path, connection)
        if made_for.identity != about.identity:
            raise LedgerError(
                f"The answers in “{printable(path.name)}” are those of another model (“{made_for.model}”); choose "
                "another name, or begin anew (--replace)."
            )
    except BaseException:
        connection.close()
        raise
    return Ledger(path, connection, about, lock)


def _prepare(path: Path, connection: sqlite3.Connection, about: About) -> None:
    entries = {
        "format": str(FORMAT), "model": about.model, "model_sha256": about.model_sha256,
        "classes": json.dumps(about.classes), "identity": about.identity, "thresholds": json.dumps(about.thresholds),
    }  # fmt: skip
    try:
        connection.execute("PRAGMA journal_mode = WAL")  # network drives cannot: they keep the older journal
        connection.execute("PRAGMA synchronous = FULL")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            connection.execute("BEGIN IMMEDIATE")  # all of it or nothing, should the power fail now
            for statement in SCHEMA:
                connection.execute(statement)
            connection.executemany("INSERT INTO about VALUES (?, ?)", entries.items())
            connection.commit()
    except sqlite3.Error as error:
        raise refused(path, error) from None


def _about(path: Path, connection: sqlite3.Connection) -> About:
    try:
        told = dict(connection.execute("SELECT key, value FROM about"))
        newer = int(told["format"]) > FORMAT
        about = _as_answers(
            About(
                told["model"], told["model_sha256"], tuple(json.loads(told["classes"])), told["identity"],
                json.loads(told["thresholds"]),
            )
        )  # fmt: skip
    except (sqlite3.Error, KeyError, ValueError) as error:
        if isinstance(error, sqlite3.Error) and "no such" not in str(error):
            raise refused(path, error) from None  # what cannot be read now may be whole
        raise LedgerError(f"“{printable(path.name)}” is damaged, or no ledger of Thaw's.", str(error)) from None
    if newer:
        raise LedgerError(f"“{printable(path.name)}” was made by a newer Thaw; use that one.")
    return about
