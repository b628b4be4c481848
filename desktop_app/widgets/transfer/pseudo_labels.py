"""Pseudo-labels: what a finished run is sure of in a folder without labels, to be looked at before it is trained on."""

from __future__ import annotations

import contextlib
import importlib
import itertools
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app import dialogs, theme
from desktop_app.settings import Settings, home_folder
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.figures import count, percent, quantity
from desktop_app.widgets.labels import ElidedLabel, muted_label
from desktop_app.widgets.photo_viewer import PhotoViewer
from desktop_app.widgets.progress import Progress, after, show_share
from desktop_app.widgets.thumbnails import shown
from desktop_app.widgets.ticked_photos import TickedPhotos
from desktop_app.worker import Jobs, Worker
from engine import runs
from engine.control import Control
from engine.errors import ThawError
from engine.events import PseudoLabel, PseudoLabelsFinished
from engine.runs import RunSummary

KIND = "pseudo-labels"
EXPLANATION = (
    "A finished run labels photos that have no class yet. You look at what it is sure of; what stays ticked joins the "
    "training photos of the next run, never those it is measured on."
)
NO_RUN = "Train a first model on these photos; then it can label more of them."
STILL_LABELLED = "Photos that stay ticked are trained on as if you had labelled them: untick what is wrong."


def look(model: Path, folder: Path, threshold: float, control: Control) -> Iterator[Any]:
    """A job: what the model is sure of. ONNX Runtime is loaded in the job's thread."""
    verb = importlib.import_module("engine.prediction.pseudo_labels").pseudo_label
    return (yield from verb(model, folder, threshold=threshold, control=control))


def finished_on(root: Path, folder: Path) -> Generator[Any, None, tuple[Path, tuple[RunSummary, ...]]]:
    """A job: the finished runs in `folder` on the photos in `root`, newest first. Results may be large, so those of
    other runs are not read."""
    yield from ()
    found = []
    for config in folder.glob(f"*/{runs.CONFIG}"):
        with contextlib.suppress(ThawError, OSError):  # one that cannot be read cannot label either
            ours = runs.read_config(config.parent).data == root.resolve()
            if ours and (summary := runs.summarise(config.parent)) and summary.state == "finished":
                found.append(summary)
    return root, tuple(sorted(found, key=lambda summary: summary.started, reverse=True))


def free_name(dataset: str) -> Path:
    """A file that is not there yet, in Thaw's own folder."""
    folder = home_folder() / "pseudo-labels"
    names = (folder / f"{dataset or 'photos'}-{number}.csv" for number in itertools.count(1))
    return next(name for name in names if not name.exists())


