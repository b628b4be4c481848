"""What the run will take, measured before it starts; other models and strategies beside it; and what it then took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import dialogs, theme, training_job
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.figures import rough_duration
from desktop_app.widgets.fold import Fold
from desktop_app.widgets.labels import ElidedLabel, group_label, muted_label
from desktop_app.widgets.layers.cost_line import memory_in_words
from desktop_app.widgets.start.estimate_table import EstimateTable
from desktop_app.widgets.start.kept_estimates import CHOICE, KeptEstimates, key_of
from desktop_app.worker import Jobs, Worker
from engine import devices, process
from engine.control import Control
from engine.events import Notice, RunEstimated, RunFinished, RunStarted, StageStarted
from engine.models.short_list import Candidate

KIND = "preflight"
OFFER = (
    "How long will it take, and what does it need? A few steps of this very run are done and timed, in about twenty "
    "seconds on a quiet machine; nothing is kept. Press Start whenever you like: the run needs no measuring."
)


class EstimateSection(QFrame):
    """`run_compared` carries a sentence that compares a run's time with what was estimated for it."""

    run_compared = Signal(str)

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName("What this run will take")
        self._project, self._jobs, self._settings = project, jobs, settings
        self._worker: Worker | None = None
        self._expected: tuple[RunEstimated, float] | None = None
        self.kept = KeptEstimates()
        self.rows: list[RunEstimated] = []
        self._rows_for: object = None
        self.measure, self.compare, self.stop = (
            QPushButton("Measure first"),
            QPushButton("Compare"),
            QPushButton("Stop"),
        )
        self.line = QLabel(wordWrap=True)
        self.offer = muted_label(OFFER, wrap=True)
        self.progress = ElidedLabel()
        self.times = muted_label()
        self.fold = Fold("Where the time goes", self.times)
        self.table = EstimateTable()
        self.after = muted_label(wrap=True)
        self.warnings, self.banner = BannerPlace(), BannerPlace()
        self._lay_out()
        self._connect()
        self._show_state()

    # --- what the person does

    def start(self, compare: bool = False) -> None:
        """Measure the draft as it is now, and with `compare` the short list beside it."""
        if self._reason_against():
            return
        config, dataset = self._project.config, self._project.dataset
        arguments = process.run_arguments(config, weights_dir=self._settings.weights_dir)
        arguments += ["--out", str(self._settings.runs_folder), *(["--compare"] if compare else [])]

        def job(control: Control) -> Iterator[Any]:
            return process.run("preflight", arguments, control)

        self.banner.say("")
        self.rows, self._rows_for = [], key_of(config, dataset, CHOICE)
        self.progress.set_whole("Starting…")
        self._worker = worker = self._jobs.start("Measuring the run", job, KIND, heavy=True, at_place=(Exception,))

        def keep(event: object) -> None:
            if isinstance(event, RunEstimated):
                self.kept.keep(event, config, dataset, chosen=not self.rows)
                self.rows.append(event)
            self._on_happened(event)

        worker.happened.connect(keep)
        worker.failed.connect(self._on_failed)
        self._show_state()
        self.stop.setFocus()

    def _reason_against(self) -> str:
        if not devices.has_training():
            return "This edition has no training part"
        if self._project.dataset is None:
            return "Choose a dataset first"
        return self._jobs.busy_reason()

    def _on_taken(self, estimate: RunEstimated) -> None:
        self._project.set_config(**Candidate(estimate.model, estimate.strategy).changes())

    # --- what the job says

    def _on_happened(self, event: object) -> None:
        match event:
            case StageStarted():
                self.progress.set_whole(event.title.rstrip(".…") + "…")
            case Notice(kind="not_estimated"):
                self.banner.say(event.text, "info")
        self._show_state()

    def _on_failed(self, error: object) -> None:
        if isinstance(error, BaseException):
            self.banner.say(dialogs.in_words(error)[0], "error")

    # --- a run that goes, and what it took

    def _on_job_started(self, worker: Worker) -> None:
        if worker.kind == training_job.KIND:
            estimate = self.estimate()
            self._expected = (estimate, time.monotonic()) if estimate else None
            worker.happened.connect(self._on_run_told)
            worker.steered.connect(self._on_run_steered)
        self._show_state()

    def _on_run_steered(self, word: str) -> None:
        self._expected = self._expected if word == "resume" else None  # a pause counts in neither

    def _on_run_told(self, event: object) -> None:
        if self._expected is None:
            return
        estimate, began = self._expected
        if isinstance(event, RunStarted):
            asked = (event.model, event.strategy, event.epochs, event.first_epoch)
            if asked != (estimate.model, estimate.strategy, estimate.epochs, 1):
                self._expected = None
        elif isinstance(event, RunFinished) and event.epochs == estimate.epochs:
            took = rough_duration(time.monotonic() - began)
            text = f"The run took {took}; {rough_duration(estimate.seconds)} was estimated."
            self.after.setText(text)
            self.after.show()
            self.run_compared.emit(text)

    # --- what is shown

    def estimate(self) -> RunEstimated | None:
        """What was measured for the draft as it is now."""
        return self.kept.find(self._project.config, self._project.dataset)

    def _show_state(self) -> None:
        running, reason = self._worker is not None, self._reason_against()
        estimate = self.estimate()
        for button in (self.measure, self.compare):
            button.setVisible(not running)
            button.setEnabled(not reason)
            button.setToolTip(reason)
            button.setAccessibleDescription(reason)
        self.measure.setText("Measure again" if estimate else "Measure first")
        self.stop.setVisible(running)
        self.progress.setVisible(running)
        self.offer.setVisible(not running and estimate is None)
        self._show_estimate(estimate)
        self._show_rows(estimate)

    def _show_estimate(self, estimate: RunEstimated | None) -> None:
        self.line.setVisible(estimate is not None)
        self.fold.setVisible(estimate is not None)
        self.warnings.say(" ".join(estimate.warnings) if estimate else "", "warning")
        if estimate is None:
            return
        disk = estimate.disk_bytes + estimate.cache_bytes
        gpu = f" · {memory_in_words(estimate.gpu_bytes)} on the GPU" if estimate.gpu_bytes else ""
        parts = (
            f"This run will take about {rough_duration(estimate.seconds)} "
            f"({rough_duration(estimate.seconds_per_epoch)} an epoch)",
            f"{memory_in_words(estimate.memory_bytes)} memory{gpu}",
            f"{memory_in_words(disk)} disk",
        )
        self.line.setText(" · ".join(parts))
        self.times.setText(
            "\n".join(f"{what}: {rough_duration(seconds)}" for what, seconds in estimate.parts if seconds)
        )

    def _show_rows(self, estimate: RunEstimated | None) -> None:
        holds = self._rows_for == key_of(self._project.config, self._project.dataset, CHOICE)
        self.table.setVisible(holds and len(self.rows) > 1)
        if holds:
            self.table.show_estimates(self.rows, estimate)

    def _on_ended(self, worker: Worker) -> None:
        if worker is self._worker:
            self._worker = None
            if self.stop.hasFocus():
                self.measure.setFocus()
        self._show_state()

    # --- how it is made

    def _connect(self) -> None:
        self.measure.clicked.connect(lambda: self.start())
        self.compare.clicked.connect(lambda: self.start(compare=True))
        self.stop.clicked.connect(lambda: self._worker and self._worker.control.stop())
        self.table.taken.connect(self._on_taken)
        self._jobs.started.connect(self._on_job_started)
        self._jobs.ended.connect(self._on_ended)
        self._project.config_changed.connect(self._show_state)
        self._project.dataset_changed.connect(self._show_state)

    def _lay_out(self) -> None:
        theme.set_icon(self.stop, "square")
        theme.set_icon(self.measure, "gauge")
        self.line.setAccessibleName("What this run will take")
        self.progress.setProperty("role", "muted")
        self.after.hide()
        head = QHBoxLayout(spacing=theme.GRID)
        head.addWidget(group_label("Time and memory"))
        head.addStretch(1)
        for button in (self.compare, self.measure, self.stop):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * theme.GRID, 12, 2 * theme.GRID, 12)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        widgets = (self.offer, self.line, self.progress, self.warnings, self.fold, self.table, self.after, self.banner)
        for widget in widgets:
            column.addWidget(widget)
