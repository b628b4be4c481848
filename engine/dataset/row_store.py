"""Rows of numbers on disk by name: what was computed once and is read again. NumPy and SQLite only.

A row is in the index only once its numbers are on the disk, so a crash at any moment costs the last rows and never
leaves a wrong one. Several processes may use a store at once.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import shutil
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import platformdirs

from engine.reachable import nearest_folder

INDEX, ROWS = "index.sqlite", "rows.bin"
MOST_BYTES = 10 * 2**30
"""All stores together; the one longest unused goes first."""
KEPT_FREE = 2 * 2**30
"""What a store leaves free on its disk."""
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
PATIENCE_SECONDS, SECONDS_BETWEEN = 60.0, 0.02
"""How long another process that writes is waited for."""


def stores_folder() -> Path:
    """Where stores are kept; what is lost there is computed anew. `THAW_CACHE_DIR` names another folder."""
    named = os.environ.get("THAW_CACHE_DIR")
    return (Path(named) if named else Path(platformdirs.user_cache_dir("Thaw", appauthor=False))) / "stores"


class RowStore:
    """Rows of `values` numbers of one type, by name. Use from one thread; OSError where the disk fails."""

    def __init__(self, folder: Path, dtype: npt.DTypeLike, values: int) -> None:
        self.folder, self._dtype, self._values = folder, np.dtype(dtype), values
        folder.mkdir(parents=True, exist_ok=True)
        self._index = open_index(folder, "rows (name TEXT PRIMARY KEY, number INTEGER NOT NULL)")
        self._numbers: dict[str, int] = dict(self._index.execute("SELECT name, number FROM rows"))
        self._file = open_rows(folder)
        self._drop_cut_off()

    @property
    def row_bytes(self) -> int:
        return self._values * self._dtype.itemsize

    def has(self, name: str) -> bool:
        return name in self._numbers

    def add(self, names: Sequence[str], rows: npt.NDArray[Any]) -> None:
        """Keep `rows` (N×values), all of them or, after a crash, none."""
        content = np.ascontiguousarray(rows, self._dtype)
        if content.shape != (len(names), self._values):
            raise ValueError(f"{content.shape} is not {len(names)} rows of {self._values}")
        with self._index:
            self._index.execute("BEGIN IMMEDIATE")
            (first,) = self._index.execute("SELECT COALESCE(MAX(number) + 1, 0) FROM rows").fetchone()
            write_whole(self._file, content.tobytes(), first * self.row_bytes)
            os.fsync(self._file)
            numbers = dict(zip(names, range(first, first + len(names)), strict=True))
            self._index.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?)", numbers.items())
        self._numbers.update(numbers)

    def rows(self, names: Sequence[str]) -> npt.NDArray[Any]:
        """A copy of the rows of `names`: N×values. KeyError for a name without one."""
        numbers = [self._numbers[name] for name in names]
        if not numbers:
            return np.empty((0, self._values), self._dtype)
        # By the open file and not by its name: another process may have removed the store to make room.
        mapped = mmap.mmap(self._file, (max(numbers) + 1) * self.row_bytes, access=mmap.ACCESS_READ)
        taken: npt.NDArray[Any] = np.frombuffer(mapped, self._dtype).reshape(-1, self._values)[numbers]
        return taken

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._index.close()
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _drop_cut_off(self) -> None:
        """Forget rows beyond the end of the file, as a disk that was restored or filled up can leave them; in the index
        too, for the next row would else be written behind them, and they would be rows of zeros."""
        there = os.fstat(self._file).st_size // max(1, self.row_bytes)
        if all(number < there for number in self._numbers.values()):
            return
        with self._index:
            self._index.execute("BEGIN IMMEDIATE")  # nobody writes meanwhile
            there = os.fstat(self._file).st_size // max(1, self.row_bytes)
            self._index.execute("DELETE FROM rows WHERE number >= ?", (there,))
        self._numbers = {name: number for name, number in self._numbers.items() if number < there}


def open_rows(folder: Path) -> int:
    """The descriptor of a store's file of numbers, made where there is none. The store is used from now on."""
    file = os.open(folder / ROWS, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with contextlib.suppress(OSError):
        os.utime(folder / ROWS)  # what is read only would else be the longest unused
    return file


def open_index(folder: Path, table: str) -> sqlite3.Connection:
    """The index of a store with its one `table` (name and columns); a damaged one is begun anew, with all rows.

    One that another process is using is waited for and never removed: two that write to one file of numbers by two
    indexes would write over each other.
    """
    until, anew = time.monotonic() + PATIENCE_SECONDS, False
    while True:
        index = sqlite3.connect(folder / INDEX, timeout=PATIENCE_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            index.execute("PRAGMA journal_mode = WAL")  # at the same time as another's it fails at once
            index.execute(f"CREATE TABLE IF NOT EXISTS {table}")
            index.execute(f"SELECT COUNT(*) FROM {table.split()[0]}").fetchone()
            return index
        except sqlite3.DatabaseError as error:
            index.close()
            kind = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more of the same
            if kind in DAMAGED and not anew:
                anew = True
                for path in (folder / ROWS, *folder.glob(f"{INDEX}*")):
                    path.unlink(missing_ok=True)
            elif kind != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(SECONDS_BETWEEN)


def write_whole(file: int, content: bytes, place: int) -> None:
    """Write all of `content` at `place`."""
    os.lseek(file, place, os.SEEK_SET)
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]


def room_for(folder: Path, wanted: int, most: int = MOST_BYTES) -> bool:
    """Whether `wanted` bytes more may go into the store `folder`; those longest unused are removed for it, and none
    where removing all of them would not be enough."""
    stores = sorted((path for path in folder.parent.glob("*") if path.is_dir()), key=_last_used)
    sizes = {path: _bytes_in(path) for path in stores}
    total, others = sum(sizes.values()), sum(size for path, size in sizes.items() if path != folder)
    if total - others + wanted > most or _free(folder) + others - wanted < KEPT_FREE:
        return False
    for store in stores:
        if total + wanted <= most and _free(folder) - wanted >= KEPT_FREE:
            break
        if store != folder:
            total -= sizes[store]
            shutil.rmtree(store, ignore_errors=True)
    return total + wanted <= most and _free(folder) - wanted >= KEPT_FREE


def _bytes_in(folder: Path) -> int:
    return sum(found.st_size for found in _files_in(folder))


def _last_used(folder: Path) -> float:
    return max((found.st_mtime for found in _files_in(folder)), default=0.0)


def _files_in(folder: Path) -> Iterator[os.stat_result]:
    """Those that are there when they are looked at: what an index has beside it goes when its process ends."""
    for path in folder.glob("*"):
        with contextlib.suppress(OSError):
            found = path.stat()
            if stat.S_ISREG(found.st_mode):
                yield found


def _free(folder: Path) -> int:
    return shutil.disk_usage(existing(folder)).free


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there: whose disk it would be on. Itself where its drive is away."""
    return nearest_folder(folder.absolute()) or folder
