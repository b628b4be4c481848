"""What a live view asks of cameras, whoever gives their pictures, and what is told where they give none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from PySide6.QtCore import SignalInstance

WIDEST = 1280
"""Pixels: networks see a few hundred, and larger pictures only cost time on their way."""
FLUENT = 24.0
"""Pictures a second that look like movement."""
PLENTY = 30.0

REFUSED = (
    "The system does not let Thaw use the camera; allow it in the system's privacy settings, then try again or open "
    "this view anew."
)


class Camera(NamedTuple):
    """`key` tells it from the others, in the next start of the program as well; `name` is for people."""

    key: str
    name: str


class Source(Protocol):
    """One camera. `pictured` carries a QImage, upright and as the camera sees: the newest, where some came while nobody
    looked. `failed` carries a sentence. It is a QObject, to be deleted when it has stopped."""

    pictured: SignalInstance
    failed: SignalInstance

    def start(self) -> None: ...

    def stop(self) -> None:
        """Let go of the camera at once; no picture comes any more."""

    def deleteLater(self) -> None: ...


class Cameras(Protocol):
    """Those of this computer. `changed` says that one came or went."""

    changed: SignalInstance

    def found(self) -> tuple[Camera, ...]:
        """Those that are there now, the system's own choice first."""

    def open(self, camera: Camera) -> Source:
        """Its pictures, once they are started; a camera that is not there any more gives none."""


def best_format(formats: Sequence[tuple[int, int, float]]) -> int | None:
    """Which of (width, height, most pictures a second) to ask a camera for: the largest of those that are not too wide,
    fluent where there is such a one. None where there is none to choose from."""

    def rank(place: int) -> tuple[bool, bool, int, float]:
        width, height, rate = formats[place]
        fits = width <= WIDEST
        return fits and rate >= FLUENT, fits, width * height if fits else -width * height, min(rate, PLENTY)

    return max(range(len(formats)), key=rank, default=None)


def failing(name: str, reason: str) -> str:
    """The system's own words for what is wrong with a camera, in a sentence."""
    told = f" ({reason.strip().rstrip('.')})" if reason.strip() else ""
    return f"“{name}” gives no picture{told}; another program may be using it."


def silent(name: str) -> str:
    return f"“{name}” gives no picture; another program may be using it, or the system does not let Thaw use it."


def gone(name: str) -> str:
    return f"“{name}” is not there any more; plug it in again, and the view goes on."
