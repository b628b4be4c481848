"""Undo for widgets that may share one stack."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence, QUndoCommand, QUndoStack
from PySide6.QtWidgets import QToolButton, QWidget

from desktop_app import theme

_APPLYING = "applying"


class Change(QUndoCommand):
    """One thing that the person changed. While it is made or taken back, the stack says so: what follows from it (the
    ticks from a timeline, say) is no change of its own, and comes and goes with it."""

    def __init__(self, stack: QUndoStack, text: str, redo: Callable[[], None], undo: Callable[[], None]) -> None:
        super().__init__(text)
        self._stack, self._redo, self._undo = stack, redo, undo

    def redo(self) -> None:
        self._apply(self._redo)

    def undo(self) -> None:
        self._apply(self._undo)

    def _apply(self, change: Callable[[], None]) -> None:
        self._stack.setProperty(_APPLYING, True)
        try:
            change()
        finally:
            self._stack.setProperty(_APPLYING, False)


def is_applying(stack: QUndoStack) -> bool:
    """Whether a change of this stack is being made or taken back just now."""
    return bool(stack.property(_APPLYING))


def undo_buttons(stack: QUndoStack, owner: QWidget) -> list[QToolButton]:
    """Undo and redo with their shortcuts, alive in the window while `owner` is in sight. Owners of one stack share the
    actions: two of their own for one shortcut would make it ambiguous."""
    buttons = []
    for name, icon, key, create in (
        ("Undo", "undo-2", QKeySequence.StandardKey.Undo, stack.createUndoAction),
        ("Redo", "redo-2", QKeySequence.StandardKey.Redo, stack.createRedoAction),
    ):
        action = stack.findChild(QAction, name)
        if action is None:
            action = create(stack, name)
            action.setObjectName(name)
            action.setShortcut(key)
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        owner.addAction(action)
        buttons.append(tool_button(action, icon, name))
    return buttons


def tool_button(action: QAction, icon: str, name: str) -> QToolButton:
    action.setIcon(theme.icon(icon))
    button = QToolButton(autoRaise=True)
    button.setDefaultAction(action)
    button.setIconSize(QSize(16, 16))
    button.setFixedSize(32, 32)
    button.setAccessibleName(name)
    return button
