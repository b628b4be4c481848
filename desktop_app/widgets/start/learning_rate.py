"""Finding a learning rate before the run: asked, watched and taken at one place."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.figures import plain
from desktop_app.widgets.labels import group_label, muted_label
from desktop_app.widgets.start.asking import Asking, beside
from desktop_app.widgets.start.rate_finding import RateFinding
from desktop_app.widgets.start.rate_plot import RatePlot
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs
from engine import process
from engine.config import TrainConfig
from engine.dataset.index import DatasetIndex
from engine.events import LearningRateFound, RateTried, StageStarted
from engine.models import strategies
from engine.models.catalog import title_of

FIND = "Find a learning rate"
OFFER = (
    "Tries rising rates on the first steps of this very run, and shows where the loss falls. Takes up to a minute or "
    "two; nothing is changed or kept."
)


class LearningRateSection(Asking):
    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        self.find = QPushButton(FIND)
        super().__init__(project, jobs, settings, (self.find,), parent)
        self.setAccessibleName("Learning rate")
        self._asked: tuple[TrainConfig, DatasetIndex | None] = (project.config, None)
        self.finding: RateFinding | None = None
        self.sentence = muted_label(OFFER, wrap=True)
        self.plot = RatePlot()
        self.answer = QLabel(wordWrap=True)
        self.answer.setAccessibleName("The rate that was found")
        self.use = QPushButton()
        self.pile(
            self.ask_line(group_label("Learning rate")),
            *(self.sentence, self.progress, self.plot),
            beside(self.answer, self.use),
        )
        self.find.clicked.connect(self.start)
        self.use.clicked.connect(self.take)
        self._show_state()

    # --- what the person does

    def start(self) -> None:
        """Sweep the rates for the draft as it is now."""
        if self.reason_against():
            return
        self._asked = (self._project.config, self._project.dataset)
        self.finding = None
        self.plot.clear()
        arguments = process.run_arguments(self._project.config, weights_dir=self._settings.weights_dir)
        self.ask("Finding a learning rate", "find-lr", arguments)

    def take(self) -> None:
        """The suggestion becomes the draft's learning rate."""
        if self.finding and self.finding.found.learning_rate:
            self._project.set_config(learning_rate=self.finding.found.learning_rate)

    def hear(self, event: object) -> None:
        match event:
            case StageStarted():
                self.tell_progress(event.title.rstrip(".…") + "…")
            case RateTried():
                self.plot.add(event)
                self.tell_progress(f"Step {event.step} of at most {event.steps}, rate {event.learning_rate:.1e}")
            case LearningRateFound():
                self.finding = RateFinding(event, *self._asked)
                self.plot.mark(event.learning_rate, event.steepest)

    def after_stop(self) -> QPushButton:
        return self.use if self._can_use() else self.find

    # --- what is shown

    def _can_use(self) -> bool:
        return self.finding is not None and self.finding.found.learning_rate is not None

    def _show_state(self) -> None:
        super()._show_state()
        self.find.setText("Find again" if self.finding else FIND)
        self.sentence.setVisible(not self.is_asking() and self.finding is None)
        self.plot.setVisible(bool(self.plot.tried) and (self.is_asking() or self.finding is not None))
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


def _in_words(finding: RateFinding, reason: str) -> str:
    """What was found, for what, and why; or why it holds no more."""
    found, config = finding.found, finding.config
    what = f"{title_of(config.model)}, {strategies.title_of(found.strategy)}, {shown(config.data.name)}"
    if reason:
        return f"{reason} It was for {what}."
    if found.learning_rate is None:
        return f"{found.why} ({what})"
    steepest = f" ○ It falls fastest at {plain(found.steepest)}." if found.steepest else ""
    return f"● {plain(found.learning_rate)} suits {what}: {found.why[0].lower()}{found.why[1:]}{steepest}"
