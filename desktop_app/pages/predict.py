"""The Predict page: a model and photos become labels, kept in a ledger of Thaw's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.page_frame import EmptyState, PageFrame
from desktop_app.widgets.prediction.batch import BACK, Asked, Batch, course, words
from desktop_app.widgets.prediction.decision import Decision
from desktop_app.widgets.prediction.earlier import EarlierBatches, decision
from desktop_app.widgets.prediction.results import PredictionResults
from desktop_app.widgets.prediction.saving import Saving
from desktop_app.widgets.thumbnails import shown
from desktop_app.widgets.transfer.model_chooser import ModelChooser
from desktop_app.worker import Jobs, Worker
from engine.errors import ThawError
from engine.events import Notice, PredictionFinished, PredictionProgress
from engine.photo_formats import FORMATS

if TYPE_CHECKING:
    from engine.prediction.ledger.batches import Batch as EarlierBatch

NO_MODEL = "Choose a model first: a .thaw file, or a run that you have trained."
NO_PHOTOS = "Drop photos or a folder here, or choose them above."


class PredictPage(PageFrame):
    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("predict", "Predict", parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self.batch: Batch | None = None
        self._waiting: tuple[Path, ...] = ()
        self._usable = False
        self._source = ""
        self.banner = BannerPlace()
        self._build()
        self.action_triggered.connect(self._on_action)
        project.model_file_changed.connect(self._on_model_file_changed)
        project.runs_changed.connect(self._look_for_runs)
        jobs.started.connect(self._show)
        jobs.ended.connect(self._show)
        self._on_model_file_changed()
        if project.model_file is None and settings.last_model and settings.last_model.exists():
            project.set_model_file(settings.last_model)

    def _build(self) -> None:
        self.saving = Saving(self._jobs, self._settings, self)
        self.saving.said.connect(self.banner.say)
        self.earlier = EarlierBatches(self._settings)
        self.earlier.begun.connect(self.start)
        self.earlier.opened.connect(self._open_earlier)
        self.earlier.let_go.connect(self._let_go)
        self.earlier.failed.connect(self._tell_error)
        self.photos = QPushButton("Choose photos…")
        self.photos.setProperty("kind", "quiet")
        self.photos.clicked.connect(self.choose_photos)
        for button in (self.earlier.menu_button, self.saving.button, self.photos):
            self.add_beside_action(button)
        self.chooser = ModelChooser()
        self.chooser.chosen.connect(self._project.set_model_file)
        self.chooser.file_wanted.connect(self.choose_model)
        self.chooser.described.connect(self._on_described)
        self.chooser.refused.connect(self._tell_error)
        self.empty = EmptyState()
        self.empty.triggered.connect(self.choose_model)
        self.results = PredictionResults(self._settings)
        self.results.failed.connect(self._tell_error)
        self._panes = QStackedWidget()
        self._panes.addWidget(self.empty)
        self._panes.addWidget(self.results)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.MARGIN, 2 * theme.GRID, theme.MARGIN, 2 * theme.GRID)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(self.chooser)
        column.addWidget(self.earlier)
        column.addWidget(self.banner)
        column.addWidget(self._panes, 1)
        self.set_content(content)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look_for_runs()
        if not event.spontaneous() and self.batch is None:
            self.earlier.look()

    # --- the model -----------------------------------------------------------------------------------------------

    def choose_model(self) -> None:
        """Ask for a model file, then use it."""
        start = str(self._settings.last_model or self._settings.last_folder)
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose a model", start, "Thaw models (*.thaw)")
        if chosen:
            self._project.set_model_file(Path(chosen))

    def _look_for_runs(self) -> None:
        if self.isVisible():
            self.chooser.look_for_runs(self._settings.runs_folder)

    def _on_model_file_changed(self) -> None:
        self._usable = False
        self.banner.say("")
        self.chooser.set_path(self._project.model_file)
        self._show()

    def _on_described(self, _manifest: object) -> None:
        self._usable = True
        self._settings.last_model = self._project.model_file
        self._show()
        if self._waiting:
            self.open_photos(self._waiting)

    def _tell_error(self, error: Exception) -> None:
        self.banner.say(str(error) if isinstance(error, ThawError) else dialogs.in_words(error)[0], "error")
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
        model = self._project.model_file
        if model is None or not self._usable:
            self._show()
        elif self.batch:
            self.batch.stop()  # what is asked last is what is wanted; it starts when this one has ended
        elif reason := self._jobs.busy_reason():
            self.banner.say(f"{reason} The photos are classified then.", "info")
        else:
            self._waiting = ()
            self._settings.last_folder = paths[0].parent
            self.banner.say("")
            self.earlier.ask(paths, model)

    def start(self, asked: Asked, by: Decision | None = None) -> None:
        """Classify what is asked for, and show its ledger; decided on as it is now, unless `by` says how."""
        if self.batch or self._jobs.busy_reason():
            self.open_photos(asked.paths)
            return
        self._project.set_model_file(asked.model)
        self.banner.say("")
        if by is not None:
            self.results.show_decision(by)
        self._source = shown(asked.paths[0].name) if len(asked.paths) == 1 else quantity(len(asked.paths), "photo")
        self.batch = batch = Batch(asked, self.results.decision, self)
        batch.grew.connect(self._on_grew)
        batch.decided.connect(self.results.model.refresh)
        batch.noticed.connect(self._on_noticed)
        batch.failed.connect(self._tell_error)
        batch.ended.connect(self._on_ended)
        self.results.open(asked.ledger, batch.decide)
        self.earlier.show_path(asked.ledger)
        batch.start(self._jobs, f"Classifying {self._source}")
        self._show()

    def _on_grew(self, progress: PredictionProgress) -> None:
        self.results.model.grow()
        self.set_context(f"{self._source} · {course(progress)}")

    def _on_noticed(self, notice: Notice) -> None:
        self.banner.say("" if notice.kind == BACK else notice.text, "warning" if notice.kind == "drive" else "info")

    def _on_ended(self, finished: PredictionFinished | None) -> None:
        if self.batch:
            self.batch.deleteLater()
        self.batch = None
        if finished:
            self._source = f"{self._source} · {words(finished)}"
        self.results.settle()
        self.earlier.look()
        self._show()

    def _open_earlier(self, batch: EarlierBatch) -> None:
        if self.batch:
            self.banner.say("Stop the batch that runs first.", "info")
            return
        self.results.show_decision(decision(batch))
        self.results.open(batch.path)
        self.earlier.show_path(batch.path)
        self._source = shown(batch.path.stem)
        self._show()

    def _let_go(self, then: Callable[[], None]) -> None:
        """Close the batch in sight, so that its files may be moved."""
        self.results.close_files()
        self.results.open(None)
        self.earlier.show_path(None)
        self._source = ""
        then()
        self._show()

    def close_files(self) -> None:
        """Let go of everything on the disk."""
        self.results.close_files()
        self.earlier.close_files()

    # --- showing -------------------------------------------------------------------------------------------------

    def _on_action(self) -> None:
        if self.batch:
            self.batch.stop()
        else:
            self.choose_folder()

    def _show(self, _worker: Worker | None = None) -> None:
        running = self.batch is not None
        has_results = self.results.model.path is not None
        reason = "" if running else self._jobs.busy_reason() or ("" if self._usable else "Choose a model first.")
        if self.batch and self.batch.worker:
            self.set_action("Stop", "square", not self.batch.worker.control.stopping, "Stopping…")
        else:
            self.set_action("Choose folder…", "folder-open", not reason, reason)
        self.photos.setVisible(self._usable and not running)
        self.photos.setEnabled(not reason)
        self.saving.offer(self.results.model.path, running)
        self._panes.setCurrentWidget(self.results if has_results else self.empty)
        if self._project.model_file is None:
            waiting = " Your photos are classified as soon as you do." if self._waiting else ""
            self.empty.set(NO_MODEL + waiting, "Choose a file…", "package")
        else:
            self.empty.set(NO_PHOTOS if self._usable else "", "", "images")
        self.set_context(self._source or "Labels for photos that nobody has sorted")
        if self._waiting and not running and not reason:
            self.open_photos(self._waiting)
