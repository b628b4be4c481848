"""The runs that are selected together: held beside each other, and made one model of."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app import dialogs
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.runs.comparing import Comparison, comparing
from desktop_app.widgets.runs.comparison import MOST, ComparisonView
from desktop_app.widgets.runs.joining import Joining
from desktop_app.widgets.runs.tables import RunRow
from desktop_app.worker import Jobs, NewestJob
from engine.errors import ThawError

READ = "read"


class SeveralRuns(QWidget):
    """`ready` says that there is something to see: the comparison, or why there is none."""

    ready = Signal()

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.rows: frozenset[RunRow] = frozenset()
        self.comparison = ComparisonView(settings)
        self.joining = Joining(project, jobs, self)
        self._comparing = NewestJob(jobs, READ, self, at_place=(ThawError,))
        self._comparing.returned.connect(self._on_compared)
        self._comparing.failed.connect(self._on_failed)
        self.comparison.join_wanted.connect(self.joining.ask)
        self.joining.told.connect(self.comparison.outcome.say)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.comparison)

    def show_rows(self, rows: tuple[RunRow, ...]) -> None:
        """Compare these runs, in this order; those that are compared already are not compared again."""
        if self.rows == frozenset(rows):
            return
        self.forget()
        self.rows = frozenset(rows)
        if len(rows) > MOST:
            self._refuse(f"Select at most {MOST} runs to compare; {len(rows)} are selected.")
            return
        paths = [row.summary.path for row in rows]
        self._comparing.ask(f"Comparing {len(paths)} runs", lambda control: comparing(paths, control))

    def forget(self) -> None:
        """They are not wanted any more."""
        self.rows = frozenset()
        self._comparing.forget()
        self.comparison.forget_runs()

    def show_busy(self) -> None:
        self.comparison.show_busy(self._jobs.busy_reason())

    def _on_compared(self, comparison: Comparison) -> None:
        self.comparison.show_comparison(comparison)
        self.ready.emit()

    def _on_failed(self, error: BaseException) -> None:
        self._refuse(dialogs.in_words(error)[0])

    def _refuse(self, sentence: str) -> None:
        self.comparison.show_refusal(sentence)
        self.ready.emit()
