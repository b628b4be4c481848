"""Something that is folded away until a person wants it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop_app import theme


class Fold(QWidget):
    """A line with an arrow, and below it what it opens."""

    toggled = Signal(bool)

    def __init__(self, title: str, content: QWidget, parent: QWidget | None = None, of_group: bool = False) -> None:
        """`of_group`: its title is the head of a group."""
        super().__init__(parent)
        self._content = content
        self.button = QToolButton()
        self.button.setCheckable(True)
        self.button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.button.setProperty("role", "fold")
        if of_group:
            self.button.setFont(theme.group_font())
        self.button.toggled.connect(self._on_toggled)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.button)
        column.addWidget(content)
        self.set_title(title)
        self._on_toggled(False)

    def set_title(self, title: str) -> None:
        self.button.setText(title)
        self.button.setAccessibleName(title)

    def is_open(self) -> bool:
        return self.button.isChecked()

    def set_open(self, is_open: bool) -> None:
        self.button.setChecked(is_open)

    def _on_toggled(self, is_open: bool) -> None:
        self.button.setIcon(theme.icon("chevron-down" if is_open else "chevron-right", 16, "muted"))
        self.button.setAccessibleDescription("open" if is_open else "folded")
        self._content.setVisible(is_open)
        self.toggled.emit(is_open)
