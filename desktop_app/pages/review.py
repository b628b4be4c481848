"""The runs so far, and what one of them can and cannot do."""

from __future__ import annotations

import functools
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from desktop_app import theme, training_job
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.figures import percent, quantity
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.page_frame import PageFrame
from desktop_app.widgets.plain_table import PlainTable
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.runs.actions import ACTIONS
from desktop_app.widgets.runs.comparing import Comparison, comparing
from desktop_app.widgets.runs.comparison import LEAST, MOST, ComparisonView
from desktop_app.widgets.runs.deeds import RunDeeds
from desktop_app.widgets.runs.deleted import DeletedRuns
from desktop_app.widgets.runs.details import RunDetails
from desktop_app.widgets.runs.joining import Joining
from desktop_app.widgets.runs.record import RunRecord, listing, reading
from desktop_app.widgets.runs.tables import RUN_COLUMNS, RunRow, searched
from desktop_app.widgets.search_field import SearchField
from desktop_app.worker import Jobs, Worker
from engine import runs

READ = "read"
ABOUT = "What each run has learned, and where it errs"
LOOKING_SECONDS = 5


class ReviewPage(PageFrame):
    """The run in sight is the project's; its files are read by a job, so that large ones stop nothing."""

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("review", "Review", parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self._listing: Worker | None = None
        self._reading: Worker | None = None
        self._listed_again = False
        self._record: RunRecord | None = None
        self._comparing: Worker | None = None
        self.table = PlainTable("Runs", RUN_COLUMNS, several=True, found_by=searched)
        self.search = SearchField("Search runs", self.table)
        self.details = RunDetails(settings, project)
        self.comparison = ComparisonView(settings)
        self.joining = Joining(project, jobs, self)
        self.deleted = DeletedRuns(jobs, settings)
        self._looking = QTimer(self, interval=1000 * LOOKING_SECONDS)
        self.deeds = RunDeeds(project, jobs, settings, self.deleted, self)
        self._below = QStackedWidget()
        self.set_content(self._made())
        self._connect()
        self._show_action()
        self.set_context(ABOUT)
        self.show_empty("Looking for runs…", "", "history")
        self.refresh()
        self.deleted.sweep()

    # --- the list

    def refresh(self) -> None:
        """Read the list of runs anew."""
        if self._listing:
            self._listed_again = True
            return
        folder, running = self._settings.runs_folder, training_job.running_folders(self._jobs)
        self._listing = self._jobs.start("Looking for runs", lambda _control: listing(folder, running), READ)
        self._listing.returned.connect(self._on_listed)

    def _on_listed(self, rows: tuple[RunRow, ...]) -> None:
        chosen = {row.summary.path for row in self.table.selected()}
        self.table.show_rows(rows)
        self._look_on(rows)
        if not rows:
            self._record = None
            self.set_context(ABOUT)
            self.show_empty(
                "There are no runs yet. Train a model and its results appear here.", "Go to Train", "history"
            )
            self._show_action()
            return
        self.show_content()
        self._show_count()
        if self._compare_wanted():
            return
        self._project.wanted_comparison = ()  # what is not there cannot be shown
        kept = [row for row in rows if row.summary.path in chosen]
        if len(kept) >= LEAST:
            self.table.choose(*kept)
            return
        shown = next((row for row in rows if row.summary.path == self._project.run_dir), rows[0])
        self.table.choose(shown)
        self._read(shown)

    def _look_on(self, rows: tuple[RunRow, ...]) -> None:
        """Nobody tells when a run ends that another process trains, so it is looked at now and then."""
        if any(row.elsewhere for row in rows):
            self._looking.start()
        else:
            self._looking.stop()

    def _on_looked(self) -> None:
        if self.isVisible() and any(
            row.elsewhere and not runs.trainer_of(row.summary.path) for row in self.table.rows()
        ):
            self.refresh()

    def _on_ended(self, worker: Worker) -> None:
        if worker is self._listing:
            self._listing = None
            if self._listed_again:
                self._listed_again = False
                self.refresh()
        elif worker is self._comparing:
            self._comparing = None
        elif worker is self._reading:
            self._reading = None
        elif worker.kind == training_job.KIND:
            self.refresh()

    # --- one run

    def _on_chosen(self, row: RunRow) -> None:
        self._project.set_run(row.summary.path)
        self._read(row)

    def _on_run_changed(self) -> None:
        row = next((row for row in self.table.rows() if row.summary.path == self._project.run_dir), None)
        if row is None:
            self.refresh()
        elif self._record is None or self._record.row != row:
            self.table.choose(row)
            self._read(row)

    def _read(self, row: RunRow) -> None:
        self._reading = self._jobs.start(f"Reading {row.summary.name}", lambda control: reading(row, control), READ)
        self._reading.returned.connect(self._on_read)

    def _on_read(self, record: RunRecord) -> None:
        if self.sender() is not self._reading:
            return  # another run was chosen meanwhile
        self._record = record
        self.details.show_record(record)
        self._show_below(self.details)

    # --- several runs

    def _on_several_chosen(self, rows: tuple[RunRow, ...]) -> None:
        self._reading = self._comparing = None  # what was asked for before is not wanted any more
        if len(rows) > MOST:
            self.comparison.show_refusal(f"Select at most {MOST} runs to compare; {len(rows)} are selected.")
            self._show_below(self.comparison)
            return
        paths = [row.summary.path for row in rows]
        title = f"Comparing {len(paths)} runs"
        self._comparing = self._jobs.start(title, lambda control: comparing(paths, control), READ)
        self._comparing.returned.connect(self._on_compared)

    def _compare_wanted(self) -> bool:
        """Show the runs beside each other that another page wishes to see, where they are in the list."""
        rows = [row for row in self.table.rows() if row.summary.path in self._project.wanted_comparison]
        if len(rows) < LEAST:
            return False
        self._project.wanted_comparison = ()
        self.search.clear()
        self.table.choose(*rows)
        self._on_several_chosen(tuple(rows))
        return True

    def _on_comparison_wanted(self) -> None:
        if not self._compare_wanted():
            self.refresh()

    def _on_compared(self, comparison: Comparison) -> None:
        if self.sender() is self._comparing and len(self.table.selected()) >= LEAST:
            self.comparison.show_comparison(comparison)
            self._show_below(self.comparison)

    # --- what can be done

    def use_for_prediction(self) -> None:
        """Take the run's model to Predict."""
        if model := self._model_file():
            self._project.set_model_file(model)
            self.page_requested.emit("predict")

    def do(self, name: str) -> None:
        """Do with the run in sight what is asked for, if it can be done."""
        if not (self._record and len(self.table.selected()) < LEAST and self.details.actions_row.offers(name)):
            return
        if name == "together":
            self._project.compare_runs(self._record.row.together)
        else:
            self.deeds.do(name, self._record.row.summary)

    def _on_menu_wanted(self, place: QPoint) -> None:
        if self.table.indexAt(place).isValid() and len(self.table.selected()) < LEAST:
            self.details.actions_row.menu.popup(self.table.viewport().mapToGlobal(place))

    def _on_came_back(self, run_dir: Path | None) -> None:
        if run_dir:
            self._project.set_run(run_dir)
        elif self._project.model_file and not self._project.model_file.exists():
            self._project.set_model_file(None)
        self._project.announce_runs()

    def _model_file(self) -> Path | None:
        path = self._record.row.summary.path / runs.MODEL if self._record else None
        return path if path and path.is_file() else None

    def _show_action(self) -> None:
        if self._record is None:
            self.set_action("")
            return
        several = self._below.currentWidget() is self.comparison
        reason = "Select one run" if several else "" if self._model_file() else "This run has no model yet"
        self.set_action("Use for prediction", "arrow-right", not reason, reason)
        self.comparison.show_busy(self._jobs.busy_reason())
        self.details.actions_row.show_for(self._record.row, self._jobs.busy_reason())

    def _show_below(self, widget: QWidget) -> None:
        self._below.setCurrentWidget(widget)
        self._show_action()

    def _show_count(self) -> None:
        rows = self.table.rows()
        best = max((row.summary.val_accuracy or 0.0 for row in rows), default=0.0)
        parts = [quantity(len(rows), "run"), str(self._settings.runs_folder)]
        if best:
            parts.insert(1, f"best val {percent(best)}")
        self.set_context(" · ".join(parts))

    # --- how it is made

    def _connect(self) -> None:
        self.table.chosen.connect(self._on_chosen)
        self.table.several_chosen.connect(self._on_several_chosen)
        self.search.textChanged.connect(self.table.search)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu_wanted)
        for name, (_, _, _, keys) in ACTIONS.items():
            if keys:
                shortcut = QShortcut(QKeySequence(keys), self.table, context=Qt.ShortcutContext.WidgetShortcut)
                shortcut.activated.connect(functools.partial(self.do, name))
        self.details.actions_row.wanted.connect(self.do)
        self.comparison.join_wanted.connect(self.joining.ask)
        self.joining.told.connect(self.comparison.outcome.say)
        self.deeds.page_wanted.connect(self.page_requested)
        self.deeds.changed.connect(self._project.announce_runs)
        self.deleted.changed.connect(self._on_came_back)
        self.action_triggered.connect(self.use_for_prediction)
        self.empty_action_triggered.connect(lambda: self.page_requested.emit("train"))
        self._project.runs_changed.connect(self.refresh)
        self._project.run_changed.connect(self._on_run_changed)
        self._project.comparison_wanted.connect(self._on_comparison_wanted)
        self._jobs.ended.connect(self._on_ended)
        self._looking.timeout.connect(self._on_looked)
        self._jobs.started.connect(lambda _worker: self._show_action())
        self._jobs.ended.connect(lambda _worker: self._show_action())

    def _made(self) -> QWidget:
        self.table.setMinimumHeight(3 * theme.row() + theme.GRID)
        self.search.setMaximumWidth(theme.wide(280))
        head = QHBoxLayout(spacing=2 * theme.GRID)
        head.addWidget(self.search, 1)
        head.addStretch(1)
        head.addWidget(muted_label("Select several (Ctrl or Shift) to compare them"))
        head.addWidget(self.deleted.menu_button)
        above = QWidget()
        top = QVBoxLayout(above)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(theme.GRID)
        top.addWidget(self.deleted)
        top.addLayout(head)
        top.addWidget(self.table, 1)
        self._below.addWidget(self.details)
        self._below.addWidget(self.comparison)
        splitter = RememberedSplitter(self._settings, "review", Qt.Orientation.Vertical)
        splitter.begin((above, self._below), (6 * theme.row() + 2 * theme.GRID, 460), (0, 1))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        column.addWidget(splitter)
        return page
