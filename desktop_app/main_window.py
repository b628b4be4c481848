"""The window: builds each page when it is first shown, connects signals, and holds no logic of the work itself."""

from __future__ import annotations

import functools
import gc
import importlib
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMainWindow, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.closing import Closing
from desktop_app.widgets.devices_dialog import DevicesDialog
from desktop_app.widgets.doors import Doors
from desktop_app.widgets.drops import dropped_paths, sort_drop
from desktop_app.widgets.page_frame import PageFrame
from desktop_app.widgets.sidebar import Sidebar
from desktop_app.widgets.status_line import StatusLine
from desktop_app.widgets.veil import Veil
from desktop_app.worker import Jobs, Worker

# name: (title, module, class); loaded when first shown, so that opening the window costs no more than one page.
PAGES: dict[str, tuple[str, str, str]] = {
    "data": ("Data", "desktop_app.pages.data", "DataPage"),
    "model": ("Model", "desktop_app.pages.model", "ModelPage"),
    "train": ("Train", "desktop_app.pages.train", "TrainPage"),
    "review": ("Review", "desktop_app.pages.review", "ReviewPage"),
    "predict": ("Predict", "desktop_app.pages.predict", "PredictPage"),
}
PAGE_OF_JOB = {
    "scan": "data",
    "corrections": "data",
    "train": "train",
    "search": "train",
    "find-lr": "train",
    "preflight": "train",
    "ensemble": "review",
    "predict": "predict",
    "watch": "predict",
    "sort": "predict",
}
DROP_WORDS = (
    "A folder of class folders, or corrections for one, open in Data; photos, a folder of photos or a model open in "
    "Predict; weights (.pth, .safetensors) in Model."
)


