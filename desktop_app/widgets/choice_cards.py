"""A choice among few things that each want a sentence: a list of cards with a radio button each."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QRadioButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.page_frame import muted_label


class ChoiceCards(QFrame):
    """`chosen` says the name of the card that the person chose; `choose` shows a choice without saying it."""

    chosen = Signal(str)

    def __init__(self, cards: tuple[tuple[str, str, str], ...], parent: QWidget | None = None) -> None:
        """`cards` are (name, title, sentence)."""
        super().__init__(parent)
        self.setProperty("role", "card")
        self.cards = {name: _Card(title, sentence) for name, title, sentence in cards}
        group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        for place, (name, card) in enumerate(self.cards.items()):
            if place:
                rule = QFrame()
                rule.setProperty("role", "rule")
                column.addWidget(rule)
            column.addWidget(card)
            group.addButton(card.radio)
            card.radio.clicked.connect(lambda _=False, name=name: self.chosen.emit(name))

    def choose(self, name: str) -> None:
        if name in self.cards:
            self.cards[name].radio.setChecked(True)

    def last(self) -> QRadioButton:
        """Where the Tab key leaves the cards."""
        return list(self.cards.values())[-1].radio

    def choice(self) -> str:
        return next((name for name, card in self.cards.items() if card.radio.isChecked()), "")


class _Card(QFrame):
    def __init__(self, title: str, sentence: str) -> None:
        super().__init__()
        self.setObjectName("choice")
        self.radio = QRadioButton(title)
        self.radio.setAccessibleDescription(sentence)
        self._sentence = muted_label(sentence, wrap=True)
        # below the radio button's words, not below its circle
        self._sentence.setContentsMargins(26, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 12, 8)
        column.setSpacing(0)
        column.addWidget(self.radio, 0, Qt.AlignmentFlag.AlignLeft)
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

    def _on_toggled(self, _checked: bool) -> None:
        self._dress()

    def _dress(self, otherwise: str = "surface_raised") -> None:
        shade = "selected" if self.radio.isChecked() else otherwise
        self.setStyleSheet(f"QFrame#choice {{ background: {theme.colour(shade).name()}; border-radius: 5px; }}")
