"""The Data page: a folder becomes a dataset."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings, home_folder
from desktop_app.widgets import thumbnails
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.baseline import BaselineLine
from desktop_app.widgets.corrections.adding import AddingCorrections
from desktop_app.widgets.dataset_view import DatasetView, PhotoWall, photo_wall, split_note
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.labels import group_label, in_menu, muted_label
from desktop_app.widgets.page_frame import EmptyState, PageFrame
from desktop_app.widgets.recent_folders import RecentFolders
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Job, Jobs, NewestJob
from engine.control import Control
from engine.errors import DatasetError
from engine.events import ScanProgress
from engine.reachable import is_folder

# A scan that ends sooner is not announced: a page that flashes tells nothing.
SIGN_OF_WORK_AFTER_MS = 150


def sample_folder() -> Path:
    return home_folder() / "Sample set"


def read_dataset(folder: Path, control: Control) -> Iterator[Any]:
    """A job: scan the folder; its value is the PhotoWall, None where it was stopped."""
    # Loaded here, in the job's thread: settings that the pages need next, and what scanning itself needs.
    importlib.import_module("engine.config")
    index = yield from importlib.import_module("engine.dataset.index").scan(folder, control)
    if index is None:
        return None
    is_sample = index.root == sample_folder()
    return photo_wall(index, importlib.import_module("engine.dataset.sample").SETTINGS if is_sample else {})


def read_sample(control: Control) -> Iterator[Any]:
    """A job: make the sample set in the person's Thaw folder if it is not there, and scan it."""
    folder = importlib.import_module("engine.dataset.sample").make_sample(sample_folder())
    return (yield from read_dataset(folder, control))


