"""pack_corrections: what a person said of a batch's photos, as one file to take home. Photos are only read."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image as pillow

from engine import photos
from engine.control import Control
from engine.errors import PhotoError, ThawError
from engine.events import CorrectionsPacked, Event, LeftOut
from engine.photos import printable
from engine.prediction.corrections.contents import ENDING, MANIFEST, TABLE, Correction, Manifest, to_csv
from engine.prediction.ledger.ledger import About, Ledger
from engine.prediction.ledger.met_again import path_of
from engine.prediction.ledger.opening import read_ledger
from engine.prediction.sorting.steering import Steering
from engine.whole_file import whole_file

LONGEST_SIDE, LEAST_SIDE, MOST_SIDE = 512, 32, 4096
"""Pixels: more than the networks here look at, some 60 kB a photo."""
QUALITY = 90
NOBODY = "Nobody has said anything of these photos yet: confirm or correct some first (Enter on a photo in the window)."
NONE_CORRECTED = "Nobody has corrected a label of these photos; pack all that were looked at instead."
CHANGED = "It changed since it was classified, so it stands in the pack without a copy."
GONE = "It is not there any more, so it stands in the pack without a copy."
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # so that the same words are the same bytes
_EXIF_PART, _TAKEN = 0x8769, 0x9003


@dataclass(frozen=True, slots=True)
class _Said:
    """A row of the ledger."""

    path: Path
    size: int
    modified: int
    sha256: str
    label: str
    confidence: float
    taken: str
    latitude: float | None
    longitude: float | None
    verdict: str
    when: str


@dataclass
class _Packed:
    rows: list[Correction] = field(default_factory=list)
    copies: int = 0


class _Stopped(Exception):
    """Leaves nothing of the pack behind."""


def pack_corrections(
    ledger: Path,
    out: Path,
    *,
    only_corrected: bool = False,
    size: int = LONGEST_SIDE,
    places: bool = False,
    replace: bool = False,
    control: Control | None = None,
) -> Generator[Event, None, None]:
    """Write what a person said of the photos of a `ledger` to `out`, with a small upright copy (JPEG, longest side at
    most `size` pixels) of each photo that is as it was when it was classified; every other one is a LeftOut and stands
    in the pack without. `only_corrected` leaves out those that the model had right.

    The pack has names and folders of photos and when they were taken, and with `places` where. The same words give the
    same bytes. CorrectionsPacked is last; after a stop nothing is written. Raises ThawError: nothing was said, the file
    cannot be written, no ledger.
    """
    if not LEAST_SIDE <= size <= MOST_SIDE:
        raise ThawError(f"The longest side of the copies must lie between {LEAST_SIDE} and {MOST_SIDE}, not {size}.")
    _check_place(out, replace)
    opened = read_ledger(ledger)
    try:
        about, said = opened.about, _said(opened, only_corrected)
    finally:
        opened.close()
    if not said:
        raise ThawError(NONE_CORRECTED if only_corrected else NOBODY)
    steering, packed = Steering("pack", control, len(said)), _Packed()
    try:
        with whole_file(out) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            yield from _add_photos(archive, said, size, places, packed, steering)
            manifest = _manifest(about, packed, size, places)
            _add(archive, TABLE, to_csv(packed.rows))
            _add(archive, MANIFEST, manifest.model_dump_json(indent=1).encode())
    except _Stopped:
        yield CorrectionsPacked(None, 0, 0, 0, 0, steering.seconds, stopped=True)
        return
    except OSError as error:
        raise ThawError(f"“{printable(str(out))}” could not be written ({error.strerror or error}).") from error
    length = out.stat().st_size
    yield CorrectionsPacked(out, manifest.photos, manifest.corrected, manifest.copies, length, steering.seconds)


def _said(ledger: Ledger, only_corrected: bool) -> list[_Said]:
    condition = "WHERE verdict.label <> photo.label" if only_corrected else ""
    with ledger.statements() as run:
        rows = run(
            "SELECT key, size, modified, sha256, photo.label, confidence, taken, latitude, longitude, verdict.label, "
            f"verdict.said FROM photo JOIN verdict ON verdict.photo = photo.id {condition} ORDER BY key"
        ).fetchall()
    return [_Said(path_of(key), *rest) for key, *rest in rows]


def _add_photos(
    archive: zipfile.ZipFile, said: Sequence[_Said], size: int, places: bool, packed: _Packed, steering: Steering
) -> Generator[Event, None, None]:
    for one in said:
        if not steering.goes_on(lambda: None):
            raise _Stopped
        sha256, content, reason = _small_copy(one, size)
        if reason:
            yield LeftOut(one.path, reason)
        copy = ""
        if content:
            packed.copies += 1
            copy = f"photos/{packed.copies:06d}.jpg"
            _add(archive, copy, content)
        place = (one.latitude, one.longitude) if places else (None, None)
        row = Correction(
            str(one.path), sha256, one.size, one.verdict, one.label, one.confidence, one.when, one.taken, copy, *place
        )
        packed.rows.append(row)
        yield from steering.step()


def _small_copy(one: _Said, size: int) -> tuple[str, bytes, str]:
    """The original's SHA-256, a JPEG, and a sentence where there is none."""
    try:
        status = one.path.stat()
        if not stat.S_ISREG(status.st_mode):
            return one.sha256, b"", GONE
        with one.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        same = status.st_mtime_ns == one.modified or sha256 == one.sha256
        if status.st_size != one.size or not same:
            return one.sha256, b"", CHANGED
    except (FileNotFoundError, NotADirectoryError):
        return one.sha256, b"", GONE
    except OSError as error:
        return one.sha256, b"", f"It cannot be read ({error.strerror or error}); it stands in the pack without a copy."
    try:
        return sha256, _jpeg(photos.read_upright(one.path, size).pixels, one.taken), ""
    except PhotoError as error:
        return sha256, b"", str(error)


def _jpeg(pixels: Any, taken: str) -> bytes:
    """H×W×3 uint8 as a JPEG whose EXIF says when it was taken, and nothing else."""
    extra = {}
    if taken:
        exif = pillow.Exif()
        exif.get_ifd(_EXIF_PART)[_TAKEN] = taken.replace("-", ":").replace("T", " ")
        extra["exif"] = exif.tobytes()
    stream = io.BytesIO()
    pillow.fromarray(pixels).save(stream, "JPEG", quality=QUALITY, **extra)
    return stream.getvalue()


def _manifest(about: About, packed: _Packed, size: int, places: bool) -> Manifest:
    moments = [row.said for row in packed.rows]
    return Manifest(
        model=about.model, model_sha256=about.model_sha256, classes=about.classes, photos=len(packed.rows),
        corrected=sum(row.is_corrected for row in packed.rows), copies=packed.copies, longest_side=size, places=places,
        first_said=min(moments), last_said=max(moments),
    )  # fmt: skip


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _FIXED_DATE)
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)


def _check_place(out: Path, replace: bool) -> None:
    name = printable(str(out))
    if out.suffix != ENDING:
        raise ThawError(f"The name of a correction pack ends in {ENDING}, unlike “{printable(out.name)}”.")
    if out.is_dir() or (os.path.lexists(out) and not replace):
        raise ThawError(f"“{name}” exists already; choose another name, or move it away.")
    if not out.parent.is_dir():
        raise ThawError(f"There is no folder “{printable(str(out.parent))}”; create it first.")
