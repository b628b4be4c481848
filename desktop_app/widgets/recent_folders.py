"""The folders that were open before: one click opens one, another forgets it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.dialogs import short_path
from desktop_app.settings import Settings
from desktop_app.widgets.labels import ElidedLabel, group_label
from desktop_app.widgets.thumbnails import shown
from engine.reachable import is_folder


class _Row(QPushButton):
    """A folder's name and where it lies; one that is not there now says so and cannot be opened."""

    forgotten = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        there = is_folder(folder)
        self.setProperty("kind", "quiet")
        self.setEnabled(True)
        name = ElidedLabel(shown(folder.name))
        where = ElidedLabel(shown(short_path(folder.parent)) if there else "not found; is the drive connected?")
        where.setProperty("role", "muted")
        where.setAlignment(Qt.AlignmentFlag.AlignRight)
        if not there:
            name.setProperty("role", "muted")
        forget = QToolButton()
        forget.setIcon(theme.icon("x", 16, "muted"))
        forget.setToolTip("Remove from this list")
        forget.setAccessibleName(f"Remove {shown(folder.name)} from this list")
        forget.clicked.connect(self.forgotten)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 4, 0)
        row.setSpacing(2 * theme.GRID)
        row.addWidget(name, 1)
        row.addWidget(where, 2)
        row.addWidget(forget)
        for label in (name, where):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFixedHeight(theme.row() + theme.GRID)
        self.setToolTip(shown(folder))
        self.setAccessibleName(f"{shown(folder.name)}{'' if there else ', not found'}")


class RecentFolders(QWidget):
    """Nothing at all where there are none."""

    opened = Signal(object)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._card = QFrame()
        self._card.setProperty("role", "card")
        self._rows = QVBoxLayout(self._card)
        self._rows.setContentsMargins(4, 4, 4, 4)
        self._rows.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(group_label("Recent folders"))
        column.addWidget(self._card)
        settings.recent_folders_changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        while item := self._rows.takeAt(0):
            # Now and not later: a row that lingers would be drawn once more, under the new ones.
            item.widget().hide()
            item.widget().deleteLater()
        folders = self._settings.recent_folders
        for folder in folders:
            row = _Row(folder)
            row.clicked.connect(lambda _checked=False, folder=folder: self.opened.emit(folder))
            row.forgotten.connect(lambda folder=folder: self._settings.remove_recent_folder(folder))
            self._rows.addWidget(row)
        # Never shown before it has its place: it would be a window of its own for a moment.
        if self.parentWidget() or not folders:
            self.setVisible(bool(folders))

    def rows(self) -> list[_Row]:
        return [self._rows.itemAt(place).widget() for place in range(self._rows.count())]
