"""How much of a model trains, as a bar."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import percent


class ShareBar(QWidget):
    """How much of the model trains: a thin bar, cold for what is frozen and warm for what trains."""

    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0
        self.setFixedHeight(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float) -> None:
        self._share = share
        self.setToolTip(f"{percent(1 - share)} frozen, {percent(share)} trainable")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), 3, 3)
        painter.setClipPath(outline)
        warm = self.width() * self._share
        if 0 < self._share < 1:
            warm = min(max(warm, 3.0), self.width() - 3.0)
        painter.fillRect(self.rect(), theme.colour("frozen"))
        painter.fillRect(QRectF(self.width() - warm, 0, warm, self.height()), theme.colour("trainable"))
