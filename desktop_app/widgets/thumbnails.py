"""Photos for the eye, read off the GUI thread and kept while there is room."""

from __future__ import annotations

import functools
import importlib
import math
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPixmap

from desktop_app import theme
from desktop_app.worker import Background
from engine.errors import PhotoError

KEPT_MEGABYTES = 160
SIZE_STEP = 64
ENLARGED_AT_MOST = 10
PIXELS_SHOW_FROM = 3


class Meant(NamedTuple):
    """What tells the photo that is meant from another one at its path: the next memory card has the same names. A file
    of another `size` (bytes) is it only where its EXIF tells the same time and camera."""

    size: int
    taken: str
    camera: str


class Wish(NamedTuple):
    """`longest` is the longer side in real pixels of the screen; None means whichever photo is there."""

    path: Path
    longest: int
    meant: Meant | None = None


class Thumbnails(QObject):
    """`ready` carries the path of a photo that can now be asked for; one that cannot be read is ready, too: it has a
    reason in place of a picture."""

    ready = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._kept: OrderedDict[Wish, QPixmap | str] = OrderedDict()
        self._bytes = 0
        self._background = Background(_read)
        self._background.done.connect(self._on_done)

    def get(self, path: Path, longest: int, meant: Meant | None = None) -> QPixmap | None:
        """The picture, or None while it is being read or where it cannot be."""
        wish = Wish(path, longest, meant)
        if wish not in self._kept:
            self._background.ask(wish)
            return None
        self._kept.move_to_end(wish)
        kept = self._kept[wish]
        return kept if isinstance(kept, QPixmap) else None

    def reason(self, path: Path, longest: int, meant: Meant | None = None) -> str:
        """Why there will be no picture, "" where there may be one."""
        kept = self._kept.get(Wish(path, longest, meant))
        return kept if isinstance(kept, str) else ""

    def forget(self, folder: Path) -> None:
        """Read the photos below `folder` anew when they are asked for: they may have changed, or come back."""
        for wish in [wish for wish in self._kept if wish.path.is_relative_to(folder)]:
            self._bytes -= _bytes(self._kept.pop(wish))

    def close(self) -> None:
        self._background.close()

    def _on_done(self, wish: Wish, result: object) -> None:
        kept: QPixmap | str = QPixmap.fromImage(result) if isinstance(result, QImage) else str(result)
        self._kept[wish] = kept
        self._bytes += _bytes(kept)
        while self._bytes > KEPT_MEGABYTES * 2**20 and len(self._kept) > 1:
            self._bytes -= _bytes(self._kept.popitem(last=False)[1])
        self.ready.emit(wish.path)


def _bytes(kept: QPixmap | str) -> int:
    return 4 * kept.width() * kept.height() if isinstance(kept, QPixmap) else 0


def _read(wish: Wish) -> QImage:
    if is_another(wish.path, wish.meant):
        raise PhotoError("Another photo has its place now.")
    # Loaded in the thread that first reads a photo: NumPy and Pillow have no part in opening the window.
    pixels = importlib.import_module("engine.photos").read_upright(wish.path, wish.longest).pixels
    height, width, _ = pixels.shape
    return QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()


@functools.cache
def shared() -> Thumbnails:
    """The one store of the program, so that pages share what was read."""
    return Thumbnails()


def shown(path: Path | str) -> str:
    """The name as text; bytes that are no UTF-8 show as a replacement sign."""
    return str(path).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def is_another(path: Path, meant: Meant | None) -> bool:
    """Whether another photo than the one that is meant is at a path; it is looked at, so not for the GUI thread."""
    if meant is None or not path.exists() or path.stat().st_size == meant.size:
        return False
    facts = importlib.import_module("engine.photo_facts").facts_at(path)
    return not meant.taken or (facts.taken, facts.camera) != (meant.taken, meant.camera)


def paint_photo(
    painter: QPainter, path: Path, where: QRectF, *, grey: bool = False, meant: Meant | None = None
) -> QRectF | None:
    """Draw the photo in its own shape into the middle of `where`; a quiet placeholder where it is not read (yet), or
    another one is there. Returns where the photo was drawn, None where it was not."""
    scale = painter.device().devicePixelRatioF()
    # In steps, so that a window that is being resized does not read every photo again at every pixel.
    longest = max(1, math.ceil(max(where.width(), where.height()) * scale / SIZE_STEP)) * SIZE_STEP
    picture = shared().get(path, longest, meant)
    if picture is None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("hover"))
        painter.drawRoundedRect(where, 4, 4)
        if shared().reason(path, longest, meant):
            side = min(20.0, where.width() * 0.6)
            sign = QRectF(where.center().x() - side / 2, where.center().y() - side / 2, side, side)
            theme.paint_icon(painter, "image-off", sign, "muted")
        return None
    room = QSize(picture.width(), picture.height()).toSizeF() / scale
    most = room * ENLARGED_AT_MOST
    room.scale(where.size().boundedTo(most), Qt.AspectRatioMode.KeepAspectRatio)
    corner = where.center()
    target = QRectF(corner.x() - room.width() / 2, corner.y() - room.height() / 2, room.width(), room.height())
    # Tiny pictures are shown as the pixels they are; smoothed, they would only look out of focus.
    smooth = room.width() * scale < PIXELS_SHOW_FROM * picture.width()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    if grey:
        painter.drawImage(target, picture.toImage().convertToFormat(QImage.Format.Format_Grayscale8))
    else:
        painter.drawPixmap(target, picture, QRectF(picture.rect()))
    return target
