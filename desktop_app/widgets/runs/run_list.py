"""The runs so far: listed by a job, searched, selected."""

from __future__ import annotations

import functools
from pathlib import Path

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_app import theme, training_job
from desktop_app.settings import Settings
from desktop_app.widgets.figures import percent, quantity
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.plain_table import PlainTable
from desktop_app.widgets.runs.actions import ACTIONS
from desktop_app.widgets.runs.record import listing
from desktop_app.widgets.runs.tables import RUN_COLUMNS, RunRow, searched
from desktop_app.widgets.search_field import SearchField
from desktop_app.worker import Jobs, NewestJob, Worker
from engine import runs

READ = "read"
LOOKING_SECONDS = 5


class RunList(QWidget):
    """`listed` carries those rows that were selected before and still are there; nothing is selected then."""

    listed = Signal(object)
    chosen = Signal(object)  # RunRow
    several_chosen = Signal(object)  # tuple of RunRow
    deed_wanted = Signal(str)
    menu_wanted = Signal(QPoint)  # where on the screen

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._settings = jobs, settings
        self._listing = NewestJob(jobs, READ, self)
        self._again = False
        self.table = PlainTable("Runs", RUN_COLUMNS, several=True, found_by=searched)
        self.search = SearchField("Search runs", self.table)
        self._looking = QTimer(self, interval=1000 * LOOKING_SECONDS)
        self._lay_out()
        self._connect()

    def refresh(self) -> None:
        """Read the list anew; while it is being read, once more after that."""
        self._again = self._listing.is_at_work()
        if not self._again:
            folder, running = self._settings.runs_folder, training_job.running_folders(self._jobs)
            self._listing.ask("Looking for runs", lambda _control: listing(folder, running))

    def rows(self) -> tuple[RunRow, ...]:
        return tuple(self.table.rows())

    def row_of(self, run_dir: Path | None) -> RunRow | None:
        return next((row for row in self.rows() if row.summary.path == run_dir), None)

    def in_words(self) -> str:
        """How many there are, how good the best is, and where they lie."""
        rows = self.rows()
        best = max((row.summary.val_accuracy or 0.0 for row in rows), default=0.0)
        parts = (quantity(len(rows), "run"), f"best val {percent(best)}" if best else "")
        return " · ".join((*filter(None, parts), str(self._settings.runs_folder)))

    def _on_listed(self, rows: tuple[RunRow, ...]) -> None:
        selected = {row.summary.path for row in self.table.selected()}
        self.table.show_rows(rows)
        self._look_on(rows)
        self.listed.emit(tuple(row for row in rows if row.summary.path in selected))
        self._go_on()

    def _go_on(self) -> None:
        if self._again:
            self.refresh()

    def _look_on(self, rows: tuple[RunRow, ...]) -> None:
        """Nobody tells when a run ends that another process trains, so it is looked at now and then."""
        if any(row.elsewhere for row in rows):
            self._looking.start()
        else:
            self._looking.stop()

    def _on_looked(self) -> None:
        if self.isVisible() and any(row.elsewhere and not runs.trainer_of(row.summary.path) for row in self.rows()):
            self.refresh()

    def _on_ended(self, worker: Worker) -> None:
        if worker.kind == training_job.KIND:
            self.refresh()

    def _on_menu_wanted(self, place: QPoint) -> None:
        if self.table.indexAt(place).isValid():
            self.menu_wanted.emit(self.table.viewport().mapToGlobal(place))

    # --- how it is made

    def _connect(self) -> None:
        self._listing.returned.connect(self._on_listed)
        self._listing.failed.connect(lambda _error: self._go_on())
        self._jobs.ended.connect(self._on_ended)
        self._looking.timeout.connect(self._on_looked)
        self.search.textChanged.connect(self.table.search)
        self.table.chosen.connect(self.chosen)
        self.table.several_chosen.connect(self.several_chosen)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_menu_wanted)
        for name, (_, _, _, keys) in ACTIONS.items():
            if keys:
                shortcut = QShortcut(QKeySequence(keys), self.table, context=Qt.ShortcutContext.WidgetShortcut)
                shortcut.activated.connect(functools.partial(self.deed_wanted.emit, name))

    def _lay_out(self) -> None:
        self.table.setMinimumHeight(3 * theme.row() + theme.GRID)
        self.search.setMaximumWidth(theme.wide(280))
        head = QHBoxLayout(spacing=2 * theme.GRID)
        head.addWidget(self.search, 1)
        head.addStretch(1)
        head.addWidget(muted_label("Select several (Ctrl or Shift) to compare them"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addWidget(self.table, 1)
