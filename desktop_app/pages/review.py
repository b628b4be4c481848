"""The runs so far, and what one of them can and cannot do."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.page_frame import PageFrame
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.runs.comparison import LEAST
from desktop_app.widgets.runs.deleted import DeletedRuns
from desktop_app.widgets.runs.one_run import OneRun
from desktop_app.widgets.runs.run_list import RunList
from desktop_app.widgets.runs.several_runs import SeveralRuns
from desktop_app.widgets.runs.tables import RunRow
from desktop_app.worker import Jobs
from engine.reachable import is_there

ABOUT = "What each run has learned, and where it errs"
NO_RUNS = "There are no runs yet. Train a model and its results appear here."
NONE_LEFT = "There is no run left. What was deleted can be put back, at the top right."


class ReviewPage(PageFrame):
    """The list above; below it the run that is selected, which is the project's, or several beside each other. Files
    are read by jobs, so that large ones stop nothing."""

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("review", "Review", parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self.deleted = DeletedRuns(jobs, settings)
        self.list = RunList(jobs, settings)
        self.one = OneRun(project, jobs, settings, self.deleted)
        self.several = SeveralRuns(project, jobs, settings)
        self._below = QStackedWidget()
        self.set_content(self._made())
        self._connect()
        self._show_action()
        self.set_context(ABOUT)
        self.show_empty("Looking for runs…", "", "history")
        self.list.refresh()
        self.deleted.sweep()

    # --- which runs are in sight

    def _on_listed(self, kept: tuple[RunRow, ...]) -> None:
        rows = self.list.rows()
        if not rows:
            self.one.show_row(None)
            self.several.forget()
            self.set_context(ABOUT)
            self.show_empty(NONE_LEFT if self.deleted.has_any() else NO_RUNS, "Go to Train", "history")
            self._show_action()
            return
        self.show_content()
        self.set_context(self.list.in_words())
        if self._compare_wanted():
            return
        self._project.wanted_comparison = ()  # what is not there cannot be shown
        if len(kept) >= LEAST:
            self.list.table.choose(*kept)
            self.several.show_rows(self.list.table.selected())
            return
        self._show_one(next(filter(None, (self.list.row_of(self._project.run_dir), *kept, rows[0]))))

    def _on_chosen(self, row: RunRow) -> None:
        self._project.set_run(row.summary.path)
        self._show_one(row)

    def _on_run_changed(self) -> None:
        row = self.list.row_of(self._project.run_dir)
        if row is None:
            self.list.refresh()
        elif not (self._are_several() and self.isVisible()):  # what a person looks at is not taken away
            self._show_one(row)

    def _show_one(self, row: RunRow) -> None:
        self.list.table.choose(row)
        self.several.forget()
        self.one.show_row(row)
        self._show_below(self.one)

    def _are_several(self) -> bool:
        return len(self.list.table.selected()) >= LEAST

    def _compare_wanted(self) -> bool:
        """Show the runs beside each other that another page wishes to see, where they are in the list."""
        rows = [row for row in self.list.rows() if row.summary.path in self._project.wanted_comparison]
        if len(rows) < LEAST:
            return False
        self._project.wanted_comparison = ()
        self.list.search.clear()
        self.list.table.choose(*rows)
        self.several.show_rows(tuple(rows))
        return True

    def _on_comparison_wanted(self) -> None:
        if not self._compare_wanted():
            self.list.refresh()

    def _on_came_back(self, run_dir: Path | None) -> None:
        if run_dir:
            self._project.set_run(run_dir)
        elif self._project.model_file and not is_there(self._project.model_file):
            self._project.set_model_file(None)
        self._project.announce_runs()

    # --- what can be done

    def use_for_prediction(self) -> None:
        """Take the run's model to Predict."""
        if model := self.one.model_file():
            self._project.set_model_file(model)
            self.page_requested.emit("predict")

    def do(self, name: str) -> None:
        """Do with the selected run what is asked for, if it can be done."""
        if not self._are_several():
            self.one.do(name)

    def _on_menu_wanted(self, place: QPoint) -> None:
        if not self._are_several():
            self.one.details.actions_row.menu.popup(place)

    def _show_action(self) -> None:
        self.one.show_busy()
        self.several.show_busy()
        if self.one.row is None and not self.several.rows:
            self.set_action("")
            return
        several = self._below.currentWidget() is self.several
        reason = "Select one run" if several else self.one.reason_against()
        self.set_action("Use for prediction", "arrow-right", not reason, reason)

    def _show_below(self, widget: QWidget) -> None:
        self._below.setCurrentWidget(widget)
        self._show_action()

    # --- how it is made

    def _connect(self) -> None:
        self.list.listed.connect(self._on_listed)
        self.list.chosen.connect(self._on_chosen)
        self.list.several_chosen.connect(self.several.show_rows)
        self.list.deed_wanted.connect(self.do)
        self.list.menu_wanted.connect(self._on_menu_wanted)
        self.one.read.connect(self._show_action)
        self.one.deeds.page_wanted.connect(self.page_requested)
        self.one.deeds.changed.connect(self._project.announce_runs)
        self.several.ready.connect(lambda: self._show_below(self.several))
        self.deleted.changed.connect(self._on_came_back)
        self.action_triggered.connect(self.use_for_prediction)
        self.empty_action_triggered.connect(lambda: self.page_requested.emit("train"))
        self._project.runs_changed.connect(self.list.refresh)
        self._project.run_changed.connect(self._on_run_changed)
        self._project.comparison_wanted.connect(self._on_comparison_wanted)
        self._jobs.started.connect(lambda _worker: self._show_action())
        self._jobs.ended.connect(lambda _worker: self._show_action())

    def _made(self) -> QWidget:
        self.deleted.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, 0)
        self.add_above(self.deleted)
        self.add_beside_action(self.deleted.menu_button)
        self._below.addWidget(self.one)
        self._below.addWidget(self.several)
        splitter = RememberedSplitter(self._settings, "review", Qt.Orientation.Vertical)
        splitter.begin((self.list, self._below), (6 * theme.row() + 2 * theme.GRID, 460), (0, 1))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        column.addWidget(splitter)
        return page
