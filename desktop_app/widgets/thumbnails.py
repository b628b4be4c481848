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

KEPT_MEGABYTES = 160
SIZE_STEP = 64
ENLARGED_AT_MOST = 10
PIXELS_SHOW_FROM = 3


class Wish(NamedTuple):
    """`longest` is the longer side in real pixels of the screen."""

    path: Path
    longest: int


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

    def get(self, path: Path, longest: int) -> QPixmap | None:
        """The picture, or None while it is being read or where it cannot be."""
        wish = Wish(path, longest)
        if wish not in self._kept:
            self._background.ask(wish)
            return None
        self._kept.move_to_end(wish)
        kept = self._kept[wish]
        return kept if isinstance(kept, QPixmap) else None

    def reason(self, path: Path, longest: int) -> str:
        """Why there will be no picture, "" where there may be one."""
        kept = self._kept.get(Wish(path, longest))
        return kept if isinstance(kept, str) else ""

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


def paint_photo(painter: QPainter, path: Path, where: QRectF, *, grey: bool = False) -> QRectF | None:
    """Draw the photo in its own shape into the middle of `where`; a quiet placeholder where it is not read (yet).
    Returns where the photo was drawn, None where it was not."""
    scale = painter.device().devicePixelRatioF()
    # In steps, so that a window that is being resized does not read every photo again at every pixel.
    longest = max(1, math.ceil(max(where.width(), where.height()) * scale / SIZE_STEP)) * SIZE_STEP
    picture = shared().get(path, longest)
    if picture is None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("hover"))
        painter.drawRoundedRect(where, 4, 4)
        if shared().reason(path, longest):
            side = min(20.0, where.width() * 0.6)
            sign = QRectF(where.center().x() - side / 2, where.center().y() - side / 2, side, side)
            theme.paint_icon(painter, "image-off", sign, "muted")
        return None
    size = QSize(picture.width(), picture.height()).toSizeF() / scale
    most = size * ENLARGED_AT_MOST
    size.scale(where.size().boundedTo(most), Qt.AspectRatioMode.KeepAspectRatio)
    corner = where.center()
    target = QRectF(corner.x() - size.width() / 2, corner.y() - size.height() / 2, size.width(), size.height())
    # Tiny pictures are shown as the pixels they are; smoothed, they would only look out of focus.
    smooth = size.width() * scale < PIXELS_SHOW_FROM * picture.width()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    if grey:
        painter.drawImage(target, picture.toImage().convertToFormat(QImage.Format.Format_Grayscale8))
    else:
        painter.drawPixmap(target, picture, QRectF(picture.rect()))
    return target
