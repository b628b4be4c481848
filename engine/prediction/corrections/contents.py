"""What is in a correction pack: its manifest, and a row for each photo."""

from __future__ import annotations

import csv
import dataclasses
import io
import os
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

ENDING = ".thaw-corrections"
FORMAT = 1
MANIFEST, TABLE = "manifest.json", "corrections.csv"
COPY_NAME = re.compile(r"photos/[0-9]{1,9}\.jpg", re.ASCII)
LONGEST_PATH, LONGEST_LABEL = 32_768, 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_UNSAYABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no class is called: control characters, line breaks, what turns the writing round, halves of characters. Marks
that join letters or part them (Persian words have some) are in names."""
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Manifest(BaseModel):
    """What the pack says of itself. `first_said` and `last_said` are local times; `longest_side` is that of the copies,
    in pixels; `places` is whether it says where photos were taken."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    format: int = FORMAT
    model: str
    model_sha256: str
    classes: tuple[str, ...]
    photos: int = Field(ge=0)
    corrected: int = Field(ge=0)
    copies: int = Field(ge=0)
    longest_side: int = Field(ge=1)
    places: bool = False
    first_said: str = ""
    last_said: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """A photo and what a person said it shows. `sha256` and `size` (bytes) are the original's, `sha256` "" where it was
    gone; `copy` is the member that has its small copy, "" where it has none."""

    path: str
    sha256: str
    size: int
    label: str
    model_label: str
    confidence: float
    said: str
    taken: str
    copy: str
    latitude: float | None = None
    longitude: float | None = None

    @property
    def is_corrected(self) -> bool:
        return self.label != self.model_label

    @property
    def name(self) -> str:
        """The file's own name, whichever system the path is of."""
        return re.split(r"[\\/]", self.path)[-1]


COLUMNS = tuple(field.name for field in dataclasses.fields(Correction))


def to_csv(corrections: Iterable[Correction]) -> bytes:
    """UTF-8; names that are none keep their bytes as surrogates."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(dataclasses.astuple(one) for one in corrections)
    return text.getvalue().encode("utf-8", "surrogatepass")


def from_csv(content: bytes) -> tuple[Correction, ...]:
    """Raises ValueError for what `to_csv` would not write."""
    try:
        header, *rows = csv.reader(io.StringIO(content.decode("utf-8", "surrogatepass"), newline=""), strict=True)
    except csv.Error as error:
        raise ValueError(str(error)) from None
    if tuple(header) != COLUMNS:
        raise ValueError(f"its columns are {header[:20]}")
    return tuple(map(_read, rows))


def _read(row: list[str]) -> Correction:
    path, sha256, size, label, model_label, confidence, said, taken, copy, latitude, longitude = row
    one = Correction(
        _plain(path), sha256, int(size), unicodedata.normalize("NFC", label), model_label, float(confidence), said,
        taken, copy, _degrees(latitude, 90), _degrees(longitude, 180),
    )  # fmt: skip
    if not 0 < len(one.path) <= LONGEST_PATH or not one.name:
        raise ValueError("a path that is none")
    if not 0 < len(one.label) <= LONGEST_LABEL or _UNSAYABLE.search(one.label):
        raise ValueError("a label that is none")
    if not (one.sha256 or not one.copy) or not (one.sha256 == "" or _SHA256.fullmatch(one.sha256)):
        raise ValueError("a SHA-256 that is none")
    if one.size < 0 or not 0 <= one.confidence <= 1:
        raise ValueError("a number that cannot be")
    if one.copy and not COPY_NAME.fullmatch(one.copy):
        raise ValueError("a copy of another name")
    return one


def _plain(path: str) -> str:
    """A path that can be shown and looked for; one that cannot is that of no photo here."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        path = path.encode("utf-8", "replace").decode()
    return _CONTROL.sub("_", path)


def _degrees(text: str, most: int) -> float | None:
    if not text:
        return None
    if not -most <= (degrees := float(text)) <= most:
        raise ValueError("a place that is none")
    return degrees