class MainWindow(QMainWindow):
    def __init__(self, settings: Settings, project: Project | None = None, jobs: Jobs | None = None) -> None:
        super().__init__()
        self.settings = settings
        self.project = project or Project(self)
        self.jobs = jobs or Jobs(self)
        self._failed_pages: set[str] = set()
        self._pages: dict[str, PageFrame] = {}
        self.setWindowTitle("Thaw")
        self.setMinimumSize(960, 600)
        self.setAcceptDrops(True)
        self.sidebar = Sidebar([(name, title) for name, (title, _, _) in PAGES.items()])
        self.sidebar.chosen.connect(self.show_page)
        self.sidebar.start_chosen.connect(self.show_start)
        self.status = StatusLine(self.jobs)
        self.status.device_clicked.connect(self._on_device_clicked)
        self.stack = QStackedWidget()
        self.stack.setObjectName("pages")
        self.doors = Doors()
        self.doors.opened.connect(self._on_door_opened)
        self.stack.addWidget(self.doors)
        self._veil = Veil(self)
        self._lay_out()
        self._connect()
        self._closing = Closing(self, self.jobs, self._veil)
        self._restore()
        QTimer.singleShot(0, self._show_device)

    def _lay_out(self) -> None:
        explain = QPushButton("Help")
        explain.setProperty("kind", "quiet")
        theme.set_icon(explain, "circle-help", "muted")
        explain.setToolTip("F1")
        explain.clicked.connect(self.explain)
        self.sidebar.foot.addWidget(explain, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(self.sidebar)
        row.addWidget(_rule(vertical=True))
        row.addWidget(self.stack, 1)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row, 1)
        column.addWidget(_rule())
        column.addWidget(self.status)
        self.setCentralWidget(body)

    def _connect(self) -> None:
        for number, name in enumerate(PAGES, 1):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.activated.connect(lambda name=name: self.show_page(name))
        QShortcut(QKeySequence(QKeySequence.StandardKey.HelpContents), self).activated.connect(self.explain)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Quit), self).activated.connect(self.close)
        self.jobs.started.connect(self._on_job_started)
        self.jobs.ended.connect(self._draw_marks)
        self.project.dataset_changed.connect(self._on_dataset_changed)
        for signal in (self.project.config_changed, self.project.run_changed, self.project.model_file_changed):
            signal.connect(self._draw_marks)

    def _restore(self) -> None:
        if not self.restoreGeometry(self.settings.geometry):
            self.resize(1280, 800)
        if self.settings.last_page not in PAGES:
            self.show_start()
            return
        try:
            self.show_page(self.settings.last_page)
        except Exception as error:  # whatever is wrong with one page: a window that never opens helps nobody
            self.show_start()
            QTimer.singleShot(0, self, functools.partial(dialogs.show_error, self, error))

    # --- pages ---------------------------------------------------------------------------------------------------

    @property
    def current_page(self) -> str:
        """The name of the page in sight, "" for the three doors."""
        widget = self.stack.currentWidget()
        return widget.name if isinstance(widget, PageFrame) else ""

    def page(self, name: str) -> Any:
        """The page of that name, built if it was not shown yet."""
        if name not in self._pages:
            _, module, page_class = PAGES[name]
            page: PageFrame = getattr(importlib.import_module(module), page_class)(
                self.project, self.jobs, self.settings
            )
            page.page_requested.connect(self.show_page)
            self._pages[name] = page
            self.stack.addWidget(page)
            # What a page is made of stays for good. Left out of garbage collection, whose full round else holds the
            # window up for some 60 ms, now and then, in the middle of a run.
            gc.freeze()
        return self._pages[name]

    def show_page(self, name: str) -> None:
        self._show(self.page(name))
        self.sidebar.set_current(name)
        self.settings.last_page = name
        self._failed_pages.discard(name)
        self._draw_marks()

    def show_start(self) -> None:
        """The three doors."""
        self._show(self.doors)
        self.sidebar.set_current("")

    def _show(self, widget: QWidget) -> None:
        """Bring it to sight, and the keys with it: Enter does its main action. Whoever walks down the sidebar by key
        stays there."""
        focused = self.focusWidget()
        follow = focused is None or self.stack.isAncestorOf(focused)
        self.stack.setCurrentWidget(widget)
        if follow:
            widget.setFocus()

    def open_paths(self, paths: tuple[Path, ...]) -> None:
        """Take what was dropped or named on the command line to where it belongs."""
        drop = sort_drop(paths)
        if drop.kind == "dataset":
            self.show_page("data")
            self.page("data").open_folder(drop.paths[0])
        elif drop.kind == "corrections":
            self.show_page("data")
            self.page("data").corrections.open(drop.paths[0])
        elif drop.kind == "model":
            self.show_page("predict")
            self.page("predict").use_model(drop.paths[0])
        elif drop.kind == "photos":
            self.show_page("predict")
            self.page("predict").open_photos(drop.paths)
        elif drop.kind == "weights":
            self.show_page("model")
            self.page("model").open_weights(drop.paths)
        else:
            dialogs.show_text(self, "Nothing to open", drop.refused)

    def explain(self) -> None:
        name = self.current_page or "data"
        dialogs.show_help(self, name, PAGES[name][0])

    def _on_door_opened(self, door: str) -> None:
        self.show_page("predict" if door == "classify" else "data")
        if door == "train":
            self.page("data").choose_folder()
        elif door == "sample":
            self.page("data").open_sample()

    def _on_device_clicked(self) -> None:
        DevicesDialog(self).open()

    def _show_device(self) -> None:
        self.status.set_device(importlib.import_module("engine.devices").describe().name)

    # --- marks and jobs ------------------------------------------------------------------------------------------

    def _on_dataset_changed(self) -> None:
        dataset = self.project.dataset
        self.setWindowTitle(f"{dataset.root.name} – Thaw" if dataset else "Thaw")
        self._draw_marks()

    def _draw_marks(self) -> None:
        project = self.project
        running = {PAGE_OF_JOB.get(worker.kind, "") for worker in self.jobs.running()}
        done = {
            "data": project.dataset is not None,
            "model": project.dataset is not None and (project.config_touched or project.run_dir is not None),
            "train": project.run_dir is not None,
        }
        for name in PAGES:
            mark = "running" if name in running else "attention" if name in self._failed_pages else ""
            self.sidebar.set_mark(name, mark or ("done" if done.get(name) else ""))

    def _on_job_started(self, worker: Worker) -> None:
        self._failed_pages.discard(PAGE_OF_JOB.get(worker.kind, ""))
        worker.failed.connect(self._on_job_failed)
        self._draw_marks()

    def _on_job_failed(self, error: Exception) -> None:
        worker = self.sender()
        if not isinstance(worker, Worker) or self._closing.begun:
            return
        page = PAGE_OF_JOB.get(worker.kind, "")
        if page != self.current_page:  # what is in sight says it itself
            self._failed_pages.add(page)
        if not isinstance(error, worker.at_place):
            dialogs.show_error(self, error)

    # --- closing -------------------------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._closing.may_close():
            self._remember()
            event.accept()
        else:
            event.ignore()

    def _remember(self) -> None:
        self.settings.geometry = self.saveGeometry()
        self.settings.sync()

    # --- dropping ------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_paths(event.mimeData()):
            event.acceptProposedAction()
            self._veil.appear("Drop it here", DROP_WORDS)

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._veil.hide()
        event.acceptProposedAction()
        self.open_paths(dropped_paths(event.mimeData()))


def _rule(vertical: bool = False) -> QFrame:
    line = QFrame()
    line.setProperty("role", "upright" if vertical else "rule")
    return line
