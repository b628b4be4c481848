"""A field that narrows down what stands below it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class SearchField(QLineEdit):
    """Enter goes to what was found, which is `results`, or next where that is not said; Escape forgets the search, and
    leaves the field where there is none."""

    def __init__(self, words: str, results: QWidget | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results = results
        self.setPlaceholderText(words)
        self.setAccessibleName(words)
        self.setClearButtonEnabled(True)

    def event(self, event: QEvent) -> bool:
        # The page must not take these for its main action.
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in (*ENTER, Qt.Key.Key_Escape):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() in (*ENTER, Qt.Key.Key_Escape):
            if self._results and event.key() in ENTER:
                self._results.setFocus(Qt.FocusReason.TabFocusReason)
            else:
                self.focusNextChild()
        else:
            super().keyPressEvent(event)
            return
        event.accept()
