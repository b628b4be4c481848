"""A correction pack opened with suspicion: it may come from anywhere, and may be made to do harm."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from engine import photos
from engine.errors import CorrectionsError, PhotoError
from engine.photos import printable
from engine.prediction.corrections.contents import COPY_NAME, FORMAT, MANIFEST, TABLE, Correction, Manifest, from_csv

MOST_BYTES = {MANIFEST: 2**20, TABLE: 2**28}
MOST_COPY_BYTES = 2**24
MOST_COPY_MEGAPIXELS = 20.0
"""Thaw's own copies have at most 4096 × 4096 pixels."""
_LOOKED_AT = 64
_DAMAGED = (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError, KeyError)


@dataclass(frozen=True)
class Pack:
    """`identity` tells apart packs that say something else."""

    path: Path
    manifest: Manifest
    corrections: tuple[Correction, ...]
    identity: str
    archive: zipfile.ZipFile

    def copy_size(self, correction: Correction) -> int:
        """Bytes of its small copy; 0 where it has none."""
        return self.archive.getinfo(correction.copy).file_size if correction.copy else 0

    def copy(self, correction: Correction) -> bytes:
        """Its small copy, a JPEG that can be decoded. Raises PhotoError."""
        try:
            content = self.archive.read(correction.copy)
        except (OSError, *_DAMAGED) as error:
            raise PhotoError(f"The copy of {printable(correction.name)} is damaged.", str(error)) from None
        name = Path(printable(correction.name))
        if not content.startswith(b"\xff\xd8\xff"):
            raise PhotoError(f"The copy of {name} is no JPEG.")
        photos.read(name, _LOOKED_AT, max_megapixels=MOST_COPY_MEGAPIXELS, file=io.BytesIO(content))
        return content


@contextlib.contextmanager
def opened_pack(path: Path) -> Iterator[Pack]:
    """The pack at `path`. Raises CorrectionsError where it is absent, damaged, of another format, or holds what no pack
    of Thaw's does: other members, compressed ones, sizes that cannot be."""
    with _opened(path) as archive:
        yield _checked(path, archive)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise CorrectionsError(f"There is no correction pack at “{printable(str(path))}”.") from None
    except OSError as error:
        raise CorrectionsError(f"“{printable(str(path))}” cannot be read ({error.strerror or error}).") from None
    except _DAMAGED as error:
        raise _refused(path, str(error)) from None


def _checked(path: Path, archive: zipfile.ZipFile) -> Pack:
    try:
        _check_members(archive, path.stat().st_size)
        told, table = archive.read(MANIFEST), archive.read(TABLE)
        manifest = _manifest(path, told)
        corrections = from_csv(table)
        members = set(archive.namelist())
        used = [one.copy for one in corrections if one.copy]
        if not members.issuperset(used) or len(set(used)) != len(used):
            raise ValueError("rows and copies do not belong together")
    except (OSError, ValidationError, *_DAMAGED) as error:
        raise _refused(path, str(error)) from None
    identity = hashlib.sha256(hashlib.sha256(told).digest() + hashlib.sha256(table).digest()).hexdigest()
    return Pack(path, manifest, corrections, identity, archive)


def _check_members(archive: zipfile.ZipFile, whole: int) -> None:
    infos = archive.infolist()
    names = {info.filename for info in infos}
    if len(names) != len(infos):
        raise ValueError("two members have the same name")
    if not names.issuperset(MOST_BYTES):
        raise ValueError(f"no {MANIFEST} and {TABLE} inside")
    for info in infos:
        if info.filename not in MOST_BYTES and not COPY_NAME.fullmatch(info.filename):
            raise ValueError(f"a member {info.filename[:100]!r}, which no pack has")
        # Stored members cannot be larger than the file that holds them, so sizes that lie, and bombs, are found here.
        if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size or info.flag_bits & 1:
            raise ValueError(f"{info.filename} is not stored as it should be")
        if info.file_size > MOST_BYTES.get(info.filename, MOST_COPY_BYTES):
            raise ValueError(f"{info.filename} is too large")
    if sum(info.file_size for info in infos) > whole:
        raise ValueError("its members are larger than itself")


def _manifest(path: Path, told: bytes) -> Manifest:
    fields = json.loads(told)
    number = fields.get("format") if isinstance(fields, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError("the manifest names no format")
    if number > FORMAT:
        raise CorrectionsError(
            f"“{printable(path.name)}” was made by a newer Thaw (format {number}; this one reads up to {FORMAT}). "
            "Update Thaw to use it."
        )
    return Manifest(**fields)


def _refused(path: Path, details: str) -> CorrectionsError:
    return CorrectionsError(
        f"“{printable(path.name)}” is damaged, incomplete or no correction pack of Thaw's; nothing was taken from it.",
        details,
    )
