"""The first honest figure of a dataset, measured in the background as soon as it is open."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.figures import interval, percent, quantity
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.progress import Progress, after
from desktop_app.worker import Jobs, Worker
from engine import devices, process
from engine.control import Control
from engine.events import BaselineMeasured, Notice
from engine.models.catalog import title_of

if TYPE_CHECKING:
    from pathlib import Path

    from engine.config import TrainConfig
    from engine.dataset.index import DatasetIndex
    from engine.runs.baselines import Baseline

KIND = "baseline"
TIP = (
    "What a linear classifier gets right that learnt from the features of a pretrained network, before any training. "
    "A run that ends says what it gained over it."
)


def measuring(index: DatasetIndex, config: TrainConfig, weights_dir: Path | None, control: Control) -> Iterator[Any]:
    """A job: what is kept of this dataset, else measured; its value is the Baseline, None where there is none.

    Nothing is started where no weights are on this machine.
    """
    baselines = importlib.import_module("engine.runs.baselines")
    photos, _ = importlib.import_module("engine.dataset.split").assign_splits(
        index, config.seed, config.val_share, config.test_share
    )
    here = {row.name for row in importlib.import_module("engine.models.tables").list_models(weights_dir) if row.weights}
    model = config.model if config.model in here else None
    if (found := baselines.find(photos, model)) or not here or control.stopping:
        return found
    for event in process.run(KIND, process.run_arguments(config, weights_dir=weights_dir), control):
        yield event
        if isinstance(event, BaselineMeasured):
            found = baselines.find(photos)
    return found


class BaselineLine(QFrame):
    """Hidden while there is nothing to say. It gives way to whatever a person starts, and begins again after it."""

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName("Baseline")
        self.setToolTip(TIP)
        self._project, self._jobs, self._settings = project, jobs, settings
        self._worker: Worker | None = None
        self._progress = Progress()
        self.baseline: Baseline | None = None
        self.title, self.detail, self.stop = QLabel(), muted_label(wrap=True), QPushButton("Stop")
        self._declined = self._gave_way = False
        self._lay_out()
        self.stop.clicked.connect(self._on_stop_clicked)
        project.dataset_changed.connect(self._on_dataset_changed)
        jobs.started.connect(self._on_job_started)
        jobs.ended.connect(self._on_job_ended)
        self._on_dataset_changed()

    def _on_dataset_changed(self) -> None:
        self.baseline, self._declined, self._gave_way = None, False, False
        if self._worker:
            self._worker.control.stop()
            self._worker = None
        self._begin()
        self._show()

    def _begin(self) -> None:
        index = self._project.dataset
        waits = self._worker or self.baseline or self._declined or self._jobs.current
        if index is None or waits or not devices.has_training():
            return
        config, weights_dir = self._project.config, self._settings.weights_dir
        self._progress = Progress()
        self._worker = self._jobs.start(
            "Measuring a baseline",
            lambda control: measuring(index, config, weights_dir, control),
            KIND,
            at_place=(Exception,),
        )
        self._worker.happened.connect(self._on_happened)
        self._worker.returned.connect(self._on_returned)
        self._worker.failed.connect(self._on_failed)

    def _on_happened(self, event: object) -> None:
        if self.sender() is not self._worker:
            return
        self._progress = after(self._progress, event)
        if not isinstance(event, Notice):
            self._show()

    def _on_returned(self, found: Baseline | None) -> None:
        if self.sender() is self._worker:
            self.baseline = found
            self._show()

    def _on_failed(self, _error: object) -> None:
        """Whatever keeps it from being measured would keep a run from starting, which says so then."""
        if self.sender() is self._worker and not self._gave_way:  # where a stop cuts the scan, that fails
            self._declined = True

    def _on_stop_clicked(self) -> None:
        self._declined = True
        if self._worker:
            self._worker.control.stop()

    def _on_job_started(self, worker: Worker) -> None:
        if worker.heavy and self._worker:
            self._gave_way = True
            self._worker.control.stop()

    def _on_job_ended(self, worker: Worker) -> None:
        if worker is self._worker:
            self._worker = None
            # Without a result it was stopped, and goes on after what took its place; or there is none to be had.
            self._declined = self._declined or not (self.baseline or self._gave_way)
            self._gave_way = False
        self._begin()
        self._show()

    def _show(self) -> None:
        measured = self._progress.share is not None or bool(self._progress.detail)
        self.setVisible(self.baseline is not None or (self._worker is not None and measured))
        self.stop.setVisible(self.baseline is None)
        if self.baseline is None:
            self.title.setText("Baseline")
            self.detail.setText(f"Being measured: {self._progress.detail}. {self._progress.left}".strip())
            return
        found = self.baseline
        self.title.setText(f"Baseline: {percent(found.val_accuracy)} of the validation photos are right")
        self.detail.setText(
            f"Before any training, by a linear classifier on the features of {title_of(found.model)}: interval "
            f"{interval(found.low, found.high)}, {quantity(found.val_photos, 'photo')}. Always naming the commonest "
            f"class gives {percent(found.chance)}."
        )

    def _lay_out(self) -> None:
        self.title.setFont(theme.group_font())
        self.stop.setProperty("kind", "quiet")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.title)
        words.addWidget(self.detail)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 12, 12, 12)
        row.setSpacing(theme.GRID)
        row.addLayout(words, 1)
        row.addWidget(self.stop)
