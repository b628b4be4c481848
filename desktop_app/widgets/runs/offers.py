"""What stands above a run: why the last one ended, and the way on; or a run that was left before its end."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QPushButton, QVBoxLayout, QWidget

from desktop_app import dialogs, theme, training_job
from desktop_app.settings import Settings
from desktop_app.widgets.banner import Banner
from desktop_app.widgets.figures import quantity
from desktop_app.worker import Jobs
from engine import runs
from engine.config import TrainConfig
from engine.errors import ChildDied, ThawError
from engine.models.catalog import find_model
from engine.models.pretrained import weights
from engine.models.strategies import STRATEGIES

RESUMABLE = ("stopped", "interrupted")

# For a kind of ending (runs.why_ended), another way to go on: its words, and what `thaw train --resume` is told.
WAYS_ON = {
    "photos_changed": ("Resume with the changed photos", ("--accept-changes",)),
    "device_lost": ("Resume on the CPU", ("--device", "cpu")),
}


class RunOffers(QWidget):
    """Nothing at all where there is nothing to say."""

    resume_wanted = Signal(object, object)  # Path: the run to go on with; tuple: what else `thaw train` is told
    start_wanted = Signal(object)  # TrainConfig: what had failed before it began, and may start now

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._settings = jobs, settings
        self._offered: Path | None = None
        self._lacking: tuple[TrainConfig, Path | None] | None = None
        self._run_dir: Path | None = None
        self._resuming: list[QPushButton] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.GRID)
        self.hide()

    def banners(self) -> list[Banner]:
        return [self._column.itemAt(place).widget() for place in range(self._column.count())]  # type: ignore[misc]

    def clear(self) -> None:
        while item := self._column.takeAt(0):
            item.widget().hide()
            item.widget().deleteLater()
        self._run_dir, self._resuming = None, []
        self.hide()

    def forget_deleted(self) -> None:
        """What was said of a run that is no more goes with it."""
        if self._run_dir and runs.state(self._run_dir) == "absent":
            self.clear()

    def show_busy(self) -> None:
        """Nothing can be resumed while the machine is at work, and the buttons say why."""
        reason = self._jobs.busy_reason()
        for button in self._resuming:
            button.setEnabled(not reason)
            button.setToolTip(reason)

    def tell_failure(self, error: BaseException, run_dir: Path | None, config: TrainConfig) -> None:
        """Say why the run of `config` ended: the sentence, the details where there are any, and the way on."""
        self.clear()
        sentence, details = dialogs.in_words(error)
        begun = isinstance(error, ChildDied) or bool(run_dir and runs.read_history(run_dir))
        if not begun and _lacks_weights(config, self._settings.weights_dir):
            self._lacking = (config, run_dir)
            banner = self._add("error", sentence, "Weights folder…")
            banner.triggered.connect(self.choose_weights_folder)
            return
        banner = self._add_resumable("error", sentence, run_dir)
        if details and details.strip() != sentence:
            banner.add_action("Details").clicked.connect(lambda: dialogs.show_error(self.window(), error))

    def offer_newest(self) -> None:
        """Offer to go on with the newest run, where it was left before its end; older ones are in Review."""
        path = training_job.newest_run(self._settings.runs_folder)
        if self.banners() or path is None or path == self._offered or not training_job.can_resume(path, self._jobs):
            return
        self._offered = path
        if newest := runs.summarise(path):
            done = f"after {quantity(newest.epochs_done, 'epoch')} of {newest.epochs}"
            why = runs.why_ended(path) if newest.state == "interrupted" else None
            text = f"The run “{newest.called}” was {newest.state} {done}. {why.text if why else ''}"
            self._add_resumable("info", text.rstrip(), newest.path)

    def choose_weights_folder(self) -> None:
        start = self._settings.weights_dir or self._settings.last_folder
        chosen = QFileDialog.getExistingDirectory(self, "Folder with pretrained weights", str(start))
        if chosen:
            self.set_weights_folder(Path(chosen))

    def set_weights_folder(self, folder: Path) -> None:
        """Look for weights in `folder` first; where they are there, what had failed starts again."""
        assert self._lacking
        config, run_dir = self._lacking
        self._settings.weights_dir = folder
        self.clear()
        if _lacks_weights(config, folder):
            spec = find_model(config.model)
            text = f"There is no {spec.weights[0].file_name} in {dialogs.short_path(folder)}."
            self._add("error", text, "Weights folder…").triggered.connect(self.choose_weights_folder)
        elif run_dir is None or runs.state(run_dir) not in RESUMABLE:
            self.start_wanted.emit(config)
        elif self._jobs.busy_reason():
            self._add_resumable("info", "The weights are there now.", run_dir)
        else:
            self.resume_wanted.emit(run_dir, ())

    def _add_resumable(self, kind: str, text: str, run_dir: Path | None) -> Banner:
        resumable = run_dir is not None and runs.state(run_dir) in RESUMABLE
        banner = self._add(kind, text, "Resume" if resumable else "")
        if run_dir is not None and resumable:
            self._run_dir = run_dir
            self._resuming.append(banner.button)
            banner.triggered.connect(lambda: self.resume_wanted.emit(run_dir, ()))
            why = runs.why_ended(run_dir)
            if way_on := WAYS_ON.get(why.kind) if why else None:
                words, told = way_on
                self._resuming.append(banner.add_action(words))
                self._resuming[-1].clicked.connect(lambda: self.resume_wanted.emit(run_dir, told))
            self.show_busy()
        return banner

    def _add(self, kind: str, text: str, action: str) -> Banner:
        banner = Banner(kind, text, action)
        self._column.addWidget(banner)
        self.show()
        return banner


def _lacks_weights(config: TrainConfig, folder: Path | None) -> bool:
    """Whether the run needs official weights that are not on this machine. What keeps a run from finding its model, or
    weights of one's own, is told by its failure, and no folder of official weights helps."""
    strategy = STRATEGIES.get(config.strategy, STRATEGIES["custom"])
    if not strategy.pretrained or strategy.from_run:
        return False
    try:
        spec = find_model(config.model)
        return bool(spec.weights) and weights.find(spec, folder, config.weights) is None
    except ThawError:
        return False
