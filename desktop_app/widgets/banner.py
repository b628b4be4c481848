"""A finding at its place: one sentence, at most one thing to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.labels import Picture, muted_label

_SIGNS = {"info": ("info", "muted"), "warning": ("triangle-alert", "warning"), "error": ("circle-alert", "wrong")}


class Banner(QFrame):
    """A finding at its place: a sign, a sentence, at most one thing to do. `kind` is info, warning or error."""

    triggered = Signal()

    def __init__(self, kind: str, text: str, action: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "banner")
        self.setProperty("kind", kind)
        self.setAccessibleName(text)
        self.label = QLabel(text)
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details: QLabel | None = None
        self.button = QPushButton(action)
        self.button.clicked.connect(self.triggered)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(12, theme.GRID, theme.GRID, theme.GRID)
        row.setSpacing(12)
        name, colour = _SIGNS[kind]
        # Beside a button, which is higher than a line of text, the sign stands in the middle with both.
        side = Qt.AlignmentFlag.AlignVCenter if action else Qt.AlignmentFlag.AlignTop
        row.addWidget(Picture(name, 20, colour), 0, side)
        self._words = QVBoxLayout()
        self._words.setSpacing(2)
        self._words.addWidget(self.label)
        row.addLayout(self._words, 1)
        row.addWidget(self.button, 0, side)
        # Only now: what is shown before it has its place is a window of its own for a moment.
        self.button.setVisible(bool(action))

    def add_details(self, text: str) -> None:
        """A quieter sentence below the first."""
        self.details = muted_label(text, wrap=True)
        self.details.setTextFormat(Qt.TextFormat.PlainText)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._words.addWidget(self.details)

    def details_text(self) -> str:
        return self.details.text() if self.details else ""

    def add_action(self, text: str) -> QPushButton:
        """A quieter thing to do, left of the first."""
        button = QPushButton(text)
        button.setProperty("kind", "quiet")
        self._row.insertWidget(self._row.count() - 1, button, 0, Qt.AlignmentFlag.AlignVCenter)
        return button


class BannerPlace(QWidget):
    """Where one banner at a time stands; it takes no room without one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.banner: Banner | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.hide()

    def say(self, text: str, kind: str = "info", action: str = "") -> Banner | None:
        """One sentence in place of the last one, with at most one thing to do; "" takes it away. `kind` is info,
        warning or error."""
        if self.banner is not None:
            self.banner.hide()
            self.banner.deleteLater()
            self.banner = None
        if text:
            self.banner = Banner(kind, text, action)
            self._column.addWidget(self.banner)
        self.setVisible(self.banner is not None)
        return self.banner

    def text(self) -> str:
        return self.banner.label.text() if self.banner else ""
