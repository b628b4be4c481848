"""The drawn network as a file: SVG, or PNG at twice its size."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from desktop_app import theme
from desktop_app.widgets.graph.painter import Drawing
from engine.errors import ThawError

SCALE = 2.0
MOST_PIXELS = 150e6
"""Of a PNG, that it needs no more than 600 MB of memory while it is made; a larger one is drawn smaller."""
MOST_HIGH = 32000
"""Pixels that Qt can draw on, from top to bottom."""


def write(drawing: Drawing, path: Path, title: str) -> None:
    """Write the whole graph as it is folded now, without what is chosen or found in it. The ending of `path` decides:
    “.svg”, else PNG. Raises ThawError where the file cannot be written."""
    whole = Drawing(drawing.layout, drawing.faces, drawing.choice)
    whole.is_file = True
    made = _svg(whole, title) if path.suffix.lower() == ".svg" else _png(whole, title)
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.write_bytes(made)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        words = f"The picture could not be written to {path}. Choose a folder that you may write to."
        raise ThawError(words, str(error)) from error


def _svg(drawing: Drawing, title: str) -> bytes:
    bounds, buffer = drawing.bounds(), QBuffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(round(bounds.width()), round(bounds.height())))
    generator.setViewBox(QRectF(0, 0, bounds.width(), bounds.height()))
    generator.setTitle(title)
    generator.setDescription("Drawn by Thaw")
    painter = QPainter(generator)
    _paint(drawing, painter, bounds)
    painter.end()
    return buffer.data().data()


def _png(drawing: Drawing, title: str) -> bytes:
    bounds, buffer = drawing.bounds(), QBuffer()
    scale = min(SCALE, (MOST_PIXELS / (bounds.width() * bounds.height())) ** 0.5, MOST_HIGH / bounds.height())
    image = QImage((bounds.size() * scale).toSize(), QImage.Format.Format_RGB32)
    image.setText("Title", title)
    painter = QPainter(image)
    painter.scale(scale, scale)
    _paint(drawing, painter, bounds)
    painter.end()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return buffer.data().data()


def _paint(drawing: Drawing, painter: QPainter, bounds: QRectF) -> None:
    painter.fillRect(QRectF(0, 0, bounds.width(), bounds.height()), theme.colour("surface_raised"))
    painter.translate(-bounds.topLeft())
    drawing.paint(painter, bounds, 1.0)
