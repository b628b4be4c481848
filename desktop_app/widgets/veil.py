"""What covers the whole window for a while, with a few words."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.labels import muted_label


class Veil(QWidget):
    """Lets the mouse through: what lies below decides what a drop or a click means."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._title = QLabel()
        self._title.setFont(theme.title_font())
        self._words = muted_label(wrap=True)
        self._words.setFixedWidth(theme.wide(400))
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName("Working")
        card = QFrame()
        card.setProperty("role", "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        column.setSpacing(2 * theme.GRID)
        for widget in (self._title, self._bar, self._words):
            column.addWidget(widget)
        above = QVBoxLayout(self)
        above.addStretch(2)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(card)
        row.addStretch()
        above.addLayout(row)
        above.addStretch(3)
        self.hide()
        parent.installEventFilter(self)

    def appear(self, title: str, words: str, busy: bool = False) -> None:
        """`busy` shows that something goes on; without it the window is a place to drop something on."""
        self._title.setText(title)
        self._words.setText(words)
        self._bar.setVisible(busy)
        self.setAccessibleName(f"{title} {words}")
        self.setGeometry(self.parentWidget().rect())
        self.raise_()
        self.show()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self.parentWidget().rect())
        return False

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = theme.colour("surface")
        ground.setAlpha(215)
        painter.fillRect(self.rect(), ground)
        if self._bar.isHidden():
            painter.setPen(QPen(theme.colour("accent"), 2, Qt.PenStyle.DashLine))
            box = QRectF(self.rect()).adjusted(theme.GRID, theme.GRID, -theme.GRID, -theme.GRID)
            painter.drawRoundedRect(box, theme.RADIUS, theme.RADIUS)
        painter.end()
