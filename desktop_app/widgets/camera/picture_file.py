"""One picture of a camera as a JPEG file, where a person says."""

from __future__ import annotations

import errno
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage

from engine.whole_file import write_whole

QUALITY = 95
ENDINGS = (".jpg", ".jpeg")


def with_ending(path: Path) -> Path:
    """The path that was typed, as that of a JPEG."""
    return path if path.suffix.lower() in ENDINGS else path.with_name(path.name + ENDINGS[0])


def write_jpeg(path: Path, image: QImage) -> None:
    """Write the picture in place of what is at `path`. Raises OSError."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "JPEG", QUALITY):
        raise OSError(errno.EIO, "the picture could not be made a JPEG")
    write_whole(path, bytes(buffer.data().data()))
