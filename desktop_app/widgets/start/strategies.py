"""Several strategies by one click: which, how far they are, and what they reached beside each other."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QPushButton, QWidget

from desktop_app.project import Project
from desktop_app.run_queue import queue_of
from desktop_app.settings import Settings
from desktop_app.widgets.figures import plain
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.start.asking import Asking, in_columns
from desktop_app.widgets.start.strategy_result import StrategyResult
from desktop_app.widgets.start.strategy_runs import StrategyRuns
from desktop_app.worker import Jobs, NewestJob
from engine import runs
from engine.config import TrainConfig
from engine.control import Control
from engine.errors import ThawError
from engine.evaluation.strategies_compared import strategies_compared
from engine.events import Event, Notice, StrategyCompared
from engine.models.catalog import title_of
from engine.models.short_list import SUITING, Candidate
from engine.models.side_by_side import TICKED, has_weights, settings_of
from engine.models.strategies import STRATEGIES

KIND = "read"
LEAST, MOST = 2, 6
"""Review holds no more runs beside each other."""
CHOICE = ("model", "weights", "strategy", "trainable", "unfreeze")
"""The settings that taking a strategy sets."""
OFFER = (
    "Trains the settings as they are by each strategy that you tick, one after another and on the same splits. Each is "
    "a run of its own: it waits its turn in the queue, can be stopped and resumed, and stays in Review."
)


class StrategiesSection(Asking):
    """`in_sight_wanted` carries the part in which there is something to see, once all have ended; `review_wanted` says
    that the person wants the runs in Review."""

    in_sight_wanted = Signal(object)
    review_wanted = Signal()

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        self.train = QPushButton("Train and compare")
        super().__init__(project, jobs, settings, (self.train,), parent)
        self._recalling = NewestJob(jobs, KIND, self, at_place=(Exception,))
        self._reading = NewestJob(jobs, KIND, self, at_place=(Exception,))
        self._told: tuple[Event, ...] | None = None
        self.runs = StrategyRuns(queue_of(jobs, settings), jobs, self)
        self.ticks = {name: QCheckBox(row.title) for name, row in STRATEGIES.items() if not row.from_run}
        self.rate = muted_label(wrap=True)
        self.result = StrategyResult()
        self._lay_out()
        self._connect()
        self.result.hide()
        self.recall()
        self._show_state()

    # --- what the person does

    def start(self) -> None:
        """Let a run of the draft wait its turn for each ticked strategy."""
        if self.reason_against():
            return
        config = self._project.config
        asked = [settings_of(config, Candidate(config.model, name)) for name in self._ticked()]
        self._recalling.forget()
        self._show_told(())
        self.runs.begin(asked)
        self._show_state()

    def take(self, row: StrategyCompared) -> None:
        """A strategy of the comparison becomes the draft's."""
        if asked := self.runs.asked(row.run_dir):
            self._project.set_config(**{name: getattr(asked, name) for name in CHOICE})

    def _look_closer(self, rows: tuple[StrategyCompared, ...]) -> None:
        self._project.compare_runs(row.run_dir for row in rows)
        self.review_wanted.emit()

    def _ticked(self) -> tuple[str, ...]:
        return tuple(name for name, tick in self.ticks.items() if tick.isEnabled() and tick.isChecked())

    def missing(self) -> str:
        if self._pending():
            return "The strategies that you chose are not done yet"
        if len(self._ticked()) < LEAST:
            return "Tick at least two strategies"
        return f"Tick at most {MOST} strategies" if len(self._ticked()) > MOST else ""

    def _pending(self) -> bool:
        return self.runs.waiting() > 0 or self.runs.going() is not None

    # --- what is on disk

    def recall(self) -> None:
        """Show the last comparison of the dataset again, or what is left of it. One that is going on stays."""
        dataset = self._project.dataset
        if self._pending() or self._reading.is_at_work():
            return
        if dataset is None:
            self._recalling.forget()
            self._on_recalled((Path(), (), ()))
            return
        folder, data = self._settings.runs_folder, dataset.root

        def job(control: Control) -> Iterator[Any]:
            yield from ()
            found = runs.compared_runs(folder, data)
            latest = [run_dir for run_dir, config in found if config.comparison == found[-1][1].comparison]
            return data, found, tuple(strategies_compared(latest, control))

        self._recalling.ask("Looking for a comparison", job)

    def _on_recalled(self, recalled: tuple[Path, Sequence[tuple[Path, TrainConfig]], tuple[Event, ...]]) -> None:
        data, found, told = recalled
        if self._pending() or self._reading.is_at_work() or self._open_folder() != data:
            return
        self.runs.recall(data, found)
        self._show_told(told if self.runs.folders() else ())

    def _open_folder(self) -> Path:
        dataset = self._project.dataset
        return dataset.root if dataset else Path()

    def _on_dataset_changed(self) -> None:
        if self._pending() or self._reading.is_at_work():
            self._read()
        else:
            self.recall()

    # --- what the runs say

    def _read(self) -> None:
        """Hold the runs that have ended beside each other, where they are of the photos that are open."""
        if self.runs.data() != self._open_folder():
            self._reading.forget()
            self._show_told(())
            self.recall()
            return
        folders = self.runs.folders()

        def job(control: Control) -> Iterator[Any]:
            yield from ()
            return tuple(strategies_compared(folders, control))

        self._reading.ask("Comparing strategies", job)
        self._show_state()

    def _on_read(self, told: tuple[Event, ...]) -> None:
        self._show_told(told)
        if not self._pending() and self.result.rows():
            self.in_sight_wanted.emit(self.result)

    def _show_told(self, told: tuple[Event, ...]) -> None:
        if told == self._told:  # what the person has chosen and folded stays
            self._show_state()
            return
        self._told = told
        self.result.show_events(told)
        self.banner.say(" ".join(event.text for event in told if isinstance(event, Notice)))
        if self.result.rows() and not self._pending():
            self.fold.set_open(True)
        self._show_state()

    def _on_failed(self, error: object) -> None:
        self._told = None
        self.tell_failure(error)
        self._show_state()

    # --- what is shown

    def _show_state(self) -> None:
        for name, tick in self.ticks.items():
            reason = self._reason_against_tick(name)
            tick.setEnabled(not reason and not self._pending())
            tick.setToolTip(reason or STRATEGIES[name].summary)
        super()._show_state()  # what is ticked is known only now
        rate = self._project.config.learning_rate
        self.rate.setVisible(rate is not None)
        if rate is not None:
            self.rate.setText(f"The learning rate of {plain(rate)} holds for all of them; unset, each has its own.")
        self._show_progress()
        in_use = (row for row in self.result.rows() if self._is_in_use(row))
        self.result.show_in_use(next(in_use, None))

    def _show_progress(self) -> None:
        going, waiting, held = self.runs.going(), self.runs.waiting(), self.runs.held()
        self.progress.setVisible(self._pending() or bool(self.result.rows()))
        if not self._pending():
            when = self.runs.asked_at()
            self.progress.set_whole(f"The comparison of {when.day} {when:%B %Y, %H:%M}" if when else "")
            return
        done = f"{len(self.runs.folders()) - (going is not None)} of {len(self.runs)} have ended"
        now = f"; {STRATEGIES[going.strategy].title} is being trained" if going else ""
        after = f"; {waiting} wait until you let them start, above" if held and not going else ""
        self.progress.set_whole(done + now + after)

    def _reason_against_tick(self, name: str) -> str:
        config = self._project.config
        if name == TICKED:
            return "" if config.trainable else "Tick layers on the Model page first"
        with contextlib.suppress(ThawError):  # a model that is not known is said when its run starts
            if STRATEGIES[name].pretrained and not has_weights(config):
                return f"{title_of(config.model)} has no pretrained weights"
        return ""

    def _is_in_use(self, row: StrategyCompared) -> bool:
        asked, config = self.runs.asked(row.run_dir), self._project.config
        return asked is not None and all(getattr(asked, name) == getattr(config, name) for name in CHOICE)

    # --- how it is made

    def _connect(self) -> None:
        self.train.clicked.connect(self.start)
        for tick in self.ticks.values():
            tick.toggled.connect(self._show_state)
        self.runs.changed.connect(self._show_state)
        self.runs.ended.connect(self._read)
        self._recalling.returned.connect(self._on_recalled)
        self._reading.returned.connect(self._on_read)
        for job in (self._recalling, self._reading):
            job.failed.connect(self._on_failed)
        self.result.taken.connect(self.take)
        self.result.closer_wanted.connect(self._look_closer)
        self._project.dataset_changed.connect(self._on_dataset_changed)
        self._project.runs_changed.connect(self.recall)

    def _lay_out(self) -> None:
        for name, tick in self.ticks.items():
            tick.setChecked(name in SUITING)
        self.pile(
            muted_label(OFFER, wrap=True),
            in_columns(self.ticks.values()),
            self.rate,
            self.ask_line(self.progress),
            self.result,
            fold="Compare strategies",
        )