class _Scanning(QWidget):
    """What stands in the content's place while a folder is read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self.number, self.stop = group_label(""), muted_label(), QPushButton("Stop")
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setFixedWidth(theme.wide(320))
        bar.setAccessibleName("Reading the folder")
        column = QVBoxLayout(self)
        column.setSpacing(theme.GRID)
        column.addStretch(2)
        for widget in (self.title, bar, self.number, self.stop):
            row = QHBoxLayout()
            row.addStretch()
            row.addWidget(widget)
            row.addStretch()
            column.addLayout(row)
        column.addStretch(3)


class DataPage(PageFrame):
    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("data", "Data", parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self._reading = NewestJob(jobs, "scan", self, at_place=(DatasetError,))
        self._reading.happened.connect(self._on_happened)
        self._reading.returned.connect(self._on_returned)
        self._reading.failed.connect(self._on_failed)
        self._wall: PhotoWall | None = None
        self._to_say: tuple[str, bool] | None = None
        """Once the folder has been read: a sentence, and whether it can be undone."""
        self.corrections = AddingCorrections(project, jobs, settings, self)
        self.corrections.changed.connect(self._on_corrected)
        self.banner = BannerPlace()
        self.corrections.said.connect(self.banner.say)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(SIGN_OF_WORK_AFTER_MS)
        self._patience.timeout.connect(lambda: self._panes.setCurrentWidget(self.scanning))
        self.set_action("Open folder…", "folder-open")
        self.action_triggered.connect(self.choose_folder)
        self._add_beside()
        self._build()
        project.dataset_changed.connect(self._show)
        project.config_changed.connect(self._show_split)
        settings.recent_folders_changed.connect(self._fill_recent)
        self._fill_recent()
        self._show()

    def _add_beside(self) -> None:
        self.next = QPushButton("Choose a model")
        self.next.setProperty("kind", "quiet")
        self.next.clicked.connect(lambda: self.page_requested.emit("model"))
        self.again = QToolButton()
        self.again.setIcon(theme.icon("rotate-ccw"))
        self.again.setToolTip("Read the folder again")
        self.again.setAccessibleName("Read the folder again")
        self.again.clicked.connect(lambda: self._project.dataset and self.open_folder(self._project.dataset.root))
        self.recent = QToolButton()
        self.recent.setIcon(theme.icon("history"))
        self.recent.setToolTip("Recent folders")
        self.recent.setAccessibleName("Recent folders")
        self.recent.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.recent.setMenu(QMenu(self.recent))
        for button in (self.next, self.corrections.button, self.again, self.recent):
            self.add_beside_action(button)

    def _build(self) -> None:
        self.start = EmptyState(
            "Open a folder that holds one folder of photos for each class, or drop it here.",
            "Try the sample set",
            "images",
        )
        self.start.triggered.connect(self.open_sample)
        self.start.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.recent_folders = RecentFolders(self._settings)
        self.recent_folders.opened.connect(self.open_folder)
        self.recent_folders.setMaximumWidth(theme.wide(640))
        start = QWidget()
        column = QVBoxLayout(start)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * theme.GAP)
        column.addStretch(2)
        column.addWidget(self.start)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.recent_folders, 6)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(3)
        self._start_pane = start
        self.scanning = _Scanning()
        self.scanning.stop.clicked.connect(self._reading.stop)
        self.view = DatasetView(self._settings)
        self.baseline = BaselineLine(self._project, self._jobs, self._settings)
        self.view.below.addWidget(self.baseline)
        self._panes = QStackedWidget()
        for pane in (start, self.scanning, self.view):
            self._panes.addWidget(pane)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.MARGIN, 2 * theme.GRID, theme.MARGIN, 2 * theme.GRID)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(self.banner)
        column.addWidget(self._panes, 1)
        self.set_content(content)

    # --- opening -------------------------------------------------------------------------------------------------

    def choose_folder(self) -> None:
        """Ask for a folder, then open it."""
        start = str(self._settings.last_folder)
        chosen = QFileDialog.getExistingDirectory(self, "Open a folder of class folders", start)
        if chosen:
            self.open_folder(Path(chosen))

    def open_folder(self, folder: Path) -> None:
        """Scan the folder; it becomes the dataset if it can be one."""
        self._read(f"Reading {shown(folder.name)}", lambda control: read_dataset(folder, control))

    def open_sample(self) -> None:
        """Make the built-in sample set if it is not there, and open it."""
        self._read("Making the sample set", read_sample)

    def _read(self, title: str, job: Job) -> None:
        self._to_say = None
        self.banner.say("")
        self.scanning.title.setText(f"{title}…")
        self.scanning.number.setText(" ")
        self._reading.ask(title, job)
        self._patience.start()

    def _on_happened(self, event: object) -> None:
        if isinstance(event, ScanProgress):
            self.scanning.number.setText(quantity(event.photos, "photo"))

    def _on_returned(self, wall: PhotoWall | None) -> None:
        self._patience.stop()
        if wall is not None:
            self._wall = wall
            root = wall.index.root
            thumbnails.shared().forget(root)
            self._settings.add_recent_folder(root)
            self._settings.last_folder = root.parent
            self._project.set_dataset(wall.index, wall.suited)
        self._show()
        self._say_what_changed()

    def _on_failed(self, error: Exception) -> None:
        self._patience.stop()
        if isinstance(error, DatasetError) and not self._say_what_changed(str(error)):
            self.banner.say(str(error), "error")
        self._show()

    def _on_corrected(self, text: str, can_undo: bool) -> None:
        """Read the folder anew, which holds other photos now; then say why."""
        if self._project.dataset is not None:
            self.open_folder(self._project.dataset.root)
            self._to_say = text, can_undo

    def _say_what_changed(self, but: str = "") -> bool:
        """Whether there was something to say. `but` is why the folder, as it is now, cannot be trained on."""
        if not self._to_say:
            return False
        text, can_undo = self._to_say
        self._to_say = None
        banner = self.banner.say(f"{text} {but}".rstrip(), "warning" if but else "info", "Undo" if can_undo else "")
        if banner and can_undo:
            banner.triggered.connect(self.corrections.undo)
        return True

    # --- showing -------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        if self._reading.is_at_work():
            return
        index = self._project.dataset
        for button in (self.next, self.again):
            button.setVisible(index is not None)
        self.corrections.offer()
        if index is None:
            self.set_context("Photos to learn from, one folder for each class")
            self._panes.setCurrentWidget(self._start_pane)
            return
        if self._wall is None or self._wall.index is not index:
            self._wall = photo_wall(index)
        photos, classes = quantity(len(index.photos), "photo"), quantity(len(index.classes), "class", "classes")
        self.set_context(f"{shown(index.root.name)} · {photos} · {classes}")
        self._show_split()
        self.view.show_wall(self._wall)
        self._panes.setCurrentWidget(self.view)

    def _show_split(self) -> None:
        # With a dataset open the draft costs nothing: whatever scanned has loaded its declaration.
        if (index := self._project.dataset) is not None:
            config = self._project.config
            self.view.set_note(split_note(index, config.val_share, config.test_share))

    def _fill_recent(self) -> None:
        menu = self.recent.menu()
        menu.clear()
        for folder in self._settings.recent_folders:
            action = menu.addAction(in_menu(shown(folder.name)) + ("" if is_folder(folder) else " (not found)"))
            action.setToolTip(shown(folder))
            action.triggered.connect(lambda _checked=False, folder=folder: self.open_folder(folder))
        if self._settings.recent_folders:
            menu.addSeparator()
        menu.addAction("Sample set").triggered.connect(self.open_sample)
