"""One batch in sight: started, told of while it runs, looked at when it is done, opened again later."""

from __future__ import annotations

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
from desktop_app.widgets.prediction.batch import AWAY, BACK, Asked, Batch, called, course, words
from desktop_app.widgets.prediction.decision import Decision
from desktop_app.widgets.prediction.earlier import EarlierBatches, decision
from desktop_app.widgets.prediction.results import PredictionResults
from desktop_app.widgets.prediction.saving import Saving
from desktop_app.widgets.prediction.sorting.deeds import Undo
from desktop_app.widgets.prediction.sorting.sorting import AT_WORK, Sorting
from desktop_app.widgets.prediction.watching import CLASSIFYING, STOPPING, WatchSwitch, waiting
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs
from engine.errors import ThawError
from engine.events import Notice, PredictionFinished, PredictionProgress, Watching

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
        self._away = False
        self._done: Asked | None = None  # the batch in sight, once all there was has its answer
        self._name = ""
        self.source = ""
        """The batch in sight, in a line."""
        self.banner = BannerPlace()
        self.saving = Saving(jobs, settings, self)
        self.saving.said.connect(self.banner.say)
        self.packing = PackingCorrections(jobs, settings, self)
        self.packing.said.connect(self.banner.say)
        self.sorting = Sorting(jobs, self)
        self.sorting.changed.connect(self._on_sorting_changed)
        self.saving.sidecars_wanted.connect(self.sorting.ask_for_sidecars)
        self.earlier = EarlierBatches(settings)
        self.earlier.undo_wanted.connect(lambda path, then: self.sorting.start(path, Undo(), then))
        self.earlier.begun.connect(self.start)
        self.earlier.opened.connect(self.open_earlier)
        self.earlier.let_go.connect(self._let_go)
        self.earlier.failed.connect(self.tell_error)
        self.results = PredictionResults(settings)
        self.results.failed.connect(self.tell_error)
        self.results.model.was_read.connect(self._offer_corrections)
        self.results.foot.addWidget(self.packing.button)
        self.watch = WatchSwitch()
        self.watch.wanted.connect(self._on_watch_wanted)
        self.watch.unwanted.connect(self._on_watch_unwanted)
        self.results.foot.addWidget(self.watch)
        self.empty = EmptyState()
        self._panes = QStackedWidget()
        self._panes.addWidget(self.empty)
        self._panes.addWidget(self.results)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(self.earlier)
        column.addWidget(self.banner)
        column.addWidget(self.sorting.banner)
        column.addWidget(self._panes, 1)
        self._show()

    def tell_error(self, error: Exception) -> None:
        self.banner.say(str(error) if isinstance(error, ThawError) else dialogs.in_words(error)[0], "error")

    def ask(self, paths: tuple[Path, ...], model: Path) -> None:
        """Classify these: at once, or where there is an earlier batch of them, as the person says."""
        self.banner.say("")
        self.earlier.ask(paths, model)

    def look(self) -> None:
        """Which earlier batches there are; one that was cut is offered."""
        if self.batch is None:
            self.earlier.look()

    def start(self, asked: Asked, by: Decision | None = None) -> None:
        """Classify what is asked for, and show its ledger; decided on as it is now, unless `by` says how."""
        if self.batch or (self._jobs.busy_reason() and not asked.watch):
            self.refused.emit(asked.paths)
            return
        if self.sorting.at_work == asked.ledger:
            self.banner.say(AT_WORK, "info")
            return
        self.model_wanted.emit(asked.model)
        self.banner.say("")
        if by is not None:
            self.results.show_decision(by)
        self._name = self.source = called(asked.paths)
        self.batch = batch = Batch(asked, self.results.decision, self)
        batch.grew.connect(self._on_grew)
        batch.waiting.connect(self._on_waiting)
        batch.decided.connect(self.results.model.refresh)
        batch.noticed.connect(self._on_noticed)
        batch.failed.connect(self.tell_error)
        batch.ended.connect(self._on_ended)
        if asked.watch and asked.ledger == self.results.model.path:
            self.results.go_on(batch.decide)
        else:
            self.results.open(asked.ledger, batch.decide)
            self.results.show_beside("photo")
        self._done = asked if asked.watch else None
        self.earlier.show_path(asked.ledger)
        batch.start(self._jobs, f"{'Watching' if asked.watch else 'Classifying'} {self._name}")
        self._show()

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
        self.source = shown(batch.path.stem)
        course = batch.course
        self._done = Asked(course.model, course.paths, batch.path) if course.finished else None
        self._show()

    def close_files(self) -> None:
        """Let go of everything on the disk."""
        self.results.close_files()
        self.earlier.close_files()

    def _on_watch_wanted(self, asked: Asked) -> None:
        self.start(asked)
        self._show()  # where it could not begin, the switch goes back

    def _on_watch_unwanted(self) -> None:
        if self.batch:
            self.batch.stop()
        self._show()

    def _on_waiting(self, watching: Watching) -> None:
        self.results.model.refresh()  # a photo that was written over has a new answer in its old row
        self._say_of_watch(waiting(watching.coming))

    def _say_of_watch(self, text: str) -> None:
        self.source = f"{self._name} · watched, {text}"
        self.told.emit(self.source)

    def _on_grew(self, progress: PredictionProgress) -> None:
        self.results.model.grow()
        if self._is_watching():
            self._say_of_watch(CLASSIFYING)
        else:
            self.told.emit(f"{self.source} · {course(progress)}")

    def _on_noticed(self, notice: Notice) -> None:
        """That a drive is away stands until it is back, whatever else there is to tell."""
        self._away = notice.kind == AWAY or (self._away and notice.kind != BACK)
        if self._away and notice.kind == AWAY:
            self.banner.say(notice.text, "warning")
        elif not self._away:
            self.banner.say("" if notice.kind == BACK else notice.text)

    def _on_ended(self, finished: PredictionFinished | None) -> None:
        if self.batch:
            self.batch.deleteLater()
            if not self.batch.asked.ledger.exists():  # nothing was classified, and there is nothing to look at
                self.results.open(None)
                self.earlier.show_path(None)
                self.source, finished = "", None
        if finished:
            self.source = f"{self._name} · {words(finished)}"
        asked = self.batch.asked if self.batch else None
        whole = finished and not finished.stopped
        self._done = asked if asked and (asked.watch or whole) and self.source else None
        self.batch, self._away = None, False
        if self.results.model.path is not None:
            self.results.settle()
        self.earlier.look()
        self._show()

    def _on_sorting_changed(self) -> None:
        """Nobody else can write to the ledger meanwhile."""
        self.earlier.held = self.sorting.at_work
        self.earlier.look()
        self._show()

    def _let_go(self, then: Callable[[], None]) -> None:
        """Close the batch in sight, so that its files may be moved."""
        self.results.close_files()
        self.results.open(None)
        self.earlier.show_path(None)
        self.source, self._done = "", None
        then()
        self._show()

    def _offer_corrections(self) -> None:
        model = self.results.model
        self.packing.offer(model.path, model.counts.seen)

    def _is_watching(self) -> bool:
        return self.batch is not None and self.batch.asked.watch

    def _show_watch(self) -> None:
        self.watch.offer(self._done if self.results.model.path is not None else None)
        worker = self.batch.worker if self.batch else None
        reason = STOPPING if worker and worker.control.stopping else AT_WORK if self.sorting.at_work else ""
        self.watch.show_watched(self._is_watching() and not reason, reason)

    def _show(self) -> None:
        path = self.results.model.path
        self._offer_corrections()
        self.saving.offer(path, self.batch is not None)
        self.sorting.offer(path, self.batch is not None)
        self.saving.sidecars.setEnabled(not self.sorting.at_work)
        self.results.hold(AT_WORK if path is not None and self.sorting.at_work == path else "")
        self._show_watch()
        self._panes.setCurrentWidget(self.empty if path is None else self.results)
        self.changed.emit()
