"""The Predict page: a model and photos become labels, kept in a ledger of Thaw's own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.camera.door import LiveButton
from desktop_app.widgets.page_frame import PageFrame
from desktop_app.widgets.prediction.desk import Desk
from desktop_app.widgets.transfer.model_chooser import ModelChooser
from desktop_app.worker import Jobs, Worker
from engine.photo_formats import FORMATS
from engine.reachable import is_there

NO_MODEL = "Choose a model first: a .thaw file, or a run that you have trained."
NO_PHOTOS = "Drop photos or a folder here, or choose them above."


class PredictPage(PageFrame):
    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("predict", "Predict", parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self._waiting: tuple[Path, ...] = ()
        self._usable = False
        self._build()
        self.action_triggered.connect(self._on_action)
        project.model_file_changed.connect(self._on_model_file_changed)
        project.runs_changed.connect(self._look_for_runs)
        jobs.started.connect(self._show)
        jobs.ended.connect(self._show)
        self._on_model_file_changed()
        if project.model_file is None and settings.last_model and is_there(settings.last_model):
            project.set_model_file(settings.last_model)

    def _build(self) -> None:
        self.chooser = ModelChooser()
        self.chooser.chosen.connect(self.use_model)
        self.chooser.file_wanted.connect(self.choose_model)
        self.chooser.described.connect(self._on_described)
        self.desk = Desk(self._jobs, self._settings)
        self.desk.changed.connect(self._show)
        self.desk.told.connect(self.set_context)
        self.desk.model_wanted.connect(self._project.set_model_file)
        self.desk.refused.connect(self.open_photos)
        self.desk.empty.triggered.connect(self.choose_model)
        self.chooser.refused.connect(self._on_refused)
        self.photos = QPushButton("Choose photos…")
        self.photos.setProperty("kind", "quiet")
        self.photos.clicked.connect(self.choose_photos)
        desk = self.desk
        for button in (desk.earlier.menu_button, desk.saving.button, desk.sorting.button, self.photos):
            self.add_beside_action(button)
        self.live = LiveButton(self._settings, lambda: desk.results.decision)
        top = QHBoxLayout(spacing=theme.GRID)
        top.addWidget(self.chooser, 1)
        top.addWidget(self.live)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.MARGIN, 2 * theme.GRID, theme.MARGIN, 2 * theme.GRID)
        column.setSpacing(2 * theme.GRID)
        column.addLayout(top)
        column.addWidget(self.desk, 1)
        self.set_content(content)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look_for_runs()
        if not event.spontaneous():
            self.desk.look()

    # --- the model -----------------------------------------------------------------------------------------------

    def choose_model(self) -> None:
        """Ask for a model file, then use it."""
        start = str(self._settings.last_model or self._settings.last_folder)
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose a model", start, "Thaw models (*.thaw)")
        if chosen:
            self.use_model(Path(chosen))

    def use_model(self, path: Path) -> None:
        """Classify by this model; one that is chosen again is looked at again, for its file may be another now."""
        if path == self._project.model_file:
            self._on_model_file_changed()
        else:
            self._project.set_model_file(path)

    def _look_for_runs(self) -> None:
        if self.isVisible():
            self.chooser.look_for_runs(self._settings.runs_folder)

    def _on_model_file_changed(self) -> None:
        self._usable = False
        self._waiting = self.desk.take_back() or self._waiting  # they were to be classified by the model before
        self.desk.telling.clear()
        self.chooser.set_path(self._project.model_file)
        self._show()

    def _on_described(self, _manifest: object) -> None:
        self._usable = True
        self._settings.last_model = self._project.model_file
        self._show()
        if self._waiting:
            self.open_photos(self._waiting)

    def _on_refused(self, error: Exception) -> None:
        self.desk.tell_error(error)
        self._show()

    # --- the photos ----------------------------------------------------------------------------------------------

    def choose_photos(self) -> None:
        """Ask for photos, then classify them."""
        endings = " ".join(f"*{ending}" for group in FORMATS.values() for ending in group)
        start = str(self._settings.last_folder)
        chosen, _ = QFileDialog.getOpenFileNames(self, "Choose photos", start, f"Photos ({endings});;All files (*)")
        if chosen:
            self.open_photos(tuple(Path(one) for one in chosen))

    def choose_folder(self) -> None:
        """Ask for a folder of photos, then classify it."""
        chosen = QFileDialog.getExistingDirectory(self, "Choose a folder of photos", str(self._settings.last_folder))
        if chosen:
            self.open_photos((Path(chosen),))

    def open_photos(self, paths: tuple[Path, ...]) -> None:
        """Classify the photos and folders; without a model they wait for one."""
        self._waiting = paths
        model, batch, reason = self._project.model_file, self.desk.batch, self._jobs.busy_reason()
        if model is None or not self._usable:
            self._show()
        elif batch and (not reason or batch.worker is self._jobs.current):
            batch.stop()  # what is asked last is what is wanted; it starts when this one has ended
        elif reason:
            banner = self.desk.banner.say(f"{reason} What you chose is classified then.", "info", "Not then")
            banner.triggered.connect(self._on_not_then)
        else:
            self._waiting = ()
            self._settings.last_folder = paths[0].parent
            self.desk.ask(paths, model)

    def _on_not_then(self) -> None:
        self._waiting = ()
        self.desk.telling.clear()

    # --- showing -------------------------------------------------------------------------------------------------

    def close_files(self) -> None:
        """Let go of everything on the disk."""
        self.desk.close_files()

    def _on_action(self) -> None:
        if self.desk.batch:
            self.desk.batch.stop()
        else:
            self.choose_folder()

    def _show(self, _worker: Worker | None = None) -> None:
        batch, empty = self.desk.batch, self.desk.empty
        reason = "" if batch else self._jobs.busy_reason() or ("" if self._usable else "Choose a model first.")
        if batch and batch.worker:
            self.set_action("Stop", "square", not batch.worker.control.stopping, "Stopping…")
        else:
            self.set_action("Choose folder…", "folder-open", not reason, reason)
        self.photos.setVisible(self._usable and not batch)
        self.photos.setEnabled(not reason)
        self.live.offer(self._project.model_file if self._usable else None)
        if self._project.model_file is None:
            waiting = " Your photos are classified as soon as you do." if self._waiting else ""
            empty.set(NO_MODEL + waiting, "Choose a file…", "package")
        else:
            empty.set(NO_PHOTOS if self._usable else "", "", "images")
        self.set_context(self.desk.source or "Labels for photos that nobody has sorted")
        if self._waiting and self._usable and not self._jobs.busy_reason():
            self.open_photos(self._waiting)
