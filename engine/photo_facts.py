"""What a photo's EXIF says of how it was taken: when, with which camera, where. Broken EXIF says nothing."""

from __future__ import annotations

import contextlib
import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image as pillow

_EXIF_PART, _GPS_PART = 0x8769, 0x8825
_MAKE, _MODEL, _CHANGED = 0x010F, 0x0110, 0x0132
_TAKEN, _DIGITIZED = 0x9003, 0x9004
_LATITUDE_SIDE, _LATITUDE, _LONGITUDE_SIDE, _LONGITUDE = 1, 2, 3, 4
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d)[ T](\d\d):(\d\d):(\d\d)")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """`taken` is the camera's own clock, as 2024-05-03T14:22:01; `latitude` and `longitude` are in degrees, north and
    east positive. "" and None where the photo does not say."""

    taken: str = ""
    camera: str = ""
    latitude: float | None = None
    longitude: float | None = None


NOTHING = PhotoFacts()


def facts_of(photo: pillow.Image) -> PhotoFacts:
    """The facts in an opened photo's EXIF (Exif 2.32, tags 0x9003, 0x9004, 0x0132, 0x010F, 0x0110 and the GPS part)."""
    if not photo.info.get("exif") and photo.format in ("JPEG", "PNG", "WEBP", "HEIF", "AVIF"):
        return NOTHING  # most small pictures have none, and looking for it costs more than it should
    try:
        exif = photo.getexif()
        return PhotoFacts(_taken(exif), _camera(exif), *_place(exif)) if exif else NOTHING
    except Exception:  # Pillow raises nearly every type there is on damaged EXIF
        return NOTHING


def facts_at(path: Path) -> PhotoFacts:
    """The facts of the photo at a path; none where it cannot be read."""
    try:
        with pillow.open(path) as photo:
            return facts_of(photo)
    except Exception:  # Pillow raises nearly every type there is on damaged files
        return NOTHING


def _taken(exif: pillow.Exif) -> str:
    inner = exif.get_ifd(_EXIF_PART)
    for value in (inner.get(_TAKEN), inner.get(_DIGITIZED), exif.get(_CHANGED)):
        found = _TIME.match(value) if isinstance(value, str) else None
        with contextlib.suppress(ValueError):  # a clock that was never set says 0000:00:00
            if found:
                return datetime.datetime(*map(int, found.groups())).isoformat()  # type: ignore[arg-type]
    return ""


def _camera(exif: pillow.Exif) -> str:
    make, model = (_words(exif.get(tag)) for tag in (_MAKE, _MODEL))
    if model.casefold().startswith(make.casefold()):
        return model
    return f"{make} {model}".strip()


def _words(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return " ".join("".join(c if c.isprintable() else " " for c in text.split("\0")[0]).split())[:_LONGEST_NAME]


def _place(exif: pillow.Exif) -> tuple[float | None, float | None]:
    part = exif.get_ifd(_GPS_PART)
    latitude = _degrees(part, _LATITUDE, _LATITUDE_SIDE, "S", 90)
    longitude = _degrees(part, _LONGITUDE, _LONGITUDE_SIDE, "W", 180)
    return (None, None) if latitude is None or longitude is None else (latitude, longitude)


def _degrees(part: Mapping[int, Any], number: int, side: int, negative: str, most: float) -> float | None:
    """Degrees, minutes and seconds as degrees, to 1e-6 (about 10 cm)."""
    try:
        whole, minutes, seconds = (float(value) for value in part[number])
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    degrees = whole + minutes / 60 + seconds / 3600
    if not math.isfinite(degrees) or not 0 <= degrees <= most:
        return None
    return round(-degrees if str(part.get(side, "")).upper().startswith(negative) else degrees, 6)