class PseudoLabelsDialog(QDialog):
    """`taken` carries the Path of the CSV with the photos that stayed ticked: the setting `pseudo_labels` of a run.

    `found` are the finished runs on this dataset, newest first; `dataset` is its name.
    """

    taken = Signal(object)

    def __init__(
        self, jobs: Jobs, settings: Settings, found: Sequence[RunSummary], dataset: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Self-training")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._jobs, self._settings, self._dataset = jobs, settings, dataset
        self._worker: Worker | None = None
        self._progress = Progress()
        self._found: list[PseudoLabel] = []
        self.banner = BannerPlace()
        self.folder: Path | None = None
        self.model = ElidedBox("Run that labels")
        for run in found:
            self.model.add(f"{shown(run.called)} · {percent(run.val_accuracy)}", run.path, shown(str(run.path)))
        self.folder_name = ElidedLabel("No folder chosen")
        self.choose = QPushButton("Choose folder…")
        self.threshold = QDoubleSpinBox()
        self.look = QPushButton("Look")
        self.stop = QPushButton("Stop")
        self.bar = QProgressBar()
        self.told = muted_label(NO_RUN if not found else "", wrap=True)
        self.photos = TickedPhotos()
        self.use = QPushButton("Use no photos")
        self.cancel = QPushButton("Cancel")
        self._column = QVBoxLayout(self)
        self._lay_out()
        self._connect()
        self.viewer = PhotoViewer(self)
        self.resize(theme.wide(860), theme.wide(640))
        self._show_state()

    # --- what the person does

    def set_folder(self, folder: Path) -> None:
        """The folder of photos without labels."""
        self.folder = folder
        self.folder_name.set_whole(shown(str(folder)))
        self._show_state()
        self.look.setFocus()

    def start(self) -> None:
        """Let the chosen run look at the folder."""
        model, folder, threshold = self.model.currentData(), self.folder, self.threshold.value() / 100
        if model is None or folder is None:
            return

        def job(control: Control) -> Iterator[Any]:
            return look(model, folder, threshold, control)

        self.banner.say("")
        self._found, self._progress = [], Progress()
        self.photos.show_photos(())
        self._worker = self._jobs.start("Labelling photos", job, KIND, at_place=(Exception,))
        self._worker.happened.connect(self._on_happened)
        self._worker.failed.connect(self._on_failed)
        self._show_state()

    def take(self) -> None:
        """Write the ticked photos to a file of Thaw's own and hand it over."""
        labels = importlib.import_module("engine.prediction.pseudo_labels")
        out = free_name(self._dataset)
        try:
            out.parent.mkdir(parents=True, exist_ok=True)
            labels.write_pseudo_labels(out, self.photos.ticked())
        except Exception as error:
            self.banner.say(dialogs.in_words(error)[0], "error")
            return
        self.taken.emit(out)
        self.accept()

    def done(self, result: int) -> None:
        if self._worker:
            self._worker.control.stop()
        super().done(result)

    # --- what the job says

    def _on_happened(self, event: object) -> None:
        if self.sender() is not self._worker:
            return
        self._progress = after(self._progress, event)
        if isinstance(event, PseudoLabel):
            self._found.append(event)
        elif isinstance(event, PseudoLabelsFinished):
            self.told.setText(_summary(event))
        else:
            self._show_progress()

    def _on_failed(self, error: object) -> None:
        if self.sender() is self._worker and isinstance(error, BaseException):
            self.banner.say(dialogs.in_words(error)[0], "error")
            self.told.setText("")

    def _on_ended(self, worker: Worker) -> None:
        if worker is not self._worker:
            return
        self._worker = None
        self.photos.show_photos(self._found)
        self._show_state()
        if self._found:
            self.photos.grid.setFocus()

    # --- what is shown

    def _show_state(self) -> None:
        running = self._worker is not None
        self.look.setVisible(not running)
        self.stop.setVisible(running)
        self.bar.setVisible(running)
        self.look.setEnabled(self.folder is not None and self.model.count() > 0)
        for widget in (self.model, self.choose, self.threshold):
            widget.setEnabled(not running and self.model.count() > 0)
        self.photos.setVisible(bool(self._found) and not running)
        self._room.setVisible(not self.photos.isVisibleTo(self))
        self._show_count()
        if running:
            self._show_progress()

    def _show_progress(self) -> None:
        show_share(self.bar, self._progress.share)
        self.told.setText(", ".join(filter(None, (self._progress.detail, self._progress.left))))

    def _show_count(self) -> None:
        number = len(self.photos.ticked())
        self.use.setText(f"Use {quantity(number, 'photo')}" if number else "Use no photos")
        self.use.setAccessibleName(self.use.text())
        self.use.setEnabled(bool(number) and self._worker is None)

    def _on_choose_clicked(self) -> None:
        start = self.folder or self._settings.last_folder
        chosen = QFileDialog.getExistingDirectory(self, "Folder of photos without labels", str(start))
        if chosen:
            self.set_folder(Path(chosen))

    # --- how it is made

    def _connect(self) -> None:
        self.choose.clicked.connect(self._on_choose_clicked)
        self.look.clicked.connect(self.start)
        self.stop.clicked.connect(lambda: self._worker and self._worker.control.stop())
        self.use.clicked.connect(self.take)
        self.cancel.clicked.connect(self.reject)
        self.photos.changed.connect(self._show_count)
        self.photos.enlarge.connect(lambda row: self.viewer.show_photos(self.photos.grid_photos(), row))
        self._jobs.ended.connect(self._on_ended)

    def _lay_out(self) -> None:
        self.threshold.setRange(50, 100)
        self.threshold.setDecimals(0)
        self.threshold.setValue(95)
        self.threshold.setSuffix("\u202f%")
        self.threshold.setAccessibleName("Least confidence in percent")
        theme.pad(self.threshold)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the labelling")
        self.use.setProperty("kind", "main")
        for button in (self.choose, self.look, self.stop, self.cancel):
            button.setAutoDefault(False)
        self._column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, 2 * theme.GRID)
        self._column.setSpacing(12)
        self._column.addWidget(muted_label(EXPLANATION, wrap=True))
        self._column.addLayout(self._form())
        self._column.addWidget(self.bar)
        self._column.addWidget(self.told)
        self._column.addWidget(self.photos, 1)
        self._room = QWidget()
        self._column.addWidget(self._room, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GRID)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.use)
        self._column.addWidget(self.banner)
        self._column.addLayout(buttons)

    def _form(self) -> QGridLayout:
        """What labels, what is labelled, how sure it must be; what starts it stands at the right."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(theme.GRID)
        grid.setColumnStretch(2, 1)
        for row, (name, widget) in enumerate(
            (("Run", self.model), ("Folder", self.folder_name), ("At least this sure", self.threshold))
        ):
            label = QLabel(name)
            label.setBuddy(widget)
            grid.addWidget(label, row, 0)
            grid.addWidget(widget, row, 1, 1, 1 if widget is self.threshold else 2)
        grid.addWidget(self.choose, 1, 3)
        grid.addWidget(self.look, 2, 3)
        grid.addWidget(self.stop, 2, 3)
        return grid


def _summary(event: PseudoLabelsFinished) -> str:
    bad = f" {quantity(event.failed, 'photo')} could not be read." if event.failed else ""
    if not event.proposed:
        none = "It is sure of none of the" if event.photos else "There were no"
        return f"{none} {quantity(event.photos, 'photo')}. Choose a lower confidence, or other photos.{bad}"
    stopped = "Stopped: of" if event.stopped else "Of"
    return (
        f"{stopped} {quantity(event.photos, 'photo')} it is sure of {count(event.sure)}; {count(event.proposed)} are "
        f"shown, about equally many of each class.{bad} {STILL_LABELLED}"
    )
