"""One batch in sight: started, looked at while it runs and when it is done, opened again later."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.corrections.packing import PackingCorrections
from desktop_app.widgets.page_frame import EmptyState
from desktop_app.widgets.prediction.batch import Asked, Batch
from desktop_app.widgets.prediction.decision import Decision
from desktop_app.widgets.prediction.earlier import EarlierBatches, decision
from desktop_app.widgets.prediction.results import PredictionResults
from desktop_app.widgets.prediction.saving import Saving
from desktop_app.widgets.prediction.sorting.deeds import Undo
from desktop_app.widgets.prediction.sorting.sorting import AT_WORK, Sorting
from desktop_app.widgets.prediction.telling import Telling
from desktop_app.widgets.prediction.watching import WatchSwitch
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs
from engine.errors import ThawError
from engine.events import PredictionFinished

if TYPE_CHECKING:
    from engine.prediction.ledger.batches import Batch as EarlierBatch

STOP_FIRST = "Stop the batch that runs first."


class Desk(QWidget):
    """`changed` says that a batch began, ended, or that another is in sight, and `told` the line that says of it how it
    comes on. `model_wanted` carries the model of a batch that is gone on with; `refused` the paths of one that cannot
    begin now."""

    changed = Signal()
    told = Signal(str)
    model_wanted = Signal(object)
    refused = Signal(object)

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.batch: Batch | None = None
        self._done: Asked | None = None  # the batch in sight, once all there was has its answer
        self.banner = BannerPlace()
        self.telling = Telling(self.banner, self)
        self.results = PredictionResults(settings)
        when_free = self.results.decider.when_free
        self.saving = Saving(jobs, settings, self, when_free)
        self.packing = PackingCorrections(jobs, settings, self)
        self.sorting = Sorting(jobs, self, when_free)
        self.earlier = EarlierBatches(settings, self._why_held)
        self.watch = WatchSwitch()
        self.empty = EmptyState()
        self._lay_out()
        self._connect()
        self._show()

    @property
    def source(self) -> str:
        """The batch in sight, in a line."""
        return self.telling.line

    def tell_error(self, error: Exception) -> None:
        self.banner.say(str(error) if isinstance(error, ThawError) else dialogs.in_words(error)[0], "error")

    # --- starting ------------------------------------------------------------------------------------------------

    def ask(self, paths: tuple[Path, ...], model: Path) -> None:
        """Classify these: at once, or where there is an earlier batch of them, as the person says."""
        self.banner.say("")
        self.earlier.ask(paths, model)

    def take_back(self) -> tuple[Path, ...]:
        """The paths that were asked for and wait for the person's word, which is not wanted any more."""
        return self.earlier.withdraw()

    def start(self, asked: Asked, by: Decision | None = None) -> None:
        """Classify what is asked for, and show its ledger; decided on as it is now, unless `by` says how."""
        self.results.decider.when_free(asked.ledger, functools.partial(self._start, asked, by))

    def _start(self, asked: Asked, by: Decision | None) -> None:
        if self._jobs.closing:
            return
        if self.batch or (self._jobs.busy_reason() and not asked.watch):
            self.refused.emit(asked.paths)
            return
        if self.sorting.at_work == asked.ledger:
            self.banner.say(AT_WORK, "info")
            return
        self.earlier.withdraw()
        self.model_wanted.emit(asked.model)
        self.banner.say("")
        if by is not None:
            self.results.show_decision(by)
        self.batch = batch = Batch(asked, self.results.decision, self)
        self.telling.follow(batch)
        self._listen(batch)
        if asked.watch and asked.ledger == self.results.model.path:
            self.results.go_on(batch.decide)
        else:
            self.results.open(asked.ledger, batch.decide)
            self.results.show_beside("photo")
        self._done = asked if asked.watch else None
        self.earlier.show_path(asked.ledger)
        batch.start(self._jobs, f"{'Watching' if asked.watch else 'Classifying'} {self.source}")
        self._show()

    def _listen(self, batch: Batch) -> None:
        batch.grew.connect(self.results.model.grow)
        # A photo that was written over has a new answer in its old row.
        batch.waiting.connect(self.results.model.refresh)
        batch.decided.connect(self.results.model.refresh)
        batch.steered.connect(self._show)
        batch.failed.connect(self.tell_error)
        batch.ended.connect(self._on_ended)

    def _on_ended(self, finished: PredictionFinished | None) -> None:
        batch, self.batch = self.batch, None
        if batch is None:
            return
        batch.deleteLater()
        self.telling.end(finished)
        whole = finished is not None and not finished.stopped
        self._done = batch.asked if batch.asked.watch or whole else None
        if batch.asked.ledger.exists():
            self.results.settle()
            if not batch.is_decided():
                self.results.change_decision()
        else:  # nothing was classified, and there is nothing to look at
            self._show_nothing()
        self.earlier.look()
        self._show()

    def _on_watch_wanted(self, asked: Asked) -> None:
        self.start(asked)
        self._show()  # where it could not begin, the switch goes back

    def _on_watch_unwanted(self) -> None:
        if self.batch:
            self.batch.stop()
        self._show()

    # --- earlier batches -----------------------------------------------------------------------------------------

    def look(self) -> None:
        """Which earlier batches there are; one that was cut is offered."""
        if self.batch is None:
            self.earlier.look()

    def open_earlier(self, batch: EarlierBatch) -> None:
        """Show the answers of a batch that is done, or was left."""
        if self.batch:
            self.banner.say(STOP_FIRST, "info")
            return
        self.banner.say("")
        self.results.show_decision(decision(batch))
        self.results.open(batch.path)
        self.results.show_beside("all")
        self.earlier.show_path(batch.path)
        self.telling.line = shown(batch.path.stem)
        course = batch.course
        self._done = Asked(course.model, course.paths, batch.path) if course.finished else None
        self._show()

    def close_files(self) -> None:
        """Let go of everything on the disk."""
        self.results.close_files()
        self.earlier.close_files()

    def _why_held(self, ledger: Path) -> str:
        """Why that ledger cannot be taken away now; "" where it can."""
        if self.batch and self.batch.asked.ledger == ledger:
            return STOP_FIRST
        return AT_WORK if self.sorting.at_work == ledger else ""

    def _let_go(self, ledger: Path, then: Callable[[], None]) -> None:
        """Close the batch if it is in sight, so that its files may be moved."""
        if ledger == self.results.model.path:
            self.results.close_files()
            self._show_nothing()
        then()
        self._show()

    def _show_nothing(self) -> None:
        self.results.open(None)
        self.earlier.show_path(None)
        self.telling.line, self._done = "", None

    # --- what can be done with it --------------------------------------------------------------------------------

    def _undo(self, ledger: Path, then: Callable[[], None]) -> None:
        """Take away what was made from it, then go on; one ledger is worked on at a time."""
        if self.sorting.at_work:
            self.banner.say(AT_WORK, "info")
        else:
            self.sorting.start(ledger, Undo(), then)

    def _on_sorting_changed(self) -> None:
        self.earlier.look()
        self._show()

    def _offer_corrections(self) -> None:
        model = self.results.model
        self.packing.offer(model.path, model.counts.seen)

    def _show(self) -> None:
        path = self.results.model.path
        self._offer_corrections()
        self.saving.offer(path, self.batch is not None)
        self.sorting.offer(path, self.batch is not None)
        self.saving.sidecars.setEnabled(not self.sorting.at_work)
        self.results.hold(AT_WORK if path is not None and self.sorting.at_work == path else "")
        self.watch.offer(self._done if path is not None else None)
        self.watch.show_batch(self.batch, AT_WORK if self.sorting.at_work else "")
        self._panes.setCurrentWidget(self.empty if path is None else self.results)
        self.changed.emit()

    # --- how it is made ------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self.results.foot.addWidget(self.packing.button)
        self.results.foot.addWidget(self.watch)
        self._panes = QStackedWidget()
        self._panes.addWidget(self.empty)
        self._panes.addWidget(self.results)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * theme.GRID)
        for widget in (self.earlier, self.banner, self.sorting.banner):
            column.addWidget(widget)
        column.addWidget(self._panes, 1)

    def _connect(self) -> None:
        self.telling.told.connect(self.told)
        self.saving.said.connect(self.banner.say)
        self.saving.sidecars_wanted.connect(self.sorting.ask_for_sidecars)
        self.packing.said.connect(self.banner.say)
        self.sorting.changed.connect(self._on_sorting_changed)
        self.earlier.undo_wanted.connect(self._undo)
        self.earlier.begun.connect(self.start)
        self.earlier.opened.connect(self.open_earlier)
        self.earlier.let_go.connect(self._let_go)
        self.earlier.failed.connect(self.tell_error)
        self.results.failed.connect(self.tell_error)
        self.results.model.was_read.connect(self._offer_corrections)
        self.watch.wanted.connect(self._on_watch_wanted)
        self.watch.unwanted.connect(self._on_watch_unwanted)
