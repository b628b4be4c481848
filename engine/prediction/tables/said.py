"""A table in which a person says what photos show: two columns, or one of Thaw's with “human” filled in."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ThawError
from engine.photos import printable

PATH, LABEL, HUMAN, SIZE = "path", "label", "human", "size"
SEPARATORS = ",;\t"
"""Spreadsheets write the one that their country has."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the photo of that `path`, a cell as it stands there, shows. `line` is the row's number in a spreadsheet,
    `size` in bytes, None where the table does not say."""

    line: int
    path: str
    label: str
    size: int | None = None


def read_said(table: Path) -> list[Said]:
    """The rows that say something. Raises ThawError where it is no such table, or says nothing."""
    name = printable(table.name)
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            separator = max(SEPARATORS, key=first.count)
            rows = list(_rows(csv.reader(file, delimiter=separator, strict=True), name))
    except OSError as error:
        raise ThawError(f"“{name}” cannot be read ({error.strerror or error}).") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ThawError(f"“{name}” is no CSV table in UTF-8; save it as “CSV UTF-8”.", str(error)) from None
    if not rows:
        raise ThawError(f"“{name}” says of no photo what it shows; fill in its column “{HUMAN}” or “{LABEL}”.")
    return rows


def _rows(reader: Iterator[list[str]], name: str) -> Iterator[Said]:
    header = [cell.strip().casefold() for cell in next(reader, [])]
    label = next((column for column in (HUMAN, LABEL) if column in header), None)
    if PATH not in header or label is None:
        raise ThawError(f"“{name}” needs the columns “{PATH}” and “{LABEL}” (or “{HUMAN}”) in its first line.")
    for line, row in enumerate(reader, 2):
        cells = dict(zip(header, row, strict=False))
        if said := cells.get(label, "").strip():
            size = cells.get(SIZE, "").strip()
            yield Said(line, cells.get(PATH, ""), said, int(size) if size.isascii() and size.isdigit() else None)
