"""What covers the whole window for a while, with a few words."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from desktop_app import theme


class Veil(QWidget):
    """Lets the mouse through: what lies below decides what a drop or a click means."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._title, self._words = "", ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def appear(self, title: str, words: str) -> None:
        self._title, self._words = title, words
        self.setAccessibleName(f"{title} {words}")
        self.setGeometry(self.parentWidget().rect())
        self.raise_()
        self.show()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = theme.colour("surface")
        ground.setAlpha(240)
        painter.fillRect(self.rect(), ground)
        pen = QPen(theme.colour("accent"), 2, Qt.PenStyle.DashLine)
        painter.setPen(pen)
        box = QRectF(self.rect()).adjusted(theme.MARGIN, theme.MARGIN, -theme.MARGIN, -theme.MARGIN)
        painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
        painter.setFont(theme.title_font())
        painter.setPen(theme.colour("text"))
        painter.drawText(box.adjusted(0, 0, 0, -theme.GRID * 4), Qt.AlignmentFlag.AlignCenter, self._title)
        painter.setFont(theme.body_font())
        painter.setPen(theme.colour("muted"))
        below = box.adjusted(theme.MARGIN, theme.GRID * 6, -theme.MARGIN, 0)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._words)
        painter.end()
