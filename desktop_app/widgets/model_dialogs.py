"""What opens above the Model page: the list of weights, the builder of networks, and runs that label more photos."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.network.builder import NetworkBuilderDialog
from desktop_app.widgets.transfer.pseudo_labels import PseudoLabelsDialog, finished_on
from desktop_app.widgets.weights.dialog import WeightsDialog
from desktop_app.worker import Jobs, NewestJob, Worker
from engine.models.catalog import CATALOG, find_model
from engine.runs import RunSummary

FEWEST_CLASSES = 2
WEIGHTS_JOBS = ("weights", "weights-import")


class ModelDialogs(QObject):
    """`weights_changed` says that there are others now; `built` carries the name of a new model, `labelled` the file of
    photos that a run has labelled."""

    weights_changed = Signal()
    built = Signal(str)
    labelled = Signal(object)

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, page: QWidget) -> None:
        super().__init__(page)
        self._project, self._jobs, self._settings, self._page = project, jobs, settings, page
        self._looking = NewestJob(jobs, "read", self)
        self._looking.returned.connect(self._on_runs_found)
        self._labelling: Path | None = None  # the photos that runs are asked to label more of
        project.dataset_changed.connect(self._close_of_others)
        jobs.ended.connect(self._on_job_ended)

    def open_weights(self, files: Sequence[Path] = ()) -> None:
        """Show the list of pretrained weights; with `files`, the report on each before it is imported."""
        dialog = WeightsDialog(self._jobs, self._settings, self._page.window())
        dialog.changed.connect(self.weights_changed)
        dialog.show()
        dialog.import_files(files)

    def open_builder(self) -> None:
        """Build a network from rows; what is saved becomes the chosen model."""
        definition = find_model(self._project.config.model).definition
        dialog = NetworkBuilderDialog(classes_of(self._project), definition, CATALOG, self._page.window())
        dialog.saved.connect(self.built)
        dialog.show()

    def open_self_training(self) -> None:
        """Let a finished run on these photos label more of them; what the person takes joins the next run."""
        folder, root = self._settings.runs_folder, self._project.config.data
        self._looking.ask("Looking for runs", lambda _control: finished_on(root, folder))

    def _on_runs_found(self, found: tuple[Path, tuple[RunSummary, ...]]) -> None:
        root, of_dataset = found
        if root == self._project.config.data:
            dialog = PseudoLabelsDialog(self._jobs, self._settings, of_dataset, root.name, self._page.window())
            dialog.taken.connect(self.labelled)
            self._labelling = root
            dialog.show()

    def _close_of_others(self) -> None:
        """What would join the training photos of one dataset is none of another's."""
        for dialog in self._page.window().findChildren(PseudoLabelsDialog):
            if self._labelling != self._project.config.data:
                dialog.close()

    def _on_job_ended(self, worker: Worker) -> None:
        if worker.kind in WEIGHTS_JOBS:  # they go on when the dialog that began them is closed
            self.weights_changed.emit()


def classes_of(project: Project) -> int:
    """How many classes a network is to tell apart; as few as there can be where no dataset is open."""
    return len(project.dataset.classes) if project.dataset else FEWEST_CLASSES
