"""Tables that grow while a folder is classified: CSV and JSON lines, a row on the disk as soon as it is known.

CSV is RFC 4180 in UTF-8, without a byte order mark unless asked (Excel needs one to see that it is UTF-8). JSON lines
is one object a row, keyed by the columns.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TextIO

from engine.errors import ThawError
from engine.events import Prediction
from engine.photo_formats import is_photo_name, is_raw_name
from engine.photos import printable
from engine.prediction.tables.cells import Layout
from engine.reachable import is_folder

JSON_LINES = (".jsonl", ".ndjson")
OWN_ENDINGS = ".thaw"
"""What the endings of models, ledgers and corrections begin with."""
Mode = Literal["x", "w", "a"]


class GrowingTable:
    """It is created with the first rows, or when it is closed."""

    def __init__(self, path: Path, layout: Layout, *, mode: Mode = "x", byte_order_mark: bool = False) -> None:
        """`mode` is "x" where the file must not be there, "w" to write over it, "a" to go on with it."""
        self.path, self._layout, self._mode = path, layout, mode
        self._encoding = "utf-8-sig" if byte_order_mark and mode != "a" else "utf-8"
        self._as_json = path.suffix.lower() in JSON_LINES
        self._stream: TextIO | None = None

    def add(self, predictions: Iterable[Prediction]) -> None:
        """Write rows and hand them to the system, so that they outlive this program. Raises ThawError."""
        try:
            self._stream = stream = self._stream or self._begun()
            if self._as_json:
                names = self._layout.columns()
                stream.writelines(
                    json.dumps(dict(zip(names, self._layout.values(one), strict=True)), ensure_ascii=False) + "\n"
                    for one in predictions
                )
            else:
                csv.writer(stream).writerows(self._layout.cells(one) for one in predictions)
            stream.flush()
        except OSError as error:
            raise self._refused(error) from None

    def close(self) -> None:
        """End the table; one without rows has its header then. Raises ThawError."""
        if self._stream is None:
            self.add(())
        self.abandon()

    def abandon(self) -> None:
        """Let go of the file: what was written stays, and where nothing was, there is no file."""
        stream, self._stream = self._stream, None
        if stream is not None:
            try:
                stream.close()
            except OSError as error:
                raise self._refused(error) from None

    def _begun(self) -> TextIO:
        stream = self.path.open(self._mode, encoding=self._encoding, newline="")
        if self._mode != "a" and not self._as_json:
            csv.writer(stream).writerow(self._layout.columns())
        return stream

    def _refused(self, error: OSError) -> ThawError:
        return ThawError(
            f"The table “{printable(str(self.path))}” could not be written ({error.strerror or error}); "
            "the rows before that are in it."
        )


def check_place(path: Path, replace: bool = False) -> None:
    """Raises ThawError where the file cannot become a table: a folder, a file that is there, no folder for it; and
    whatever has the name of a photo or of a file of Thaw's own, which is not to be written over by a slip."""
    name = printable(str(path))
    own = path.suffix.lower().startswith(OWN_ENDINGS)
    if own or is_photo_name(path) or is_raw_name(path):
        what = "a file of Thaw's own" if own else "a photo"
        raise ThawError(f"“{name}” has the name of {what}; choose another name.")
    if is_folder(path):
        raise ThawError(f"“{name}” is a folder; name a file for the table.")
    if os.path.lexists(path) and not replace:
        raise ThawError(f"“{name}” exists already; choose another name, or move it away.")
    if not is_folder(path.parent):
        raise ThawError(f"There is no folder “{printable(str(path.parent))}” for the table; create it first.")
