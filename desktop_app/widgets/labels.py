"""Labels: one that gives way, secondary text, the head of a group, an icon standing alone."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from desktop_app import theme


class ElidedLabel(QLabel):
    """One line that gives way in the middle when it is too long; the whole text is in its tooltip."""

    def __init__(self, text: str = "", parent: QWidget | None = None, mode: Qt.TextElideMode | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        self._mode = mode or Qt.TextElideMode.ElideMiddle
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(1)
        self.set_whole(text)

    def set_whole(self, text: str) -> None:
        self._whole = text
        self.setAccessibleName(text)
        self._elide()
        self.updateGeometry()

    def whole(self) -> str:
        return self._whole

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().horizontalAdvance(self._whole) + 2, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(1, super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _elide(self) -> None:
        shown = (
            self.fontMetrics().elidedText(self._whole, self._mode, self.width()) if self.width() > 1 else self._whole
        )
        self.setText(shown)
        self.setToolTip(self._whole if shown != self._whole else "")


def muted_label(text: str = "", wrap: bool = False) -> QLabel:
    """A line of secondary text."""
    label = QLabel(text)
    label.setProperty("role", "muted")
    label.setWordWrap(wrap)
    return label


def in_menu(text: str) -> str:
    """A name as a menu shows it, where a lone & would underline the letter after it and be gone."""
    return text.replace("&", "&&")


def group_label(text: str) -> QLabel:
    """The head of a group within a page."""
    label = QLabel(text)
    label.setFont(theme.group_font())
    return label


class Picture(QWidget):
    """An icon standing alone; it follows the theme."""

    def __init__(self, name: str, size: int = 20, colour: str = "muted", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name, self._colour = name, colour
        self.setFixedSize(size, size)
        theme.notifier().changed.connect(self.update)

    def set_icon(self, name: str, colour: str = "muted") -> None:
        self._name, self._colour = name, colour
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme.paint_icon(painter, self._name, QRectF(self.rect()), self._colour)
        painter.end()
