"""Finding a learning rate before the run: asked, watched and taken at one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.figures import plain
from desktop_app.widgets.labels import ElidedLabel, group_label, muted_label
from desktop_app.widgets.start.rate_finding import RateFinding
from desktop_app.widgets.start.rate_plot import RatePlot
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs, Worker
from engine import devices, process
from engine.config import TrainConfig
from engine.control import Control
from engine.dataset.index import DatasetIndex
from engine.events import LearningRateFound, RateTried, StageStarted
from engine.models.catalog import title_of
from engine.models.strategies import STRATEGIES

KIND = "find-lr"
OFFER = (
    "Tries rising rates on the first steps of this very run, and shows where the loss falls. Takes up to a minute or "
    "two; nothing is changed or kept."
)


class LearningRateSection(QWidget):
    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Learning rate")
        self._project, self._jobs, self._settings = project, jobs, settings
        self._worker: Worker | None = None
        self.finding: RateFinding | None = None
        self.find = QPushButton("Find a learning rate")
        self.stop = QPushButton("Stop")
        self.sentence = muted_label(OFFER, wrap=True)
        self.plot = RatePlot()
        self.answer = QLabel(wordWrap=True)
        self.progress = ElidedLabel()
        self.use = QPushButton()
        self.banner = BannerPlace()
        self._lay_out()
        self._connect()
        self.plot.hide()
        self._show_state()

    # --- what the person does

    def start(self) -> None:
        """Sweep the rates for the draft as it is now."""
        if self._reason_against():
            return
        config, dataset = self._project.config, self._project.dataset
        arguments = process.run_arguments(config, weights_dir=self._settings.weights_dir)

        def job(control: Control) -> Iterator[Any]:
            return process.run("find-lr", arguments, control)

        self.banner.say("")
        self.finding = None
        self.plot.clear()
        self.progress.set_whole("Starting…")
        self._worker = worker = self._jobs.start(
            "Finding a learning rate", job, KIND, heavy=True, at_place=(Exception,)
        )
        worker.happened.connect(lambda event: self._on_happened(event, config, dataset))
        worker.failed.connect(self._on_failed)
        self._show_state()
        self.stop.setFocus()

    def take(self) -> None:
        """The suggestion becomes the draft's learning rate."""
        if self.finding and self.finding.found.learning_rate:
            self._project.set_config(learning_rate=self.finding.found.learning_rate)

    def _reason_against(self) -> str:
        if not devices.has_training():
            return "This edition has no training part"
        if self._project.dataset is None:
            return "Choose a dataset first"
        return self._jobs.busy_reason()

    # --- what the job says

    def _on_happened(self, event: object, config: TrainConfig, dataset: DatasetIndex | None) -> None:
        match event:
            case StageStarted():
                self.progress.set_whole(event.title.rstrip(".…") + "…")
            case RateTried():
                self.plot.add(event)
                self.plot.show()
                self.progress.set_whole(f"Step {event.step} of at most {event.steps}, rate {event.learning_rate:.1e}")
            case LearningRateFound():
                self.finding = RateFinding(event, config, dataset)
                self.plot.mark(event.learning_rate, event.steepest)

    def _on_failed(self, error: object) -> None:
        if isinstance(error, BaseException):
            self.banner.say(dialogs.in_words(error)[0], "error")

    def _on_ended(self, worker: Worker) -> None:
        if worker is self._worker:
            self._worker = None
            if self.finding is None:
                self.plot.clear()
                self.plot.hide()
            if self.stop.hasFocus():
                (self.use if self._can_use() else self.find).setFocus()
        self._show_state()

    # --- what is shown

    def _can_use(self) -> bool:
        return self.finding is not None and self.finding.found.learning_rate is not None

    def _show_state(self) -> None:
        running, reason = self._worker is not None, self._reason_against()
        self.find.setVisible(not running)
        self.stop.setVisible(running)
        self.find.setEnabled(not reason)
        self.find.setToolTip(reason)
        self.find.setAccessibleDescription(reason)
        self.find.setText("Find again" if self.finding else "Find a learning rate")
        self.sentence.setVisible(not running and self.finding is None)
        self.progress.setVisible(running)
        self._show_finding()

    def _show_finding(self) -> None:
        finding = self.finding
        self.answer.setVisible(finding is not None)
        self.use.setVisible(self._can_use())
        if finding is None:
            return
        found, reason = finding.found, finding.reason_against(self._project.config, self._project.dataset)
        self.plot.fade(bool(reason))
        self.answer.setText(_in_words(finding, reason))
        self.answer.setProperty("role", "muted" if reason else "")
        theme.restyle(self.answer)
        if found.learning_rate is None:
            return
        in_use = self._project.config.learning_rate == found.learning_rate
        self.use.setText(f"{plain(found.learning_rate)} is in use" if in_use else f"Use {plain(found.learning_rate)}")
        self.use.setEnabled(not reason and not in_use)
        self.use.setToolTip(reason)
        self.use.setAccessibleName(self.use.text())

    # --- how it is made

    def _connect(self) -> None:
        self.find.clicked.connect(self.start)
        self.stop.clicked.connect(lambda: self._worker and self._worker.control.stop())
        self.use.clicked.connect(self.take)
        self._jobs.started.connect(self._show_state)
        self._jobs.ended.connect(self._on_ended)
        self._project.config_changed.connect(self._show_state)
        self._project.dataset_changed.connect(self._show_state)

    def _lay_out(self) -> None:
        theme.set_icon(self.stop, "square")
        head = QHBoxLayout()
        head.addWidget(group_label("Learning rate"))
        head.addStretch(1)
        head.addWidget(self.find)
        head.addWidget(self.stop)
        self.progress.setProperty("role", "muted")
        self.answer.setAccessibleName("The rate that was found")
        last = QHBoxLayout(spacing=2 * theme.GRID)
        last.addWidget(self.answer, 1)
        last.addWidget(self.use)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        for widget in (self.sentence, self.progress, self.plot):
            column.addWidget(widget)
        column.addLayout(last)
        column.addWidget(self.banner)


def _in_words(finding: RateFinding, reason: str) -> str:
    """What was found, for what, and why; or why it holds no more."""
    found, config = finding.found, finding.config
    strategy = STRATEGIES[found.strategy].title if found.strategy in STRATEGIES else found.strategy
    what = f"{title_of(config.model)}, {strategy}, {shown(config.data.name)}"
    if reason:
        return f"{reason} It was for {what}."
    if found.learning_rate is None:
        return f"{found.why} ({what})"
    steepest = f" ○ It falls fastest at {plain(found.steepest)}." if found.steepest else ""
    return f"● {plain(found.learning_rate)} suits {what}: {found.why[0].lower()}{found.why[1:]}{steepest}"
