"""A search for better settings: what may vary, the trials as they end, and the best of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from desktop_app import dialogs, theme, training_job
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.figures import duration, percent
from desktop_app.widgets.fold import Fold
from desktop_app.widgets.labels import ElidedLabel, muted_label
from desktop_app.widgets.plain_table import PlainTable
from desktop_app.widgets.start.search_table import COLUMNS, in_words
from desktop_app.worker import Jobs, Worker
from engine import devices, process
from engine.config import TrainConfig
from engine.control import Control
from engine.events import EpochFinished, RunFinished, SearchFinished, TrialFinished, TrialStarted
from engine.models.search_space import SPACE, USUAL

KIND = "search"
MOST_TRIALS, TRIALS = 500, 12
ROWS_IN_SIGHT = 6
OFFER = (
    "Trains this run again and again with other settings, gives up early on those that promise little, and keeps the "
    "best as a run. The first trial is the settings as they are."
)


class SearchSection(QWidget):
    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self._worker: Worker | None = None
        self._trials: list[TrialFinished] = []
        self._best: SearchFinished | None = None
        names = (*USUAL, *(name for name in SPACE if name not in USUAL))
        self.ticks = {name: QCheckBox(TrainConfig.model_fields[name].title) for name in names}
        self.number = QSpinBox(minimum=2, maximum=MOST_TRIALS, value=TRIALS)
        self.search, self.stop = QPushButton("Search"), QPushButton("Stop")
        self.told, self.answer = ElidedLabel(), QLabel(wordWrap=True)
        self.table = PlainTable("Trials", COLUMNS)
        self.use = QPushButton("Use these settings")
        self.banner = BannerPlace()
        self._lay_out()
        self._connect()
        self._show_state()

    # --- what the person does

    def start(self) -> None:
        """Search around the draft as it is now."""
        if self._reason_against():
            return
        folder = training_job.new_run_dir(self._settings.runs_folder, self._project.config, "search")
        named = [name for name, tick in self.ticks.items() if tick.isChecked()]
        arguments = process.run_arguments(self._project.config, weights_dir=self._settings.weights_dir)
        arguments += ["--out", str(folder), "--vary", ",".join(named), "--trials", str(self.number.value())]

        def job(control: Control) -> Iterator[Any]:
            return process.run(KIND, arguments, control)

        self.banner.say("")
        self._trials, self._best = [], None
        self.table.show_rows(())
        self.told.set_whole("Starting…")
        self._worker = self._jobs.start("Searching for settings", job, KIND, heavy=True, at_place=(Exception,))
        self._worker.happened.connect(self._on_happened)
        self._worker.failed.connect(self._on_failed)
        self._show_state()
        self.stop.setFocus()

    def take(self) -> None:
        """The best trial's settings become the draft's."""
        if self._best:
            self._project.set_config(**self._best.changes)

    def _reason_against(self) -> str:
        if not devices.has_training():
            return "This edition has no training part"
        if self._project.dataset is None:
            return "Choose a dataset first"
        if not any(tick.isChecked() for tick in self.ticks.values()):
            return "Tick what may vary"
        return self._jobs.busy_reason()

    def _on_stop_clicked(self) -> None:
        if self._worker:
            self._worker.control.stop()
            self.stop.setEnabled(False)
            self.told.set_whole("Stopping; the best so far becomes a run…")

    # --- what the job says

    def _on_happened(self, event: object) -> None:
        if self.sender() is not self._worker:
            return
        match event:
            case TrialStarted():
                self.told.set_whole(f"Trial {event.trial} of {event.trials}: {in_words(event.changes)}")
            case EpochFinished() if self._trials:
                left = self._trials[-1].seconds_left
                self.told.set_whole(
                    f"Trial {len(self._trials) + 1} of {self._trials[-1].trials}, epoch {event.epoch} of "
                    f"{event.epochs}, about {duration(left)} left"
                )
            case TrialFinished():
                self._trials.append(event)
                self.table.show_rows(tuple(self._trials))
            case RunFinished():
                self._project.set_run(event.run_dir)
                self._project.announce_runs()
            case SearchFinished():
                self._best = event
        self._show_state()

    def _on_failed(self, error: object) -> None:
        if isinstance(error, BaseException):
            self.banner.say(dialogs.in_words(error)[0], "error")

    def _on_ended(self, worker: Worker) -> None:
        if worker is self._worker:
            self._worker = None
        self._show_state()

    # --- what is shown

    def _show_state(self) -> None:
        running, reason = self._worker is not None, self._reason_against()
        self.search.setVisible(not running)
        self.search.setEnabled(not reason)
        self.search.setToolTip(reason)
        self.search.setAccessibleDescription(reason)
        self.stop.setVisible(running)
        self.stop.setEnabled(running and not (self._worker and self._worker.control.stopping))
        for control in (*self.ticks.values(), self.number):
            control.setEnabled(not running)
        self.told.setVisible(running)
        self.table.setVisible(bool(self._trials))
        rows = min(ROWS_IN_SIGHT, len(self._trials))
        self.table.setFixedHeight(rows * theme.row() + self.table.horizontalHeader().sizeHint().height() + 4)
        self._show_best()

    def _show_best(self) -> None:
        best = self._best
        self.answer.setVisible(best is not None)
        self.use.setVisible(best is not None and bool(best.changes))
        if best is None:
            return
        known = best.usual_accuracy is not None and best.changes
        usual = f" against {percent(best.usual_accuracy)} of the settings before" if known else ""
        self.answer.setText(
            f"Trial {best.best_trial} is the best: {in_words(best.changes)}, {percent(best.val_accuracy)} of val right"
            f"{usual}. It is the run “{best.run_dir.name}”. The best of many looks at the same photos flatters; what "
            "counts is its test figure in Review."
        )
        now = {name: getattr(self._project.config, name) for name in best.changes}
        self.use.setEnabled(now != dict(best.changes))
        self.use.setToolTip("" if self.use.isEnabled() else "The next run has these settings")

    # --- how it is made

    def _connect(self) -> None:
        self.search.clicked.connect(self.start)
        self.stop.clicked.connect(self._on_stop_clicked)
        self.use.clicked.connect(self.take)
        for tick in self.ticks.values():
            tick.toggled.connect(self._show_state)
        self._jobs.started.connect(self._show_state)
        self._jobs.ended.connect(self._on_ended)
        self._project.config_changed.connect(self._show_state)
        self._project.dataset_changed.connect(self._show_state)

    def _lay_out(self) -> None:
        theme.set_icon(self.stop, "square")
        self.number.setAccessibleName("Trials")
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(muted_label(OFFER, wrap=True))
        grid = QGridLayout(spacing=theme.GRID)
        for place, (name, tick) in enumerate(self.ticks.items()):
            tick.setChecked(name in USUAL)
            grid.addWidget(tick, place // 3, place % 3)
        column.addLayout(grid)
        line = QHBoxLayout(spacing=theme.GRID)
        line.addWidget(QLabel("Trials"))
        line.addWidget(self.number)
        line.addStretch(1)
        line.addWidget(self.search)
        line.addWidget(self.stop)
        column.addLayout(line)
        self.told.setProperty("role", "muted")
        for widget in (self.told, self.table):
            column.addWidget(widget)
        last = QHBoxLayout(spacing=2 * theme.GRID)
        last.addWidget(self.answer, 1)
        last.addWidget(self.use)
        column.addLayout(last)
        column.addWidget(self.banner)
        self.fold = Fold("Search for better settings", content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.fold)
