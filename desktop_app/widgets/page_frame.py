"""What every page looks like: its name, one line of context, one main action at the right, the content below."""

from __future__ import annotations

import itertools

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app import theme
from desktop_app.widgets.labels import ElidedLabel, Picture, muted_label

WIDEST_REASON = 300
"""Pixels, at 100 % text: a longer reason takes a second line before the page's context gives way."""


class EmptyState(QWidget):
    """What a page shows that lacks something: one sentence, one button that fetches it."""

    triggered = Signal()

    def __init__(
        self, sentence: str = "", button_text: str = "", icon: str = "image", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._picture = Picture(icon, 40)
        self._sentence = QLabel()
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sentence.setWordWrap(True)
        self._sentence.setFixedWidth(theme.wide(440))
        self.button = QPushButton()
        self.button.clicked.connect(self.triggered)
        column = QVBoxLayout(self)
        column.setSpacing(2 * theme.GRID)
        column.addStretch(2)
        for widget in (self._picture, self._sentence, self.button):
            row = QHBoxLayout()  # and no alignment, which would cut the second line of a sentence
            row.addStretch()
            row.addWidget(widget)
            row.addStretch()
            column.addLayout(row)
        column.addStretch(3)
        self.set(sentence, button_text, icon)

    def set(self, sentence: str, button_text: str, icon: str) -> None:
        self._picture.set_icon(icon)
        self._sentence.setText(sentence)
        self.button.setText(button_text)
        self.button.setAccessibleName(button_text)
        self.button.setVisible(bool(button_text))

    def sentence(self) -> str:
        return self._sentence.text()


class PageFrame(QWidget):
    """The base of every page. `name` is its key ("data"), `title` what a person reads.

    The content and the empty state take turns below the title row. Enter presses the button that has the focus, and
    does the main action from anywhere else on the page that has no use for Enter itself.
    """

    action_triggered = Signal()
    empty_action_triggered = Signal()
    page_requested = Signal(str)

    def __init__(self, name: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name, self.title = name, title
        # Prefixed, since pages derive from this class and have titles and stacks of their own.
        self.setAccessibleName(title)
        self._frame_title = QLabel(title)
        self._frame_title.setFont(theme.title_font())
        self._frame_context = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self._frame_context.setProperty("role", "muted")
        self._frame_reason = muted_label(wrap=True)
        self._frame_reason.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.action_button = QPushButton()
        self.action_button.setProperty("kind", "main")
        self.action_button.hide()
        self.action_button.clicked.connect(self.action_triggered)
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            shortcut = QShortcut(QKeySequence(key), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self._on_enter)
        self._frame_beside = QHBoxLayout()
        self._frame_beside.setSpacing(theme.GRID)
        self._frame_empty = EmptyState()
        self._frame_empty.triggered.connect(self.empty_action_triggered)
        self._frame_body = QWidget()
        self._frame_stack = QStackedLayout(self._frame_body)
        self._frame_stack.addWidget(self._frame_empty)
        self._frame_content: QWidget | None = None
        self._lay_out()

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._frame_title)
        words.addWidget(self._frame_context)
        head = QHBoxLayout()
        head.setContentsMargins(theme.MARGIN, 2 * theme.GRID, theme.MARGIN, 2 * theme.GRID)
        head.setSpacing(2 * theme.GRID)
        head.addLayout(words, 1)
        head.addWidget(self._frame_reason)
        head.addLayout(self._frame_beside)
        head.addWidget(self.action_button)
        rule = QFrame()
        rule.setProperty("role", "rule")
        self._frame_column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(rule)
        column.addWidget(self._frame_body, 1)

    def set_context(self, text: str) -> None:
        """The one line below the title."""
        self._frame_context.set_whole(text)

    def context(self) -> str:
        return self._frame_context.whole()

    def set_action(self, text: str, icon: str = "", enabled: bool = True, reason: str = "") -> None:
        """The main action; where it cannot be done now, `reason` says why, in sight and not only in a tooltip. An empty
        `text` takes the button away."""
        self.action_button.setVisible(bool(text))
        self.action_button.setText(text)
        self.action_button.setAccessibleName(text)
        self.action_button.setAccessibleDescription("" if enabled else reason)
        theme.set_icon(self.action_button, icon, "on_accent" if enabled else "muted")
        self.action_button.setEnabled(enabled)
        self._frame_reason.setText("" if enabled else reason)
        words = self._frame_reason.fontMetrics().horizontalAdvance(self._frame_reason.text())
        self._frame_reason.setFixedWidth(min(words + 2, theme.wide(WIDEST_REASON)))
        self._frame_reason.setVisible(bool(text and reason and not enabled))

    def add_beside_action(self, widget: QWidget) -> None:
        """A quieter control, left of the main action."""
        self._frame_beside.addWidget(widget)

    def add_above(self, widget: QWidget) -> None:
        """What stands above the content, and above the sentence of an empty page as well."""
        self._frame_column.insertWidget(self._frame_column.indexOf(self._frame_body), widget)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # Tab goes through the title row as it stands, from left to right.
        row = [self._frame_beside.itemAt(place).widget() for place in range(self._frame_beside.count())]
        for before, after in itertools.pairwise((*row, self.action_button)):
            QWidget.setTabOrder(before, after)

    def _on_enter(self) -> None:
        focused = self.focusWidget()
        is_button = isinstance(focused, QPushButton | QToolButton) and focused.hasFocus()
        (focused if is_button else self.action_button).animateClick()

    def set_content(self, widget: QWidget) -> None:
        """What the page shows when it has what it needs; it is shown from now on."""
        if self._frame_content is not None:
            self._frame_stack.removeWidget(self._frame_content)
            self._frame_content.deleteLater()
        self._frame_content = widget
        self._frame_stack.addWidget(widget)
        self.show_content()

    def show_empty(self, sentence: str, button_text: str = "", icon: str = "image") -> None:
        """One sentence and one button in place of the content."""
        self._frame_empty.set(sentence, button_text, icon)
        self._frame_stack.setCurrentWidget(self._frame_empty)

    def show_content(self) -> None:
        if self._frame_content is not None:
            self._frame_stack.setCurrentWidget(self._frame_content)

    def is_empty(self) -> bool:
        return self._frame_stack.currentWidget() is self._frame_empty

    @property
    def empty_state(self) -> EmptyState:
        return self._frame_empty
