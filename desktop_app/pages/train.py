"""Settings, Start, and what a run tells while it goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from desktop_app import theme, training_job
from desktop_app.project import Project
from desktop_app.run_queue import queue_of
from desktop_app.settings import Settings
from desktop_app.widgets.draft_form import DraftForm
from desktop_app.widgets.labels import group_label
from desktop_app.widgets.page_frame import PageFrame
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.runs.brakes import Brakes
from desktop_app.widgets.runs.followed import FollowedRun
from desktop_app.widgets.runs.offers import RunOffers
from desktop_app.widgets.runs.queue import QueueList
from desktop_app.widgets.runs.view import RunView
from desktop_app.widgets.start.panel import StartPanel
from desktop_app.widgets.start.switch import NEXT, RunSwitch
from desktop_app.worker import Jobs, Worker
from engine import devices, events, runs
from engine.config import TrainConfig
from engine.models.catalog import title_of
from engine.models.strategies import STRATEGIES


class TrainPage(PageFrame):
    """The events of the run that is followed, whoever started it, drive all that is shown of it."""

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__("train", "Train", parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self.form = DraftForm(project)
        self.settings_title = group_label("Settings")
        self.queue = queue_of(jobs, settings)
        self.waiting = QueueList(self.queue)
        self.view = RunView(project)
        self.brakes = Brakes(self)
        self.offers = RunOffers(jobs, settings)
        self.before = StartPanel(project, jobs, settings)
        self.switch = RunSwitch(self.before, self.view)
        self.set_content(self._made())
        self.followed = FollowedRun(project, jobs, self)
        self._connect()
        self._show_config()
        for worker in jobs.running(training_job.KIND):
            self.followed.follow(worker)

    # --- starting and steering

    def start(self) -> None:
        """Train as the settings say; where the machine is busy, the run waits its turn."""
        if self._reason_against_start():
            return
        self._begin(self._project.config)

    def _begin(self, config: TrainConfig) -> None:
        if self._jobs.busy_reason():
            self.queue.add(config)
        else:
            training_job.start(self._jobs, self._settings, config)

    def resume(self, run_dir: Path, told: Sequence[str] = ()) -> None:
        """Go on with a run that was left before its end; `told` are more words for `thaw train --resume`."""
        if self._jobs.busy_reason():
            return
        summary = runs.summarise(run_dir)
        training_job.resume(self._jobs, self._settings, run_dir, summary.model if summary else "the model", told)

    def _on_resume_clicked(self) -> None:
        if self.followed.run_dir:
            self.resume(self.followed.run_dir)

    def _reason_against_start(self) -> str:
        config = self._project.config
        if not devices.has_training():
            return "This edition has no training part"
        if self._project.dataset is None:
            return "Choose a dataset first"
        if wrong := self.form.wrong():
            return f"Mend “{wrong}” first"
        if config.strategy == "custom" and not config.trainable:
            return "No layer is ticked on the Model page"
        if config.strategy == "continue" and config.continue_from is None:
            return "Choose the run to continue on the Model page"
        return ""

    # --- what the run tells

    def _on_began(self, worker: Worker) -> None:
        self.offers.clear()
        folder = training_job.folder_of(worker)
        self.view.begin(runs.read_history(folder) if folder else ())
        self.brakes.follow(worker)
        self.switch.begin_run()
        self._show_config()

    def _on_told(self, event: object) -> None:
        self.view.tell(event)
        match event:
            case events.StageStarted():
                self.brakes.allow_finish(False)
            case events.StepFinished():
                self.brakes.allow_finish(True)

    def _on_failed(self, error: object) -> None:
        self.view.facts.finish("Ended early")
        said = {found.kind for found in self.view.diagnoses.found()}
        if isinstance(error, BaseException) and "not-a-number" not in said:  # the diagnosis says it, with its remedy
            self.offers.tell_failure(error, self.followed.run_dir, self.followed.config())
            self._order_offers()

    def _on_ended(self) -> None:
        if self.followed.run_dir is None:  # a stop came before it had begun
            self.view.facts.finish("Stopped before it began")
        self.brakes.release()
        curves = self.view.curves.data
        told = curves.positions or curves.epochs or self.view.diagnoses.found()
        self.switch.end_run(bool(told) or not self.view.result.isHidden())

    def _on_gone(self) -> None:
        """What is shown of a run goes with it when it is deleted."""
        self.view.begin()
        self.switch.end_run(False)

    def _on_runs_changed(self) -> None:
        self.offers.forget_deleted()
        self._show_state()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.followed.worker is None and self.view.result.isHidden():
            self.offers.offer_newest()
            self._order_offers()
            self._show_state()

    def _order_offers(self) -> None:
        """Tab goes from the main action to what is offered below it, though that came later."""
        for button in self.offers.findChildren(QPushButton):
            QWidget.setTabOrder(self.action_button, button)

    def _review(self) -> None:
        """Show the run that is in sight here, whatever Review showed before."""
        if self.followed.run_dir:
            self._project.set_run(self.followed.run_dir)
        self.page_requested.emit("review")

    def _classify(self) -> None:
        """Take its model to Predict."""
        if self.followed.run_dir:
            self._project.set_model_file(self.followed.run_dir / runs.MODEL)
        self.page_requested.emit("predict")

    # --- what is shown

    def _on_section_wanted(self) -> None:
        if self.followed.worker is None:  # a run that goes is what a person wants to see
            self.switch.show_side(NEXT)

    def _show_config(self) -> None:
        config = self._project.config
        dataset = self._project.dataset
        names = [dataset.root.name] if dataset else []
        names += [title_of(config.model), STRATEGIES[config.strategy].title]
        self.set_context(("Next: " if self.followed.worker else "") + " · ".join(names))
        self._show_state()

    def _show_state(self) -> None:
        running = self.followed.worker is not None
        reason = self._reason_against_start()
        busy = self._jobs.busy_reason()
        self.set_action("Add to queue" if busy else "Start", "plus" if busy else "play", not reason, reason)
        self.settings_title.setText("Settings of the next run" if running else "Settings")
        self.brakes.show_buttons(running)
        self.offers.show_busy()
        self.view.result.show_busy(busy)
        started = running or self.switch.side() != NEXT
        if self._project.dataset is None and not started and not self.offers.banners() and not self.queue.runs:
            self.show_empty("Choose a dataset first. It decides what there is to learn.", "Go to Data", "images")
        else:
            self.show_content()

    # --- how it is made

    def _connect(self) -> None:
        self.form.checked.connect(self._show_state)
        self.action_triggered.connect(self.start)
        self.empty_action_triggered.connect(lambda: self.page_requested.emit("data"))
        self.brakes.steered.connect(self.view.facts.steer)
        self.before.run_compared.connect(self.view.add_notice)
        self.before.review_wanted.connect(lambda: self.page_requested.emit("review"))
        self.before.in_sight_wanted.connect(self._on_section_wanted)
        self.view.result.review_wanted.connect(self._review)
        self.view.result.predict_wanted.connect(self._classify)
        self.view.diagnoses.photos_wanted.connect(lambda _diagnosis: self._review())
        self.view.result.resume_wanted.connect(self._on_resume_clicked)
        self.offers.resume_wanted.connect(self.resume)
        self.offers.start_wanted.connect(self._begin)
        self.followed.began.connect(self._on_began)
        self.followed.told.connect(self._on_told)
        self.followed.failed.connect(self._on_failed)
        self.followed.ended.connect(self._on_ended)
        self.followed.gone.connect(self._on_gone)
        self._jobs.started.connect(self._show_state)
        self._jobs.ended.connect(self._show_config)
        self._project.runs_changed.connect(self._on_runs_changed)
        self._project.config_changed.connect(self._show_config)
        self._project.dataset_changed.connect(self._show_config)

    def _made(self) -> QWidget:
        for button in self.brakes.buttons:
            self.add_beside_action(button)
        splitter = RememberedSplitter(self._settings, "train")
        splitter.begin((self._settings_side(), self.switch), (theme.wide(340), 700), (1, 3))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(self.offers)
        column.addWidget(self.waiting)
        column.addWidget(splitter, 1)
        return page

    def _settings_side(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * theme.GRID)
        column.addWidget(self.settings_title)
        column.addWidget(self.form, 1)
        side.setMinimumWidth(theme.wide(300))
        side.setMaximumWidth(theme.wide(420))
        return side
