"""Decoded photos on disk by name, each in its own shape: decoded once, read in every epoch. NumPy and SQLite only.

A photo is in the index only once its pixels are on the disk, so a crash at any moment costs the last photos and never
leaves a wrong one. Several threads and processes may use a store at once.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import sqlite3
import threading
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.dataset.row_store import open_index, open_rows, room_for, write_whole

Pixels = npt.NDArray[np.uint8]

WRITTEN_TOGETHER = 32 * 2**20
"""Bytes that gather in memory before they are written: a disk is waited for once for many photos."""
CHANNELS = 3


class PixelStore:
    """Photos as uint8 H×W×3, by name. `full` says why nothing more is kept, "" while there is room."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.full = ""
        folder.mkdir(parents=True, exist_ok=True)
        columns = "name TEXT PRIMARY KEY, place INTEGER NOT NULL, height INTEGER NOT NULL, width INTEGER NOT NULL"
        self._index = open_index(folder, f"photos ({columns})")
        self._file = open_rows(folder)
        self._lock = threading.Lock()
        self._gathered: dict[str, Pixels] = {}
        self._mapped: mmap.mmap | None = None
        self._there = self._found()

    def _found(self) -> dict[str, tuple[int, int, int]]:
        """(place, height, width) of the photos in the index. Those beyond the end of the file are forgotten, as a disk
        that was restored or filled up can leave them; in the index too, for the next photo would else be written behind
        them, and they would be black."""
        rows = self._index.execute("SELECT * FROM photos").fetchall()
        beyond = f"place + height * width * {CHANNELS} > ?"
        if any(place + height * width * CHANNELS > os.fstat(self._file).st_size for _, place, height, width in rows):
            with self._index:
                self._index.execute("BEGIN IMMEDIATE")  # nobody writes meanwhile
                self._index.execute(f"DELETE FROM photos WHERE {beyond}", (os.fstat(self._file).st_size,))
            rows = self._index.execute("SELECT * FROM photos").fetchall()
        return {name: (place, height, width) for name, place, height, width in rows}

    def get(self, name: str) -> Pixels | None:
        """The pixels of a photo, not to be written to; None where they are not kept."""
        gathered = self._gathered.get(name)
        if gathered is not None:
            return gathered
        if name not in self._there:
            return None
        place, height, width = self._there[name]
        count = height * width * CHANNELS
        found: Pixels = np.frombuffer(self._map(place + count), np.uint8, count, place)
        return found.reshape(height, width, CHANNELS)

    def put(self, name: str, pixels: Pixels) -> None:
        """Keep a photo, where there is room; never raises."""
        with self._lock:
            if self.full or name in self._there or name in self._gathered:
                return
            self._gathered[name] = np.ascontiguousarray(pixels, np.uint8)
            if sum(photo.nbytes for photo in self._gathered.values()) >= WRITTEN_TOGETHER:
                self._write()

    def close(self) -> None:
        """Write what is gathered, and let go of the files."""
        with self._lock:
            if self._gathered and not self.full:
                self._write()
            self._mapped = None
            with contextlib.suppress(sqlite3.Error):
                self._index.close()
            if self._file >= 0:
                os.close(self._file)
            self._file = -1

    def _write(self) -> None:
        wanted = sum(photo.nbytes for photo in self._gathered.values())
        try:
            if not room_for(self.folder, wanted):
                self.full = "there is no more room for them"
            else:
                self._append()
        except (OSError, sqlite3.Error) as error:
            self.full = str(error)
        self._gathered = {}

    def _append(self) -> None:
        """All that is gathered or, after a crash, nothing."""
        with self._index:
            self._index.execute("BEGIN IMMEDIATE")
            end = f"SELECT COALESCE(MAX(place + height * width * {CHANNELS}), 0) FROM photos"
            (first,) = self._index.execute(end).fetchone()
            rows, place = [], first
            for name, photo in self._gathered.items():
                rows.append((name, place, *photo.shape[:2]))
                place += photo.nbytes
            write_whole(self._file, b"".join(photo.tobytes() for photo in self._gathered.values()), first)
            os.fsync(self._file)
            self._index.executemany("INSERT OR REPLACE INTO photos VALUES (?, ?, ?, ?)", rows)
        self._there.update({name: (place, height, width) for name, place, height, width in rows})

    def _map(self, end: int) -> mmap.mmap:
        """The file in memory, at least up to `end`. What was mapped before lives as long as pixels of it are used."""
        mapped = self._mapped
        if mapped is None or len(mapped) < end:
            mapped = self._mapped = mmap.mmap(self._file, 0, access=mmap.ACCESS_READ)
        return mapped
