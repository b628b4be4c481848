"""Pretrained weights: the list of them, and the report on a file before it is imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QFileDialog, QStackedLayout, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.drops import dropped_paths
from desktop_app.widgets.weights.import_file import WeightsImport
from desktop_app.widgets.weights.shelf import WeightsShelf
from desktop_app.worker import Jobs
from engine.models.pretrained.files import SUFFIXES

FILES = f"Weights (*{' *'.join(SUFFIXES)});;All files (*)"


class WeightsDialog(QDialog):
    """Stands beside the window, not before it: a fetch of some minutes keeps nobody from anything, and goes on when
    this is closed."""

    changed = Signal()
    """Weights were added or removed, or another folder is looked in."""

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._waiting: list[Path] = []
        self.setWindowTitle("Pretrained weights")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAcceptDrops(True)
        self.shelf = WeightsShelf(jobs, settings)
        self.importing = WeightsImport(jobs)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.shelf)
        self._stack.addWidget(self.importing)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, 2 * theme.GRID, theme.MARGIN, 2 * theme.GRID)
        column.addLayout(self._stack)
        self.resize(theme.wide(1000), theme.wide(640))
        self.shelf.changed.connect(self.changed)
        self.shelf.import_wanted.connect(self.choose_file)
        self.importing.taken.connect(self._on_taken)
        self.importing.left.connect(self._show_next)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self).activated.connect(self.shelf.search.setFocus)
        self.shelf.table.setFocus()

    def choose_file(self) -> None:
        start = str(self._settings.last_folder)
        chosen, _ = QFileDialog.getOpenFileName(self, "Weights of your own", start, FILES)
        if chosen:
            self.import_files([Path(chosen)])

    def import_files(self, paths: Sequence[Path]) -> None:
        """Look into these files, one after another, and ask for each whether to take it."""
        idle = self._stack.currentWidget() is self.shelf
        self._waiting.extend(paths)
        if idle:
            self._show_next()

    def _show_next(self) -> None:
        if not self._waiting:
            self._stack.setCurrentWidget(self.shelf)
            self.shelf.table.setFocus()
            return
        self._stack.setCurrentWidget(self.importing)
        self.importing.look(self._waiting.pop(0))

    def _on_taken(self, model: str, name: str) -> None:
        self.shelf.refresh()
        self.shelf.search.clear()
        self.shelf.table.pick([(model, name)])
        self.changed.emit()
        self._show_next()

    def reject(self) -> None:
        """Escape goes back from a report to the list, and from there out."""
        if self._stack.currentWidget() is self.importing:
            self.importing.leave()
        else:
            super().reject()

    def done(self, result: int) -> None:
        self.shelf.let_go()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._waiting.clear()
        self.importing.leave()
        self._stack.setCurrentWidget(self.shelf)
        super().closeEvent(event)  # which rejects

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.import_files([path for path in dropped_paths(event.mimeData()) if path.is_file()])
