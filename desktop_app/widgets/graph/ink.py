"""What one round of painting draws with: fonts, colours looked up once, and icons of the size that is needed."""

from __future__ import annotations

import functools
import math

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtSvg import QSvgRenderer

from desktop_app import theme
from desktop_app.widgets.graph import colours as graph_colours
from desktop_app.widgets.graph.faces import ICON, fonts
from desktop_app.widgets.graph.freeze import FROZEN, PARTLY, TRAINS

_STATE_ICONS = {
    FROZEN: ("snowflake", "frozen"),
    TRAINS: ("flame", "trainable"),
    PARTLY: ("flame", "trainable"),
}


class Ink:
    """Good for one round only: before the next the scheme or the font may have changed. `scale` is how many pixels of
    the device one of the layout is; into a file icons are drawn as curves."""

    def __init__(self, scale: float, is_file: bool) -> None:
        self.body_font, self.heading_font = fonts()
        # Asked for several times a box; a function in Python around the cache would take longer than a look into it.
        self.colour = functools.cache(theme.colour)
        self.of_kind = functools.cache(graph_colours.of_kind)
        self.body = functools.cache(graph_colours.body)
        self.shade = theme.soft("hover", 0.55)
        self._is_file = is_file
        self._icon_scale = math.ceil(2 * scale) / 2  # in steps, so that few sizes of each icon are ever made

    def icon(self, painter: QPainter, name: str, x: float, middle: float, colour: str) -> None:
        """Draw an icon whose left edge is at `x` and whose middle is at the height `middle`."""
        where = QRectF(x, middle - ICON / 2, ICON, ICON)
        if self._is_file:
            _renderer(name, self.colour(colour).name()).render(painter, where)
            return
        drawn = theme.pixmap(name, round(ICON), colour, self._icon_scale)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(where, drawn, QRectF(drawn.rect()))

    def state_icon(self, painter: QPainter, state: str, x: float, middle: float) -> None:
        """The sign of frozen or trainable; nothing for what owns no parameters."""
        if state in _STATE_ICONS:
            name, colour = _STATE_ICONS[state]
            self.icon(painter, name, x, middle, colour)


@functools.cache
def _renderer(name: str, tint: str) -> QSvgRenderer:
    text = (theme.ICONS / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", tint)
    return QSvgRenderer(text.encode())
