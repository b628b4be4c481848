"""The drawn network as a file: SVG, or PNG at twice its size."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from desktop_app import theme
from desktop_app.widgets.graph_painter import Drawing
from engine.errors import ThawError

SCALE = 2.0
MOST_PIXELS = 150e6
"""Of a PNG, that it needs no more than 600 MB of memory while it is made; a larger one is drawn smaller."""


def write(drawing: Drawing, path: Path, title: str) -> None:
    """Write the whole graph as it is folded now, without what is chosen or found in it. The ending of `path` decides:
    “.svg”, else PNG. Raises ThawError where the file cannot be written."""
    whole = Drawing(drawing.layout, drawing.faces, drawing.choice)
    whole.is_file = True
    if path.suffix.lower() == ".svg":
        _write_svg(whole, path, title)
    else:
        _write_png(whole, path, title)


def _write_svg(drawing: Drawing, path: Path, title: str) -> None:
    bounds = drawing.bounds()
    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(QSize(round(bounds.width()), round(bounds.height())))
    generator.setViewBox(QRectF(0, 0, bounds.width(), bounds.height()))
    generator.setTitle(title)
    generator.setDescription("Drawn by Thaw")
    painter = QPainter()
    if not painter.begin(generator):
        raise _refused(path)
    _paint(drawing, painter, bounds)
    painter.end()


def _write_png(drawing: Drawing, path: Path, title: str) -> None:
    bounds = drawing.bounds()
    scale = min(SCALE, (MOST_PIXELS / (bounds.width() * bounds.height())) ** 0.5, 32000 / bounds.height())
    image = QImage((bounds.size() * scale).toSize(), QImage.Format.Format_RGB32)
    image.setText("Title", title)
    painter = QPainter(image)
    painter.scale(scale, scale)
    _paint(drawing, painter, bounds)
    painter.end()
    if not image.save(str(path), "PNG"):
        raise _refused(path)


def _paint(drawing: Drawing, painter: QPainter, bounds: QRectF) -> None:
    painter.fillRect(QRectF(0, 0, bounds.width(), bounds.height()), theme.colour("surface_raised"))
    painter.translate(-bounds.topLeft())
    drawing.paint(painter, bounds, 1.0)


def _refused(path: Path) -> ThawError:
    return ThawError(f"The picture could not be written to {path}. Choose a folder that you may write to.")
