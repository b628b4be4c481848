"""What suits these photos: the adviser, asked and answering at one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.labels import ElidedLabel, muted_label
from desktop_app.widgets.progress import Progress, after, show_share
from desktop_app.widgets.thumbnails import shown
from desktop_app.widgets.transfer.advice_answer import AdviceAnswer
from desktop_app.worker import Jobs, Worker
from engine import process
from engine.control import Control
from engine.events import Advice, Notice

KIND = "advise"
NO_DATASET = "Choose a dataset, and Thaw can say what suits it."
OFFER = (
    "Looks at up to 500 of your photos through a network that knows a million others, and says which model and "
    "strategy suit them. Nothing is changed."
)


def changes_of(advice: Advice) -> dict[str, Any]:
    """The settings of a run that the advice names; what a person had ticked or planned by hand gives way."""
    return {
        "model": advice.model,
        "strategy": advice.strategy,
        "head": advice.head,
        "augmentation": advice.augmentation,
        "epochs": advice.epochs,
        "trainable": None,
        "unfreeze": None,
    }


class AdviserPanel(QFrame):
    """`taken` carries the Advice that the person wants to use. Without a dataset, `dataset_wanted` asks for one;
    `self_training_wanted` asks for pseudo-labels, which is offered where they may help."""

    taken = Signal(object)
    dataset_wanted = Signal()
    self_training_wanted = Signal()

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName("What suits these photos?")
        self._project, self._jobs, self._settings = project, jobs, settings
        self._worker: Worker | None = None
        self._busy_with: Worker | None = None  # what the person was told to wait for
        self._root = project.dataset.root if project.dataset else None
        self._progress = Progress()
        self._left_out = 0
        self._no_weights = ""
        self.advice: Advice | None = None
        self.ask = QPushButton("Advise me")
        self.stop = QPushButton("Stop")
        self.sentence = muted_label(wrap=True)
        self.bar = QProgressBar()
        self.told = muted_label()
        self.answer = AdviceAnswer()
        self._joining = QWidget()
        self.joining = ElidedLabel()
        self.leave_out = QPushButton("Leave out")
        self.banner = BannerPlace()
        self._pages = (self._page(self.sentence), self._page(self.bar, self.told), self.answer)
        self._column = QVBoxLayout(self)
        self._lay_out()
        self._connect()
        self._show_state()

    # --- what the person does

    def start(self) -> None:
        """Ask the adviser about the open dataset."""
        dataset = self._project.dataset
        if dataset is None:
            self.dataset_wanted.emit()
            return
        reason = self._jobs.busy_reason()
        if reason:
            self._busy_with = self._jobs.current
            self.banner.say(reason, "info")
            return
        arguments = [str(dataset.root)]
        if self._settings.weights_dir:
            arguments += ["--weights-dir", str(self._settings.weights_dir)]

        def job(control: Control) -> Iterator[Any]:
            return process.run("advise", arguments, control)

        self._busy_with = None
        self.banner.say("")
        self.advice, self._progress, self._left_out, self._no_weights = None, Progress(), 0, ""
        self._worker = self._jobs.start("Looking at your photos", job, KIND, heavy=True, at_place=(Exception,))
        self._worker.happened.connect(self._on_happened)
        self._worker.failed.connect(self._on_failed)
        self._show_state()
        self.stop.setFocus()

    # --- what the job says

    def _on_happened(self, event: object) -> None:
        if not self._is_heard():
            return
        self._progress = after(self._progress, event)
        if isinstance(event, Advice):
            self.advice = event
        elif isinstance(event, Notice):
            self._left_out += event.kind == "photo_left_out"
            self._no_weights = event.text if event.kind == "no_weights" else self._no_weights
        self._show_progress()

    def _on_failed(self, error: object) -> None:
        if self._is_heard() and isinstance(error, BaseException):
            self.banner.say(dialogs.in_words(error)[0], "error")

    def _is_heard(self) -> bool:
        """Whether what was told now counts: an answer that was stopped may be one about other photos than are open."""
        worker = self._worker
        return worker is not None and self.sender() is worker and not worker.control.stopping

    def _on_ended(self, worker: Worker) -> None:
        if worker is self._busy_with:
            self._busy_with = None
            self.banner.say("")
        if worker is not self._worker:
            return
        self._worker = None
        had_focus = self.stop.hasFocus()
        self._show_state()
        if had_focus:
            (self.answer.use if self.advice and self.answer.use.isEnabled() else self.ask).setFocus()

    def _on_dataset_changed(self) -> None:
        root = self._project.dataset.root if self._project.dataset else None
        if root != self._root:  # advice about other photos is none, and their classes are others
            self._root, self.advice = root, None
            if self._project.config.pseudo_labels:
                self._project.set_config(pseudo_labels=None)
            self.banner.say("")
            if self._worker:
                self._worker.control.stop()
        self._show_state()

    # --- what is shown

    def _show_state(self) -> None:
        has_dataset, running = self._project.dataset is not None, self._worker is not None
        self.sentence.setText(OFFER if has_dataset else NO_DATASET)
        self.ask.setText("Choose a dataset" if not has_dataset else "Ask again" if self.advice else "Advise me")
        self.ask.setAccessibleName(self.ask.text())
        self.ask.setVisible(not running)
        self.stop.setVisible(running)
        theme.set_icon(self.ask, "sparkles" if has_dataset else "folder-open")
        if running:
            self._show_progress()
        elif self.advice:
            self.answer.show_advice(self.advice, self._left_out, self._no_weights)
            self._show_use()
        now = 1 if running else 2 if self.advice else 0
        for place, page in enumerate(self._pages):
            page.setVisible(place == now)
        self._show_joining()

    def _show_progress(self) -> None:
        show_share(self.bar, self._progress.share)
        words = filter(None, (self._progress.detail or "starting", self._progress.left))
        self.told.setText(", ".join(words))

    def _show_use(self) -> None:
        if self.advice is None or self._project.dataset is None:
            return
        config = self._project.config
        changes = changes_of(self.advice)
        self.answer.show_in_use(all(getattr(config, name) == value for name, value in changes.items()))

    def _show_joining(self) -> None:
        """What joins the training photos of the next run, and the way to leave it out again."""
        labels = self._project.config.pseudo_labels if self._project.dataset else None
        self._joining.setVisible(labels is not None)
        self.joining.set_whole(f"Pseudo-labels join the next run ({shown(labels.name)})" if labels else "")

    def _on_config_changed(self) -> None:
        self._show_use()
        self._show_joining()

    # --- how it is made

    def _connect(self) -> None:
        self.ask.clicked.connect(self.start)
        self.stop.clicked.connect(lambda: self._worker and self._worker.control.stop())
        self.answer.use.clicked.connect(lambda: self.taken.emit(self.advice))
        self.answer.self_training.clicked.connect(self.self_training_wanted)
        self._project.dataset_changed.connect(self._on_dataset_changed)
        self._project.config_changed.connect(self._on_config_changed)
        self.leave_out.clicked.connect(lambda: self._project.set_config(pseudo_labels=None))
        self._jobs.ended.connect(self._on_ended)

    def _lay_out(self) -> None:
        theme.set_icon(self.stop, "square")
        head = QHBoxLayout()
        title = ElidedLabel("What suits these photos?", mode=Qt.TextElideMode.ElideRight)
        title.setFont(theme.group_font())
        head.addWidget(title, 1)
        head.addWidget(self.ask)
        head.addWidget(self.stop)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress of the advice")
        self._column.setContentsMargins(2 * theme.GRID, 12, 2 * theme.GRID, 12)
        self._column.setSpacing(theme.GRID)
        self._column.addLayout(head)
        for page in self._pages:
            self._column.addWidget(page)
        self.leave_out.setProperty("kind", "quiet")
        row = QHBoxLayout(self._joining)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.joining, 1)
        row.addWidget(self.leave_out)
        self._column.addWidget(self._joining)
        self._column.addWidget(self.banner)

    def _page(self, *widgets: QWidget) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        for widget in widgets:
            column.addWidget(widget)
        return page
