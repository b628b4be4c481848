"""Which files are photos: by name, and by their first bytes. Nothing is decoded here."""

from __future__ import annotations

import re
import stat
from pathlib import Path

# Formats by their extensions. Others that Pillow knows are left out on purpose: some start other programs (EPS), some
# take any bytes for a picture (TGA), some are no photos (icons).
FORMATS: dict[str, tuple[str, ...]] = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png", ".apng"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "JPEG2000": (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"),
    "AVIF": (".avif", ".avifs"),
    "HEIF": (".heic", ".heif", ".hif", ".heics", ".heifs"),
}
START_BYTES = 64

_SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)
# Raw camera files look like TIFF, and Pillow would return the tiny preview in them as if it were the photo.
_RAW_SUFFIXES = frozenset(
    (".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".iiq", ".kdc", ".mef", ".mos", ".mrw", ".nef",
     ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".srw")
)  # fmt: skip
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"mif2"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_BMP_HEADER_SIZES = frozenset(size.to_bytes(4, "little") for size in (12, 16, 40, 52, 56, 64, 108, 124))
_STARTS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
)


def is_photo_name(path: Path) -> bool:
    """Whether the extension is that of a photo format Thaw reads."""
    return path.suffix.lower() in _SUFFIXES


def is_raw_name(path: Path) -> bool:
    """Whether the extension is that of a raw camera file, which Thaw does not read."""
    return path.suffix.lower() in _RAW_SUFFIXES


def looks_like_photo(path: Path) -> bool:
    """Whether the first bytes are those of a photo; False also for what cannot be opened."""
    try:
        if is_raw_name(path) or not stat.S_ISREG(path.stat().st_mode):  # opening a named pipe would wait for ever
            return False
        with path.open("rb") as file:
            return bool(format_of(file.read(START_BYTES)))
    except (OSError, ValueError):
        return False


def format_of(start: bytes) -> str:
    """The key of `FORMATS` that a file's first `START_BYTES` bytes belong to, "" for none."""
    for signature, name in _STARTS:
        if start.startswith(signature):
            return name
    if start[:2] == b"BM" and start[14:18] in _BMP_HEADER_SIZES:
        return "BMP"
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    if re.match(rb"P[1-6fF]\s+[#0-9]", start):
        return "PPM"
    if start[4:8] == b"ftyp":
        end = min(int.from_bytes(start[:4], "big"), len(start))
        brands = {start[at : at + 4] for at in (8, *range(16, end, 4))}
        return "AVIF" if brands & _AVIF_BRANDS else "HEIF" if brands & _HEIF_BRANDS else ""
    return ""
