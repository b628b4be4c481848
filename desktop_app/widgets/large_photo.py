"""The frame of one photo large, over the whole window: it hears every key until it is left, and goes row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid


class LargePhoto(QWidget):
    """Covers the window it is shown in; `moved` carries the row in sight.

    What is shown, how many rows there are, and what keys mean beside those that go from row to row (`STEPS`, Home and
    End) is said by who derives from it.
    """

    moved = Signal(int)
    closed = Signal()
    STEPS: ClassVar[Mapping[Qt.Key, int]] = {}
    """By how many rows a key goes on."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.row = 0
        self._before: QWidget | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Photo")
        self.hide()
        window.installEventFilter(self)

    # --- what a kind of it says of itself

    def rows(self) -> int:
        raise NotImplementedError

    def show_row(self) -> None:
        """Another photo is in `row` now."""
        raise NotImplementedError

    def press(self, key: Qt.Key, text: str) -> None:
        """A key that goes to no other row."""
        raise NotImplementedError

    # --- which photo

    def open(self, row: int) -> None:
        self._before = self.window().focusWidget()
        self.setGeometry(self.parentWidget().rect())
        self.go(row)
        self.raise_()
        self.show()
        self.setFocus()

    def leave(self) -> None:
        self.hide()
        if self._before is not None and isValid(self._before):  # a banner's button is gone with its banner
            self._before.setFocus()
        self.closed.emit()

    def go(self, row: int) -> None:
        """To that row, or the nearest there is."""
        self.row = min(max(0, row), self.rows() - 1)
        self.show_row()
        self.moved.emit(self.row)

    # --- keys

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:  # nothing that lies below must hear a key
            event.accept()
            return True
        return super().event(event)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self.parentWidget().rect())
        return False

    def focusNextPrevChild(self, _next: bool) -> bool:
        return True  # Tab stays here: what lies below cannot be seen

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()
        key = Qt.Key(event.key())
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: self.rows() - 1}
        if key in self.STEPS or key in ends:
            self.go(ends.get(key, self.row + self.STEPS.get(key, 0)))
        else:
            self.press(key, event.text())
