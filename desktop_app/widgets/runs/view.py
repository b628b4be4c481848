"""A run as it goes: facts, curves, notices, and in the end the result. Fed with events, from whoever sends them."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.widgets.curves import Curves
from desktop_app.widgets.diagnosis.panel import DiagnosisPanel
from desktop_app.widgets.figures import percent, quantity
from desktop_app.widgets.runs.facts import RunFacts
from desktop_app.widgets.runs.result import RunResult
from engine import events, runs
from engine.diagnosis import record
from engine.errors import RunError

SHOWN_NOTICES = 200
NOTICES_IN_SIGHT = 3
LOW = 560


class RunView(QWidget):
    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.result = RunResult()
        self.facts = RunFacts()
        self.diagnoses = DiagnosisPanel(project, "Look at them in Review")
        self.curves = Curves()
        self.notices = QListWidget()
        self.notices.setAccessibleName("Notices of the run")
        self.notices.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.notices.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * theme.GRID)
        for widget in (self.result, self.facts, self.diagnoses, self.curves, self.notices):
            column.addWidget(widget, 1 if widget is self.curves else 0)
        self.begin()

    def begin(self, history: Iterable[events.EpochFinished] = ()) -> None:
        """Forget the run before; `history` is what a run that goes on already has done."""
        self.result.hide()
        self.notices.clear()
        self.notices.hide()
        self.curves.set_history(history)
        self.facts.clear()
        self.diagnoses.begin("", "")
        self._fit()

    def tell(self, event: object) -> None:
        """Show what the event says; of unknown ones, nothing."""
        self.facts.tell(event)
        match event:
            case events.RunStarted():
                self._show_start(event)
            case events.StepFinished():
                self.curves.add_step(event)
            case events.EpochFinished():
                self.curves.add_epoch(event)
            case events.Diagnosis():
                self.diagnoses.add(event)
                self._fit()
            case events.Notice():
                self.add_notice(event.text)
            case events.ParityMeasured():
                self.add_notice(
                    f"The model file gives the same answer as the trained network on {percent(event.same_top1)} of "
                    f"{quantity(event.photos, 'photo')} (largest difference {event.largest_difference:.1g})."
                )
            case events.RunFinished():
                self._show_result(event)

    def _show_start(self, event: events.RunStarted) -> None:
        self.diagnoses.begin(event.model, event.strategy, record.read(event.run_dir))
        if event.first_epoch > 1:
            before = [row for row in runs.read_history(event.run_dir) if row.epoch < event.first_epoch]
            self.curves.set_history(before, event.steps_per_epoch)
        self.curves.expect(event.epochs)

    def _show_result(self, event: events.RunFinished) -> None:
        try:
            metrics = runs.read_metrics(event.run_dir)
        except RunError:
            metrics = {}
        self.result.show_result(metrics, event.stopped, event.epochs)
        self.result.show()
        self._fit()

    def add_notice(self, text: str) -> None:
        """A sentence below the curves."""
        if self.notices.count() < SHOWN_NOTICES:
            item = QListWidgetItem(text)
            item.setToolTip(text)
            item.setSizeHint(QSize(0, theme.row()))
            self.notices.addItem(item)
        self._fit()

    def _fit(self) -> None:
        """A few notices; one where the window is so low that the curves need the room, none where a finding does. Then
        the facts also give way to the result, which has what matters of them."""
        low = self.height() < LOW
        self.facts.setVisible(self.result.isHidden() or not low)
        most = 1 if low else NOTICES_IN_SIGHT
        self.notices.setVisible(bool(self.notices.count()) and not (low and self.diagnoses.found()))
        self.notices.setFixedHeight(min(most, self.notices.count()) * theme.row() + 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
