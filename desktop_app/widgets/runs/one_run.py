"""The run that is selected: what it says, and what can be done with it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop_app import dialogs
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.runs.deeds import RunDeeds
from desktop_app.widgets.runs.deleted import DeletedRuns
from desktop_app.widgets.runs.details import RunDetails
from desktop_app.widgets.runs.record import RunRecord, reading
from desktop_app.widgets.runs.tables import RunRow
from desktop_app.worker import Jobs, NewestJob
from engine import runs
from engine.errors import ThawError

READ = "read"
READING = "Reading what this run says…"
PATIENCE_MS = 100
"""What is read sooner takes the place of the run before without a sentence between them."""


class OneRun(QWidget):
    """`row` is the run from the moment it is chosen, and what is done is done with that one; `record` follows when its
    files are read, and stays None where they cannot be."""

    read = Signal()

    def __init__(
        self, project: Project, jobs: Jobs, settings: Settings, deleted: DeletedRuns, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._project, self._jobs = project, jobs
        self.row: RunRow | None = None
        self.record: RunRecord | None = None
        self.details = RunDetails(settings, project)
        self.deeds = RunDeeds(project, jobs, settings, deleted, self)
        self._reading = NewestJob(jobs, READ, self, at_place=(ThawError,))
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(lambda: self.details.show_nothing(READING))
        self._reading.returned.connect(self._on_read)
        self._reading.failed.connect(self._on_failed)
        self.details.actions_row.wanted.connect(self.do)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.details)

    def show_row(self, row: RunRow | None) -> None:
        """Show this run, None for no run; one that is shown as it is already is not read again."""
        if row == self.row:
            return
        before, self.row = self.row, row
        if row is None:
            self._reading.forget()
            self.record = None
            self._patience.stop()
            return
        self.details.show_row(row)
        self.show_busy()
        if before is None or before.summary.path != row.summary.path:
            self.record = None
            self._patience.start()
        if before is None:
            self.details.show_nothing("")
        name = row.summary.called
        self._reading.ask(f"Reading {name}", lambda control: reading(row, control))

    def _on_read(self, record: RunRecord) -> None:
        self._patience.stop()
        self.record = record
        self.details.show_record(record)
        self.read.emit()

    def _on_failed(self, error: BaseException) -> None:
        self._patience.stop()
        self.record = None
        self.details.show_nothing(dialogs.in_words(error)[0], "triangle-alert")
        self.read.emit()

    # --- what can be done

    def do(self, name: str) -> None:
        """Do with the run what is asked for (`actions.ACTIONS`), if it can be done."""
        if self.row is None or not self.details.actions_row.offers(name):
            return
        if name == "together":
            self._project.compare_runs(self.row.together)
        else:
            self.deeds.do(name, self.row.summary)

    def show_busy(self) -> None:
        """Offer what can be done while the machine does what it does."""
        if self.row:
            self.details.actions_row.show_for(self.row, self._jobs.busy_reason())

    def model_file(self) -> Path | None:
        path = self.row.summary.path / runs.MODEL if self.row else None
        return path if path and path.is_file() else None

    def reason_against(self) -> str:
        """Why it cannot be used for prediction; "" where it can."""
        return "" if self.model_file() else "This run has no model yet"
