"""A search for better settings: what may vary, the trials as they end, and the best of them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLabel, QPushButton, QSpinBox, QWidget

from desktop_app import theme, training_job
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.figures import duration, percent
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.plain_table import PlainTable
from desktop_app.widgets.start.asking import Asking, beside, in_columns
from desktop_app.widgets.start.found_for import FoundFor
from desktop_app.widgets.start.search_table import COLUMNS, in_words
from desktop_app.worker import Jobs
from engine import process
from engine.config import TrainConfig
from engine.events import EpochFinished, RunFinished, SearchFinished, TrialFinished, TrialStarted
from engine.models.search_space import SPACE, USUAL

MOST_TRIALS, TRIALS = 500, 12
ROWS_IN_SIGHT = 6
WITHOUT_EFFECT = frozenset((*SPACE, "epochs", "patience", "seed", "device", "threads", "channels_last", "cache"))
"""Settings that do not make what was found worthless: what is searched for, how long the run lasts, where it
computes."""
OFFER = (
    "Trains this run again and again with other settings, gives up early on those that promise little, and keeps the "
    "best as a run. The first trial is the settings as they are."
)


class SearchSection(Asking):
    STOPPING = "Stopping; the best so far becomes a run…"

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        self.search = QPushButton("Search")
        super().__init__(project, jobs, settings, (self.search,), parent)
        self._trials: list[TrialFinished] = []
        self._best: SearchFinished | None = None
        self._found_for = FoundFor(project.config, None)
        names = (*USUAL, *(name for name in SPACE if name not in USUAL))
        self.ticks = {name: QCheckBox(TrainConfig.model_fields[name].title) for name in names}
        self.number = QSpinBox(minimum=2, maximum=MOST_TRIALS, value=TRIALS)
        self.answer = QLabel(wordWrap=True)
        self.table = PlainTable("Trials", COLUMNS)
        self.use = QPushButton("Use these settings")
        self._lay_out()
        self.search.clicked.connect(self.start)
        self.use.clicked.connect(self.take)
        self._show_state()

    # --- what the person does

    def start(self) -> None:
        """Search around the draft as it is now."""
        if self.reason_against():
            return
        folder = training_job.new_run_dir(self._settings.runs_folder, self._project.config, "search")
        named = [name for name, tick in self.ticks.items() if tick.isChecked()]
        arguments = process.run_arguments(self._project.config, weights_dir=self._settings.weights_dir)
        arguments += ["--out", str(folder), "--vary", ",".join(named), "--trials", str(self.number.value())]
        self._trials, self._best = [], None
        self._found_for = FoundFor(self._project.config, self._project.dataset)
        self.table.show_rows(())
        self.ask("Searching for settings", "search", arguments)

    def take(self) -> None:
        """The best trial's settings become the draft's."""
        if self._best:
            self._project.set_config(**self._best.changes)

    def missing(self) -> str:
        return super().missing() if any(tick.isChecked() for tick in self.ticks.values()) else "Tick what may vary"

    def hear(self, event: object) -> None:
        match event:
            case TrialStarted():
                self.tell_progress(f"Trial {event.trial} of {event.trials}: {in_words(event.changes)}")
            case EpochFinished() if self._trials:
                last = self._trials[-1]
                self.tell_progress(
                    f"Trial {len(self._trials) + 1} of {last.trials}, epoch {event.epoch} of {event.epochs}, "
                    f"about {duration(last.seconds_left)} left"
                )
            case TrialFinished():
                self._trials.append(event)
                self.table.show_rows(tuple(self._trials))
            case RunFinished():
                self._project.set_run(event.run_dir)
                self._project.announce_runs()
            case SearchFinished():
                self._best = event

    # --- what is shown

    def _show_state(self) -> None:
        super()._show_state()
        for control in (*self.ticks.values(), self.number):
            control.setEnabled(not self.is_asking())
        self.table.setVisible(bool(self._trials))
        self.table.fit_height(ROWS_IN_SIGHT)
        self._show_best()

    def _show_best(self) -> None:
        best = self._best
        self.answer.setVisible(best is not None)
        self.use.setVisible(best is not None and bool(best.changes))
        if best is None:
            return
        known = best.usual_accuracy is not None and best.changes
        usual = f" against {percent(best.usual_accuracy)} of the settings before" if known else ""
        reason = self._found_for.reason_against(self._project.config, self._project.dataset, WITHOUT_EFFECT)
        self.answer.setText(
            f"{reason + ' ' if reason else ''}Trial {best.best_trial} is the best: {in_words(best.changes)}; "
            f"{percent(best.val_accuracy)} of the validation photos are right{usual}. It is the run "
            f"“{best.run_dir.name}”. The best of many looks at the same photos flatters; what counts is its test "
            "figure in Review."
        )
        now = {name: getattr(self._project.config, name) for name in best.changes}
        in_use = now == dict(best.changes)
        self.use.setEnabled(not reason and not in_use)
        self.use.setToolTip(reason or ("The next run has these settings" if in_use else ""))
        self.answer.setProperty("role", "muted" if reason else "")
        theme.restyle(self.answer)

    # --- how it is made

    def _lay_out(self) -> None:
        self.number.setAccessibleName("Trials")
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        for name, tick in self.ticks.items():
            tick.setChecked(name in USUAL)
            tick.toggled.connect(self._show_state)
        self.pile(
            muted_label(OFFER, wrap=True),
            in_columns(self.ticks.values()),
            self.ask_line(QLabel("Trials"), self.number),
            *(self.progress, self.table),
            beside(self.answer, self.use),
            fold="Search for better settings",
        )
