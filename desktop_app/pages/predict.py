"""The Predict page: a model and photos become labels."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.figures import count, quantity
from desktop_app.widgets.page_frame import EmptyState, PageFrame
from desktop_app.widgets.prediction.results import PredictionResults
from desktop_app.widgets.thumbnails import shown
from desktop_app.widgets.transfer.model_chooser import ModelChooser
from desktop_app.worker import Jobs, Worker
from engine.control import Control
from engine.errors import ModelFileError, RunError, ThawError
from engine.events import Notice, Prediction, PredictionFinished
from engine.photo_formats import FORMATS

NO_MODEL = "Choose a model first: a .thaw file, or a run that you have trained."
NO_PHOTOS = "Drop photos or a folder here, or choose them above."


def classify(model: Path, paths: Sequence[Path], control: Control) -> Iterator[Any]:
    """A job: the answers for the photos. The threshold is applied in the window, so that it can move."""
    # Loaded in the job's thread: ONNX Runtime and NumPy have no part in opening the window.
    predict = importlib.import_module("engine.prediction.batch").predict
    return (yield from predict(model, paths, control=control))


class PredictPage(PageFrame):
    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("predict", "Predict", parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self._worker: Worker | None = None
        self._waiting: tuple[Path, ...] = ()
        self._usable = False
        self._source = ""
        self.banner = BannerPlace()
        self._add_beside()
        self._build()
        self.action_triggered.connect(self._on_action)
        project.model_file_changed.connect(self._on_model_file_changed)
        project.runs_changed.connect(self._look_for_runs)
        jobs.started.connect(self._show)
        jobs.ended.connect(self._show)
        self._on_model_file_changed()
        if project.model_file is None and settings.last_model and settings.last_model.exists():
            project.set_model_file(settings.last_model)

    def _add_beside(self) -> None:
        self.save = QPushButton("Save CSV…")
        self.save.setProperty("kind", "quiet")
        theme.set_icon(self.save, "file-down", "muted")
        self.save.clicked.connect(self.choose_csv)
        self.photos = QPushButton("Choose photos…")
        self.photos.setProperty("kind", "quiet")
        self.photos.clicked.connect(self.choose_photos)
        for button in (self.save, self.photos):
            self.add_beside_action(button)

    def _build(self) -> None:
        self.chooser = ModelChooser()
        self.chooser.chosen.connect(self._project.set_model_file)
        self.chooser.file_wanted.connect(self.choose_model)
        self.chooser.described.connect(self._on_described)
        self.chooser.refused.connect(self._on_refused)
        self.empty = EmptyState()
        self.empty.triggered.connect(self.choose_model)
        self.results = PredictionResults(self._settings)
        self._panes = QStackedWidget()
        self._panes.addWidget(self.empty)
        self._panes.addWidget(self.results)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(theme.MARGIN, 2 * theme.GRID, theme.MARGIN, 2 * theme.GRID)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(self.chooser)
        column.addWidget(self.banner)
        column.addWidget(self._panes, 1)
        self.set_content(content)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look_for_runs()

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
        assert self._project.model_file
        self._settings.last_model = self._project.model_file
        self._show()
        if self._waiting:
            self.open_photos(self._waiting)

    def _on_refused(self, error: Exception) -> None:
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
            return
        if self._worker:
            self._worker.control.stop()  # what is asked last is what is wanted; it starts when this one has ended
            return
        if reason := self._jobs.busy_reason():
            self.banner.say(f"{reason} The photos are classified then.", "info")
            return
        self._waiting = ()
        self.banner.say("")
        self._settings.last_folder = paths[0].parent
        self._source = shown(paths[0].name) if len(paths) == 1 else quantity(len(paths), "photo")
        self.results.begin()
        self._worker = self._jobs.start(
            f"Classifying {self._source}",
            lambda control: classify(model, paths, control),
            "predict",
            heavy=True,
            at_place=(ModelFileError, RunError),
        )
        self._worker.happened.connect(self._on_happened)
        self._worker.failed.connect(self._on_failed)
        self._worker.returned.connect(self._on_returned)
        self._show()

    def _on_happened(self, event: object) -> None:
        if isinstance(event, Prediction):
            self.results.add(event)
        elif isinstance(event, Notice):
            self.banner.say(event.text, "info")
        elif isinstance(event, PredictionFinished):
            self._tell_end(event)

    def _tell_end(self, event: PredictionFinished) -> None:
        done = f"{quantity(event.photos, 'photo')} in {event.seconds:.1f} s"
        speed = f"{event.images_per_second:.0f} photos/s" if event.images_per_second >= 1 else ""
        stopped = "stopped" if event.stopped else ""
        skipped = f"{count(event.skipped)} other files left out" if event.skipped else ""
        self._source = " · ".join(filter(None, (self._source, done, speed, skipped, stopped)))

    def _on_returned(self, _value: object) -> None:
        self._end()

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, (ModelFileError, RunError)):
            self.banner.say(str(error), "error")
        self._end()

    def _end(self) -> None:
        self._worker = None
        self.results.finish()
        self._show()

    # --- saving --------------------------------------------------------------------------------------------------

    def choose_csv(self) -> None:
        """Ask for a name, then write the answers as they are shown, the threshold applied."""
        start = str(self._settings.last_folder / "predictions.csv")
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the answers", start, "CSV (*.csv)")
        if chosen:
            self.save_csv(Path(chosen))

    def save_csv(self, path: Path) -> None:
        try:
            importlib.import_module("engine.prediction.tables.whole").write_predictions(path, self.results.results())
        except (OSError, ThawError) as error:
            dialogs.show_error(self.window(), error)
            return
        self.banner.say(f"Saved to {shown(path)}.", "info")

    # --- showing -------------------------------------------------------------------------------------------------

    def _on_action(self) -> None:
        if self._worker:
            self._worker.control.stop()
        else:
            self.choose_folder()

    def _show(self, _worker: Worker | None = None) -> None:
        has_results = self.results.model.total() > 0 or self._worker is not None
        running = self._worker is not None
        reason = "" if running else self._jobs.busy_reason() or ("" if self._usable else "Choose a model first.")
        if running:
            self.set_action("Stop", "square", not self._worker.control.stopping, "Stopping…")
        else:
            self.set_action("Choose folder…", "folder-open", not reason, reason)
        self.photos.setVisible(self._usable and not running)
        self.photos.setEnabled(not reason)
        self.save.setVisible(has_results)
        self.save.setEnabled(not running)
        self._panes.setCurrentWidget(self.results if has_results else self.empty)
        if self._project.model_file is None:
            waiting = " Your photos are classified as soon as you do." if self._waiting else ""
            self.empty.set(NO_MODEL + waiting, "Choose a file…", "package")
        else:
            self.empty.set(NO_PHOTOS if self._usable else "", "", "images")
        self.set_context(self._source or "Labels for photos that nobody has sorted")
        if self._waiting and not running and not reason:
            self.open_photos(self._waiting)
