"""The row of tools above the graph."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import THIN
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.search_field import ENTER, SearchField

FACTOR = 1.2
"""What one press of a zoom button does."""


class _StepField(SearchField):
    """Enter goes from match to match."""

    step_wanted = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and self.text():
            self.step_wanted.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
            event.accept()
        else:
            super().keyPressEvent(event)


class GraphBar(QWidget):
    """Search at the left, then folding, zoom, files. It does nothing itself."""

    step_wanted = Signal(int)  # 1 to the next match, -1 to the one before
    zoom_wanted = Signal(float)
    fit_wanted = Signal()
    unfold_wanted = Signal()
    fold_wanted = Signal()
    export_wanted = Signal(str)  # svg or png

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = _StepField("Search the graph")
        self.search.setToolTip("Enter or F3 goes to the next match, with Shift to the one before")
        self.search.setMinimumWidth(96)
        self.search.step_wanted.connect(self.step_wanted)
        self._said = muted_label()
        self._zoom = muted_label()
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._zoom.setFont(theme.figures_font())
        self._zoom.setFixedWidth(theme.wide(48))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(theme.GRID // 2)
        self._row.addWidget(self.search, 1)
        self._row.addWidget(self._said)
        self._add("unfold-vertical", "Unfold a level", self.unfold_wanted.emit)
        self._add("fold-vertical", "Fold a level", self.fold_wanted.emit)
        self._row.addWidget(self._zoom)
        self._add("minus", "Zoom out", lambda: self.zoom_wanted.emit(1 / FACTOR), "Ctrl+-")
        self._add("plus", "Zoom in", lambda: self.zoom_wanted.emit(FACTOR), "Ctrl++")
        self._add("maximize-2", "Show all of the graph", self.fit_wanted.emit, "F")
        self._add_export()
        self._add_keys()

    def say(self, words: str) -> None:
        """A few words beside the search: how many were found, or what goes on."""
        self._said.setText(words)
        self._said.setAccessibleName(words)

    def show_zoom(self, zoom: float) -> None:
        self._zoom.setText(f"{zoom * 100:.0f}{THIN}%")
        self._zoom.setAccessibleName(f"Zoom {zoom * 100:.0f} percent")

    def set_usable(self, usable: bool) -> None:
        self.setVisible(usable)

    def _add(self, icon: str, text: str, do: object, key: str = "") -> None:
        button = _button(icon, text, key)
        button.clicked.connect(do)
        self._row.addWidget(button)

    def _add_export(self) -> None:
        button = _button("file-down", "Save the graph as a file")
        menu = QMenu(button)
        for ending, text in (("svg", "Save as SVG…"), ("png", "Save as PNG…")):
            menu.addAction(text).triggered.connect(lambda _=False, ending=ending: self.export_wanted.emit(ending))
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._row.addWidget(button)

    def _add_keys(self) -> None:
        for keys, do in (
            ("F3", lambda: self.step_wanted.emit(1)),
            ("Shift+F3", lambda: self.step_wanted.emit(-1)),
        ):
            action = QAction(self, shortcut=QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.triggered.connect(do)
            self.addAction(action)


def _button(icon: str, text: str, key: str = "") -> QToolButton:
    button = QToolButton(autoRaise=True)
    button.setIcon(theme.icon(icon))
    button.setIconSize(QSize(16, 16))
    button.setFixedSize(32, 32)
    button.setAccessibleName(text)
    button.setToolTip(f"{text} ({key})" if key else text)
    return button
