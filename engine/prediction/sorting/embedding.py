"""A label inside a copy: which bytes of its photo give way to which. All others stay, so pixels and EXIF do.

JPEG has XMP in a segment APP1 of its own behind JFIF and EXIF, PNG in a chunk iTXt (ISO 16684-1 and XMP Specification
Part 3). What follows moves, which does not matter where nothing points at it: EXIF's own pointers begin in EXIF.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from engine.prediction.sorting.xmp import packet, packet_with

OTHER_FORMAT = "Only JPEG and PNG files take a label."
NOT_SIMPLE = "It has keywords already, or metadata that are not plain."
NOT_WHOLE = "Its metadata are damaged."

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_JPEG_XMP, _PNG_XMP = b"http://ns.adobe.com/xap/1.0/\0", b"XML:com.adobe.xmp\0"
_JFIF, _EXIF = (b"JFIF\0", b"JFXX\0"), b"Exif\0\0"
_APP0, _APP1, _APP15, _COMMENT = 0xE0, 0xE1, 0xEF, 0xFE
_LONGEST_SEGMENT = 65_535
"""What the two bytes for its length can say, themselves counted."""
_LONGEST_PACKET = 2**20
_PLAIN = b"\0\0"
"""Of an iTXt: not compressed, by no method."""


class CannotHold(Exception):
    """The file takes no label; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """From byte `at` on, `cut` bytes of a photo give way to `content`."""

    at: int = 0
    cut: int = 0
    content: bytes = b""

    @property
    def grows(self) -> int:
        """How many bytes more the file has then."""
        return len(self.content) - self.cut


def embedding(photo: Path, line: Sequence[str]) -> Embedding:
    """How a copy of `photo` gets the label that is last in `line`, behind the groups it is in. Raises CannotHold, and
    OSError where the photo cannot be read."""
    with photo.open("rb") as file:
        return embedding_in(file, line)


def embedding_in(file: BinaryIO, line: Sequence[str]) -> Embedding:
    """The same for an open photo, read from its start."""
    start = file.read(len(_PNG))
    if start.startswith(_JPEG):
        return _in_jpeg(file, line)
    if start == _PNG:
        return _in_png(file, line)
    raise CannotHold(OTHER_FORMAT)


def _in_jpeg(file: BinaryIO, line: Sequence[str]) -> Embedding:
    at = place = 2
    leads, there = True, []
    while True:
        marker, length, name = _segment_at(file, at)
        if marker == 0xFF:  # a byte that only fills
            at += 1
            continue
        if not (_APP0 <= marker <= _APP15 or marker == _COMMENT):
            break
        if length < 2:
            raise CannotHold(NOT_WHOLE)
        end = at + 2 + length
        if marker == _APP1 and name == _JPEG_XMP:
            there.append((at, end))
        elif leads and ((marker == _APP0 and name[:5] in _JFIF) or (marker == _APP1 and name.startswith(_EXIF))):
            place = end
        else:
            leads = False
        at = end
    if len(there) > 1:
        raise CannotHold(NOT_SIMPLE)
    if not there:
        return Embedding(place, 0, _segment(packet(line)))
    ((begin, end),) = there
    file.seek(begin + 4 + len(_JPEG_XMP))
    return Embedding(begin, end - begin, _segment(_joined(file.read(end - file.tell()), line)))


def _segment_at(file: BinaryIO, at: int) -> tuple[int, int, bytes]:
    """Its marker, its length without that, and what it begins with."""
    file.seek(at)
    head = file.read(4)
    if len(head) < 4 or head[0] != 0xFF:
        raise CannotHold(NOT_WHOLE)
    length = int.from_bytes(head[2:])
    return head[1], length, file.read(min(max(0, length - 2), len(_JPEG_XMP)))


def _segment(content: bytes) -> bytes:
    length = 2 + len(_JPEG_XMP) + len(content)
    if length > _LONGEST_SEGMENT:
        raise CannotHold(NOT_SIMPLE)
    return b"\xff\xe1" + length.to_bytes(2) + _JPEG_XMP + content


def _in_png(file: BinaryIO, line: Sequence[str]) -> Embedding:
    at, first, there = len(_PNG), 0, []
    while True:
        file.seek(at)
        head = file.read(8)
        length, kind = int.from_bytes(head[:4]), head[4:]
        if len(head) < 8 or (kind == b"IHDR") == bool(first):
            raise CannotHold(NOT_WHOLE)
        end = at + 12 + length
        first = first or end
        if kind == b"iTXt" and file.read(min(length, len(_PNG_XMP))) == _PNG_XMP:
            there.append((at, end))
        if kind == b"IEND":
            break
        at = end
    if len(there) > 1:
        raise CannotHold(NOT_SIMPLE)
    if not there:
        return Embedding(first, 0, _chunk(packet(line)))
    ((begin, end),) = there
    return Embedding(begin, end - begin, _chunk(_joined(_text_at(file, begin, end), line)))


def _text_at(file: BinaryIO, begin: int, end: int) -> bytes:
    """The XMP in an iTXt, behind whether it is compressed, its language and its name in that."""
    if end - begin > _LONGEST_PACKET:
        raise CannotHold(NOT_SIMPLE)
    file.seek(begin + 8 + len(_PNG_XMP))
    content = file.read(end - 4 - file.tell())
    parts = content[2:].split(b"\0", 2)
    if content[:2] != _PLAIN or len(parts) != 3:
        raise CannotHold(NOT_SIMPLE)
    return parts[2]


def _chunk(content: bytes) -> bytes:
    inner = b"iTXt" + _PNG_XMP + _PLAIN + b"\0\0" + content
    return (len(inner) - 4).to_bytes(4) + inner + zlib.crc32(inner).to_bytes(4)


def _joined(there: bytes, line: Sequence[str]) -> bytes:
    joined = packet_with(there, line)
    if joined is None:
        raise CannotHold(NOT_SIMPLE)
    return joined
