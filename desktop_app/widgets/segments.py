"""One choice of a few views or filters, as buttons side by side."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QWidget


class Segments(QWidget):
    """`chosen` says the name of the part that the person chose; `choose` shows a choice without saying it."""

    chosen = Signal(str)

    def __init__(
        self, parts: tuple[tuple[str, str, str], ...], accessible_name: str, parent: QWidget | None = None
    ) -> None:
        """`parts` are (name, title, tooltip)."""
        super().__init__(parent)
        self.setAccessibleName(accessible_name)
        self.buttons = {name: QPushButton(title) for name, title, _ in parts}
        group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        for place, (name, title, tip) in enumerate(parts):
            button = self.buttons[name]
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setAccessibleName(f"{accessible_name}: {title}")
            button.setAccessibleDescription(tip)
            button.setProperty("segment", _side(place, len(parts)))
            button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _=False, name=name: self.chosen.emit(name))
            group.addButton(button)
            row.addWidget(button)
        self.choose(parts[0][0])

    def choose(self, name: str) -> None:
        self.buttons[name].setChecked(True)

    def choice(self) -> str:
        return next(name for name, button in self.buttons.items() if button.isChecked())


def _side(place: int, parts: int) -> str:
    return "left" if place == 0 else "right" if place == parts - 1 else "middle"
