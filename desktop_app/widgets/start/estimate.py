"""What the run will take, measured before it starts; other models and strategies beside it; and what it then took."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from desktop_app import theme, training_job
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.figures import rough_duration
from desktop_app.widgets.fold import Fold
from desktop_app.widgets.labels import group_label, muted_label
from desktop_app.widgets.layers.cost_line import memory_in_words
from desktop_app.widgets.start.asking import Asking
from desktop_app.widgets.start.estimate_table import EstimateTable
from desktop_app.widgets.start.kept_estimates import CHOICE, KeptEstimates, key_of
from desktop_app.worker import Jobs, Worker
from engine import process
from engine.config import TrainConfig
from engine.dataset.index import DatasetIndex
from engine.events import Notice, RunEstimated, RunFinished, RunStarted, StageStarted
from engine.models.short_list import Candidate

MEASURE = "Measure first"
OFFER = (
    "How long will it take, and what does it need? Does a few steps of this very run and times them, in about twenty "
    "seconds. Nothing is kept, and Start works without it."
)


class EstimateSection(Asking):
    """`run_compared` carries a sentence that compares a run's time with what was estimated for it."""

    run_compared = Signal(str)

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        self.compare, self.measure = QPushButton("Compare"), QPushButton(MEASURE)
        self.compare.setToolTip("The same for other models and strategies, beside each other")
        super().__init__(project, jobs, settings, (self.compare, self.measure), parent)
        self.setProperty("role", "card")
        self.setAccessibleName("What this run will take")
        self._asked: tuple[TrainConfig, DatasetIndex | None] = (project.config, None)
        self._expected: tuple[RunEstimated, float] | None = None
        self.kept = KeptEstimates()
        self.rows: list[RunEstimated] = []
        self._rows_for: object = None
        self.line = QLabel(wordWrap=True)
        self.offer = muted_label(OFFER, wrap=True)
        self.times = muted_label()
        self.where = Fold("Where the time goes", self.times)
        self.table = EstimateTable()
        self.after = muted_label(wrap=True)
        self.warnings = BannerPlace()
        self._lay_out()
        self.measure.clicked.connect(lambda: self.start())
        self.compare.clicked.connect(lambda: self.start(compare=True))
        self.table.taken.connect(self._on_taken)
        self._show_state()

    # --- what the person does

    def start(self, compare: bool = False) -> None:
        """Measure the draft as it is now, and with `compare` the short list beside it."""
        if self.reason_against():
            return
        config, dataset = self._asked = self._project.config, self._project.dataset
        self.rows, self._rows_for = [], key_of(config, dataset, CHOICE)
        arguments = process.run_arguments(config, weights_dir=self._settings.weights_dir)
        arguments += ["--out", str(self._settings.runs_folder), *(["--compare"] if compare else [])]
        self.ask("Measuring the run", "preflight", arguments)

    def _on_taken(self, estimate: RunEstimated) -> None:
        self._project.set_config(**Candidate(estimate.model, estimate.strategy).changes())

    def hear(self, event: object) -> None:
        match event:
            case StageStarted():
                self.tell_progress(event.title.rstrip(".…") + "…")
            case Notice(kind="not_estimated"):
                self.banner.say(event.text, "info")
            case RunEstimated():
                self.kept.keep(event, *self._asked, chosen=not self.rows)
                self.rows.append(event)

    # --- a run that goes, and what it took

    def _on_job_started(self, worker: Worker) -> None:
        if worker.kind == training_job.KIND:
            config = training_job.config_of(worker)  # not the draft: it may have waited its turn
            estimate = self.kept.find(config, self._project.dataset) if config else None
            self._expected = (estimate, time.monotonic()) if estimate else None
            worker.happened.connect(self._on_run_told)
            worker.steered.connect(self._on_run_steered)
        super()._on_job_started(worker)

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
        super()._show_state()
        estimate = self.estimate()
        self.measure.setText("Measure again" if estimate else MEASURE)
        self.offer.setVisible(not self.is_asking() and estimate is None)
        self._show_estimate(estimate)
        self._show_rows(estimate)

    def _show_estimate(self, estimate: RunEstimated | None) -> None:
        self.line.setVisible(estimate is not None)
        self.where.setVisible(estimate is not None)
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

    # --- how it is made

    def _lay_out(self) -> None:
        self.line.setAccessibleName("What this run will take")
        self.after.hide()
        told = (self.line, self.progress, self.warnings, self.where, self.table, self.after)
        self.pile(self.ask_line(group_label("Time and memory")), self.offer, *told)
        self.layout().setContentsMargins(2 * theme.GRID, 12, 2 * theme.GRID, 12)
