"""Making one model file of several runs: asks where to, starts the job, says what came of it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop_app import dialogs
from desktop_app.project import Project
from desktop_app.widgets.figures import percent
from desktop_app.worker import Jobs
from engine import process
from engine.errors import ThawError
from engine.events import EnsembleFinished

KIND = "ensemble"
ENDING = ".thaw"


class Joining(QObject):
    """The model that was made is the one that Predict uses from then on."""

    told = Signal(str, str)  # a sentence, and the kind of its banner

    def __init__(self, project: Project, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self._project, self._jobs, self._window = project, jobs, window
        self._made = False

    def ask(self, run_dirs: Sequence[Path]) -> None:
        """Ask for a file, and make it of these runs."""
        start = str(run_dirs[0].parent / f"ensemble{ENDING}")
        chosen, _ = QFileDialog.getSaveFileName(self._window, "Make one model file", start, f"Model files (*{ENDING})")
        if not chosen:
            return
        out = Path(chosen)
        if out.suffix.lower() != ENDING:
            out = out.with_name(out.name + ENDING)
            # the dialog asked about the name as it was typed, if at all
            if out.exists() and not dialogs.ask(self._window, *_replacing(out), "Replace it", "Keep it"):
                return
        self.make(run_dirs, out)

    def make(self, run_dirs: Sequence[Path], out: Path) -> None:
        """The person has agreed to writing over `out` if it is there."""
        self._made = False
        arguments = [*map(str, run_dirs), "--out", str(out), "--replace"]
        job = functools.partial(process.run, "ensemble", arguments)
        worker = self._jobs.start(f"Making {out.name}", job, KIND, heavy=True, at_place=(ThawError,))
        worker.happened.connect(self._on_happened)
        worker.returned.connect(self._on_returned)
        worker.failed.connect(lambda error: self.told.emit(dialogs.in_words(error)[0], "error"))
        self.told.emit(f"Making one model of {len(run_dirs)} runs…", "info")

    def _on_happened(self, event: object) -> None:
        if isinstance(event, EnsembleFinished):
            self._made = True
            self._project.set_model_file(event.model_file)
            self.told.emit(in_words(event), "info")

    def _on_returned(self, _result: object) -> None:
        if not self._made:
            self.told.emit("Stopped: no model was made.", "info")


def _replacing(out: Path) -> tuple[str, str]:
    return f"Replace “{out.name}”?", f"There is a model of this name in {dialogs.short_path(out.parent)} already."


def in_words(event: EnsembleFinished) -> str:
    """What was made, and whether it is better than the best of its runs alone."""
    for split, accuracy, best in (
        ("test", event.test_accuracy, event.best_test_accuracy),
        ("val", event.val_accuracy, event.best_val_accuracy),
    ):
        if accuracy is not None:
            photos = f"{percent(accuracy)} of their common {split} photos right, the best of them alone {percent(best)}"
            return f"{event.model_file.name} is ready for prediction: {photos}. It takes {_times(event)} as long."
    return f"{event.model_file.name} is ready for prediction. It takes {_times(event)} as long as one."


def _times(event: EnsembleFinished) -> str:
    return f"{len(event.members)} times"
