"""A choice among some things that each want a sentence: a list of radio buttons, the chosen one explained."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QRadioButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.labels import ElidedLabel, muted_label

BELOW_WORDS = 26
"""Pixels from the circle of a radio button to its words."""


@dataclass(frozen=True)
class Choice:
    """`hint` is a few words beside the title, `sentence` what is shown of the chosen one."""

    name: str
    title: str
    hint: str
    sentence: str


class ChoiceCards(QFrame):
    """`chosen` says the name of the card that the person chose; `choose` shows a choice without saying it."""

    chosen = Signal(str)

    def __init__(self, choices: tuple[Choice, ...] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.cards: dict[str, _Card] = {}
        self._group = QButtonGroup(self)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(1, 1, 1, 1)
        self._column.setSpacing(0)
        self.set_choices(choices)

    def set_choices(self, choices: tuple[Choice, ...]) -> None:
        """Show other cards; what was chosen stays chosen where it is still there."""
        before = self.choice()
        while item := self._column.takeAt(0):
            item.widget().hide()
            item.widget().deleteLater()
        self.cards = {choice.name: _Card(choice) for choice in choices}
        for place, (name, card) in enumerate(self.cards.items()):
            if place:
                rule = QFrame()
                rule.setProperty("role", "rule")
                self._column.addWidget(rule)
            self._column.addWidget(card)
            self._group.addButton(card.radio)
            card.radio.clicked.connect(lambda _=False, name=name: self.chosen.emit(name))
        self.choose(before)

    def choose(self, name: str) -> None:
        if name in self.cards:
            self.cards[name].radio.setChecked(True)

    def last(self) -> QRadioButton:
        """Where the Tab key leaves the cards."""
        return list(self.cards.values())[-1].radio

    def choice(self) -> str:
        return next((name for name, card in self.cards.items() if card.radio.isChecked()), "")


class _Card(QFrame):
    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self.setObjectName("choice")
        self.radio = QRadioButton(choice.title)
        self.radio.setAccessibleDescription(choice.sentence)
        self.setToolTip(choice.sentence)
        hint = ElidedLabel(choice.hint, mode=Qt.TextElideMode.ElideRight)
        hint.setProperty("role", "muted")
        self._sentence = muted_label(choice.sentence, wrap=True)
        self._sentence.setContentsMargins(BELOW_WORDS, 0, 0, 4)
        self._sentence.hide()
        line = QHBoxLayout()
        line.setSpacing(theme.GRID)
        line.addWidget(self.radio)
        line.addWidget(hint, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 3, 12, 3)
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(self._sentence)
        self.radio.toggled.connect(self._on_toggled)
        theme.notifier().changed.connect(self._dress)
        self._dress()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.radio.setFocus()
            self.radio.click()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def enterEvent(self, event: QEvent) -> None:
        self._dress("hover")
        super().enterEvent(event)  # type: ignore[arg-type]

    def leaveEvent(self, event: QEvent) -> None:
        self._dress()
        super().leaveEvent(event)

    def _on_toggled(self, checked: bool) -> None:
        self._sentence.setVisible(checked)
        self._dress()

    def _dress(self, otherwise: str = "surface_raised") -> None:
        shade = "selected" if self.radio.isChecked() else otherwise
        self.setStyleSheet(f"QFrame#choice {{ background: {theme.colour(shade).name()}; border-radius: 5px; }}")
