"""What stands in a table of predictions: its columns, and a photo's values and cells.

What cannot stand in a cell of text as it is, is changed so that two different names never become one:

- bytes of a name that are not UTF-8 become `\\xff`; where that could be mistaken for a name that has these very
  characters, the backslash of the latter becomes `\\x5c`;
- a cell that a spreadsheet would take for a formula (it begins with = + - @, their full-width forms, or a control
  character) gets an apostrophe in front, and so does one that begins with apostrophes and then such a character. So
  does what stands behind a semicolon, tab or line break inside a cell: some countries' spreadsheets begin the next one
  there, quoted or not.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from engine.events import Prediction
from engine.photos import printable

FIRST_COLUMNS = ("path", "label", "confidence", "error")
LAST_COLUMNS = (
    "human", "series", "taken", "camera", "latitude", "longitude", "size", "sha256", "model", "model_sha256",
)  # fmt: skip
"""`human` is what a person said the photo shows, `series` a number that photos have which were decided on together;
`size` is in bytes, `latitude` and `longitude` in degrees."""

Value = str | float | int | None

_FIRST, _PARTS = "'=+-@＝＋－＠\t\r\n", re.compile("[;\t\r\n]")
_BEGIN, _SIGN = r"(?:\A|(?<=[;\t\r\n]))", r"(?='*[=+\-@＝＋－＠\t\r\n])"
_FORMULA, _NEUTRALISED = re.compile(_BEGIN + _SIGN), re.compile(f"{_BEGIN}'{_SIGN}")
_LIKE_ESCAPE = re.compile(r"\\(?=x[0-9a-f]{2})")


@dataclass(frozen=True)
class Layout:
    """How many of the best classes each row names, and of which model the answers are."""

    top: int
    model: str = ""
    model_sha256: str = ""

    def columns(self) -> list[str]:
        """The header: path, label, confidence, error, then a class and its confidence for each of the best, then what
        is known of the photo and of the model."""
        best = (name for rank in range(1, self.top + 1) for name in (f"top{rank}", f"top{rank}_confidence"))
        return [*FIRST_COLUMNS, *best, *LAST_COLUMNS]

    def values(self, prediction: Prediction) -> list[Value]:
        """One photo's values, one for each of the columns; None where there is none. With an error there is neither
        label nor confidence. Confidences have six decimals, as many as single precision is good for."""
        answered = not prediction.error
        best: list[Value] = []
        for name, confidence in prediction.top[: self.top]:
            best += (name, round(confidence, 6))
        best += [None] * (2 * self.top - len(best))
        return [
            path_text(prediction.path),
            prediction.label or None,
            round(prediction.confidence, 6) if answered else None,
            prediction.error or None,
            *best,
            prediction.verdict or None,
            prediction.series,
            prediction.taken or None,
            prediction.camera or None,
            prediction.latitude,
            prediction.longitude,
            prediction.size or None,
            prediction.sha256 or None,
            self.model or None,
            self.model_sha256 or None,
        ]

    def cells(self, prediction: Prediction) -> list[str]:
        """The values as text, for a table that has nothing but text."""
        return [
            text_cell(value) if isinstance(value, str) else _number_cell(value) for value in self.values(prediction)
        ]


def _number_cell(value: float | int | None) -> str:
    if value is None:
        return ""
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def path_text(path: Path) -> str:
    """A path as text: always UTF-8, and never the same for two different paths."""
    text = str(path)
    if os.sep != "\\":  # where it is, every path is full of them, and names are never bytes
        text = _LIKE_ESCAPE.sub(r"\\x5c", text)
    return printable(text)


def path_cell(path: Path) -> str:
    """A path as a cell of text."""
    return text_cell(path_text(path))


def text_cell(text: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula."""
    suspicious = text[:1] in _FIRST or _PARTS.search(text)  # most are not, and are done with quickly
    return _FORMULA.sub("'", text) if suspicious else text


def text_of(cell: str) -> str:
    """The text of which `text_cell` made a cell."""
    return _NEUTRALISED.sub("", cell)
