"""What the sections share that ask a child process: buttons, Stop while it answers, how far it is, what went wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app import dialogs, theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.fold import Fold
from desktop_app.widgets.labels import ElidedLabel
from desktop_app.worker import Jobs, Worker
from engine import devices, process

COLUMNS = 2
"""So many find room in the narrowest window."""


class Asking(QFrame):
    """A section that says with `missing` why it cannot ask now, hears each event of the answer in `hear`, and shows in
    `_show_state` what it knows; that follows the jobs, the settings and the dataset by itself."""

    STOPPING = "Stopping…"

    def __init__(
        self,
        project: Project,
        jobs: Jobs,
        settings: Settings,
        buttons: Sequence[QPushButton],
        parent: QWidget | None = None,
    ) -> None:
        """`buttons` ask, the main one last; what their tooltips say is said while they can be pressed."""
        super().__init__(parent)
        self._project, self._jobs, self._settings = project, jobs, settings
        self._worker: Worker | None = None
        self._tips = {button: button.toolTip() for button in buttons}
        self.stop = QPushButton("Stop")
        self.progress = ElidedLabel()
        self.banner = BannerPlace()
        self.fold: Fold | None = None
        theme.set_icon(self.stop, "square")
        self.progress.setProperty("role", "muted")
        self.stop.clicked.connect(self._on_stop_clicked)
        jobs.started.connect(self._on_job_started)
        jobs.ended.connect(self._on_job_ended)
        project.config_changed.connect(self._show_state)
        project.dataset_changed.connect(self._show_state)

    # --- what a section says of itself

    def missing(self) -> str:
        """Why it cannot ask now though there is a dataset; "" where it can."""
        return self._jobs.busy_reason()

    def hear(self, event: object) -> None:
        """Take one event of the answer."""

    def after_stop(self) -> QPushButton:
        """What has the focus when Stop, which had it, is gone."""
        return list(self._tips)[-1]

    # --- asking

    def ask(self, title: str, verb: str, arguments: Sequence[str]) -> None:
        """Let a child process answer; the verb is the kind of the job as well."""
        self.tell_failure(None)
        self.progress.set_whole("Starting…")
        self._worker = self._jobs.start(
            title, lambda control: process.run(verb, arguments, control), verb, heavy=True, at_place=(Exception,)
        )
        self._worker.happened.connect(self._on_happened)
        self._worker.failed.connect(self._on_failed)
        self._show_state()
        self.stop.setFocus()

    def is_asking(self) -> bool:
        return self._worker is not None

    def reason_against(self) -> str:
        """Why it cannot ask now, in a few words; "" where it can."""
        if not devices.has_training():
            return "This edition has no training part"
        return self.missing() if self._project.dataset is not None else "Choose a dataset first"

    def tell_progress(self, text: str) -> None:
        """One line that takes the place of the last, unless the person waits for it to stop."""
        if self._worker and not self._worker.control.stopping:
            self.progress.set_whole(text)

    def tell_failure(self, error: object) -> None:
        """Where it was asked; None takes the last one away."""
        self.banner.say(dialogs.in_words(error)[0] if isinstance(error, BaseException) else "", "error")

    def _on_stop_clicked(self) -> None:
        if self._worker:
            self.progress.set_whole(self.STOPPING)
            self._worker.control.stop()

    def _on_happened(self, event: object) -> None:
        if self.sender() is self._worker:
            self.hear(event)
            self._show_state()

    def _on_failed(self, error: object) -> None:
        if self.sender() is self._worker:
            self.tell_failure(error)

    def _on_job_started(self, _worker: Worker) -> None:
        self._show_state()

    def _on_job_ended(self, worker: Worker) -> None:
        had_focus = worker is self._worker and self.stop.hasFocus()
        if worker is self._worker:
            self._worker = None
        self._show_state()
        if had_focus:
            self.after_stop().setFocus()

    # --- what is shown

    def _show_state(self) -> None:
        running, reason = self.is_asking(), self.reason_against()
        for button, tip in self._tips.items():
            button.setVisible(not running)
            button.setEnabled(not reason)
            button.setToolTip(reason or tip)
            button.setAccessibleDescription(reason or tip)
        self.stop.setVisible(running)
        self.progress.setVisible(running)

    # --- how it is made

    def ask_line(self, *left: QWidget) -> QHBoxLayout:
        """`left`, and at the right what asks, or Stop."""
        line = QHBoxLayout(spacing=theme.GRID)
        for widget in left:
            line.addWidget(widget)
        line.addStretch(1)
        for button in (*self._tips, self.stop):
            line.addWidget(button)
        return line

    def pile(self, *parts: QWidget | QLayout, fold: str = "") -> None:
        """Lay the parts below each other, what went wrong last; under a title `fold` they are folded away."""
        place: QWidget = QWidget() if fold else self
        column = QVBoxLayout(place)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        for part in (*parts, self.banner):
            add(column, part)
        if fold:
            self.fold = Fold(fold, place, of_group=True)
            outer = QVBoxLayout(self)
            outer.setContentsMargins(0, 0, 0, 0)
            outer.addWidget(self.fold)


def beside(first: QWidget, last: QWidget) -> QHBoxLayout:
    """An outcome in words, and what can be done with it."""
    line = QHBoxLayout(spacing=2 * theme.GRID)
    line.addWidget(first, 1)
    line.addWidget(last)
    return line


def in_columns(ticks: Iterable[QCheckBox]) -> QGridLayout:
    grid = QGridLayout(spacing=theme.GRID)
    for place, tick in enumerate(ticks):
        grid.addWidget(tick, *divmod(place, COLUMNS))
    return grid


def add(layout: QBoxLayout, part: QWidget | QLayout) -> None:
    layout.addWidget(part) if isinstance(part, QWidget) else layout.addLayout(part)
