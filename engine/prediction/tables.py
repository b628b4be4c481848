"""Predictions as CSV: written row by row while a folder is classified, or at once from a list.

The dialect is RFC 4180 in UTF-8 without a byte order mark. What cannot stand in a cell as it is, is changed so that two
different names never become one:

- bytes of a name that are not UTF-8 become `\\xff`; where that could be mistaken for a name that has these very
  characters, the backslash of the latter becomes `\\x5c`;
- a cell that a spreadsheet would take for a formula (it begins with = + - @, their full-width forms, or a control
  character) gets an apostrophe in front, and so does one that begins with apostrophes and then such a character.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TextIO

from engine.errors import ThawError
from engine.events import Prediction
from engine.photos import printable

FIRST_COLUMNS = ("path", "label", "confidence", "error")

_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")
_LIKE_ESCAPE = re.compile(r"\\(?=x[0-9a-f]{2})")


class PredictionTable:
    """A CSV file that grows by rows. It is created with the first rows, or when it is closed, never over an existing
    file unless `replace` says so."""

    def __init__(self, path: Path, top: int, replace: bool = False) -> None:
        """`top` is how many best classes each row names. Raises ThawError where the file cannot become this table."""
        self.path = path
        self._top = top
        self._replace = replace
        self._stream: TextIO | None = None
        if path.is_dir():
            raise ThawError(f"“{printable(str(path))}” is a folder; name a file for the table.")
        if os.path.lexists(path) and not replace:
            raise ThawError(f"“{printable(str(path))}” exists already; choose another name, or move it away.")
        if not path.parent.is_dir():
            raise ThawError(f"There is no folder “{printable(str(path.parent))}” for the table; create it first.")

    def add(self, predictions: Iterable[Prediction]) -> None:
        """Write rows and hand them to the system, so that they outlive this program. Raises ThawError."""
        try:
            if self._stream is None:
                self._stream = self.path.open("w" if self._replace else "x", encoding="utf-8", newline="")
                csv.writer(self._stream).writerow(columns(self._top))
            csv.writer(self._stream).writerows(row(prediction, self._top) for prediction in predictions)
            self._stream.flush()
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

    def _refused(self, error: OSError) -> ThawError:
        return ThawError(
            f"The table “{printable(str(self.path))}” could not be written ({error.strerror or error}); "
            "the rows before that are in it."
        )


def write_predictions(path: Path, predictions: Sequence[Prediction], top: int | None = None) -> None:
    """The whole table at once, beside and then moved into place over what was there. Raises ThawError.

    `top` is how many best classes each row names; None takes as many as the predictions have.
    """
    if top is None:
        top = max((len(prediction.top) for prediction in predictions), default=0)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    table = PredictionTable(beside, top, replace=True)
    try:
        table.add(predictions)
        table.close()
        beside.replace(path)
    except OSError as error:
        raise ThawError(
            f"The table “{printable(str(path))}” could not be written ({error.strerror or error}); "
            "choose another folder or name."
        ) from None
    finally:
        table.abandon()
        beside.unlink(missing_ok=True)


def columns(top: int) -> list[str]:
    """The header: path, label, confidence, error, then a class and its confidence for each of the `top` best."""
    return [*FIRST_COLUMNS, *(name for rank in range(1, top + 1) for name in (f"top{rank}", f"top{rank}_confidence"))]


def row(prediction: Prediction, top: int) -> list[str]:
    """One photo's cells, as many as `columns(top)` has. A row with an error has neither label nor confidence."""
    answered = not prediction.error
    cells = [
        path_cell(prediction.path),
        text_cell(prediction.label),
        f"{prediction.confidence:.6f}" if answered else "",
        text_cell(prediction.error),
    ]
    for name, confidence in prediction.top[:top]:
        cells += (text_cell(name), f"{confidence:.6f}")
    return cells + [""] * (len(FIRST_COLUMNS) + 2 * top - len(cells))


def path_cell(path: Path) -> str:
    """A path as a cell: always UTF-8, and never the same for two different paths."""
    text = str(path)
    if os.sep != "\\":  # where it is, every path is full of them, and names are never bytes
        text = _LIKE_ESCAPE.sub(r"\\x5c", text)
    return text_cell(printable(text))


def text_cell(text: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula."""
    return "'" + text if _FORMULA.match(text) else text
