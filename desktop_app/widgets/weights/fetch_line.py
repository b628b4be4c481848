"""The fetch that runs: which file, how far, and the button that stops it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QWidget

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.labels import ElidedLabel
from desktop_app.widgets.progress import show_share
from desktop_app.widgets.weights.table import FAILED, FETCHING, WAITING
from desktop_app.worker import Jobs, Worker
from engine.errors import ThawError
from engine.events import Notice, Transferred, WeightsFetched
from engine.models.catalog import find_model
from engine.models.pretrained import listing

FETCH_JOB = "weights"
Key = tuple[str, str]
"""A model, and the name of one of its weights."""


class FetchLine(QWidget):
    """In sight only while something is fetched. One fetch at a time; it goes on when this is closed, and whoever opens
    it again sees it."""

    moved = Signal(object, object)
    """What happens to one row: its key, and the fields of WeightsRow that change."""
    fetched = Signal()
    failed = Signal(str)
    """Why something could not be had, in a sentence or two."""
    ended = Signal()

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._settings = jobs, settings
        self._worker: Worker | None = None
        self.asked: tuple[Key, ...] = ()
        self._coming: list[Key] = []
        self._problems: list[str] = []
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName("Fetched so far")
        self.bar.setFixedWidth(theme.wide(160))
        self.title = ElidedLabel()
        self.stop_button = QPushButton("Stop")
        self.stop_button.setAutoDefault(False)
        theme.set_icon(self.stop_button, "square")
        self.stop_button.clicked.connect(self.stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.stop_button)
        row.addWidget(self.bar)
        row.addWidget(self.title, 1)
        self.hide()

    @property
    def busy(self) -> bool:
        return self._worker is not None

    def begin(self, keys: Sequence[Key]) -> None:
        """Fetch the weights of these rows, one after another."""
        names = [f"{model}{listing.BETWEEN}{name}" for model, name in keys]
        folder = self._settings.weights_dir
        worker = self._jobs.start(
            f"Fetching {quantity(len(keys), 'file')} of weights",
            lambda control: listing.get_weights(names, folder, control),
            FETCH_JOB,
            at_place=(ThawError,),
        )
        worker.setProperty("asked", [list(key) for key in keys])
        self._follow(worker, keys)

    def take_up(self, lacking: Sequence[Key]) -> None:
        """Follow a fetch that was begun before this was made; `lacking` are the rows that are not here."""
        for worker in self._jobs.running(FETCH_JOB)[:1]:
            worker.at_place = (ThawError,)
            asked = [(model, name) for model, name in worker.property("asked") or []]
            self._follow(worker, asked)
            self._coming = [key for key in asked if key in lacking]

    def stop(self) -> None:
        """What has arrived is kept, and goes on from there the next time."""
        if self._worker is not None:
            self._worker.control.stop()
            self.stop_button.setEnabled(False)

    def let_go(self) -> None:
        """What goes on after this is closed has no place of its own to tell of a failure: the window does."""
        if self._worker is not None:
            self._worker.at_place = ()

    def _follow(self, worker: Worker, keys: Sequence[Key]) -> None:
        self._worker, self.asked, self._coming, self._problems = worker, tuple(keys), list(keys), []
        worker.happened.connect(self._on_happened)
        worker.failed.connect(self._on_failed)
        worker.finished.connect(self._on_ended)
        self.bar.setRange(0, 0)
        self.title.set_whole(worker.title)
        self.stop_button.setEnabled(True)
        self.show()
        for key in keys:
            self.moved.emit(key, {"doing": WAITING})

    def _on_happened(self, event: Any) -> None:
        if isinstance(event, Transferred) and self._coming:
            self._show_transfer(self._coming[0], event)
        elif isinstance(event, WeightsFetched):
            key = (event.model, event.name)
            self._coming = [one for one in self._coming if one != key]
            self.moved.emit(key, {"doing": ""})
            self.fetched.emit()
        elif isinstance(event, Notice) and self._coming:
            self._problems.append(event.text)
            self.moved.emit(self._coming.pop(0), {"doing": FAILED})

    def _show_transfer(self, key: Key, event: Transferred) -> None:
        changes = {"doing": FETCHING, "received_bytes": event.received_bytes, "total_bytes": event.total_bytes}
        self.moved.emit(key, changes)
        number = len(self.asked) - len(self._coming) + 1
        which = f" ({number} of {len(self.asked)})" if len(self.asked) > 1 else ""
        self.title.set_whole(find_model(key[0]).title + which)
        show_share(self.bar, event.received_bytes / event.total_bytes if event.total_bytes else None)

    def _on_failed(self, error: Exception) -> None:
        if not isinstance(error, ThawError):
            return
        if self._coming:
            self.moved.emit(self._coming.pop(0), {"doing": FAILED})
        sentences = dict.fromkeys((str(error), *self._problems[:1]))
        self.failed.emit(" ".join(sentences))

    def _on_ended(self) -> None:
        self._worker = None
        self.hide()
        self.ended.emit()
