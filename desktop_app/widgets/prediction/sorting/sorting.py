"""Sorting a batch from the page: the button, the work, and the banner that tells of it and undoes it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QPushButton

from desktop_app import dialogs
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.prediction.deciding import WhenFree, at_once
from desktop_app.widgets.prediction.sorting import words
from desktop_app.widgets.prediction.sorting.beside_photos import SidecarDialog
from desktop_app.widgets.prediction.sorting.deeds import Deed, Outcome, Undo, do, made_from
from desktop_app.widgets.prediction.sorting.dialog import DeedDialog
from desktop_app.widgets.prediction.sorting.into_folders import SortDialog, suggested
from desktop_app.widgets.progress import Progress, after
from desktop_app.worker import Jobs, Worker
from engine.errors import ThawError
from engine.events import SidecarsFinished, SortingFinished

RUNNING = "Wait until the batch is done, or stop it."
AT_WORK = "Wait until the files are made or taken away, or stop that."


class Sorting(QObject):
    """`changed` says that the work on a ledger began or ended; one is worked on at a time."""

    changed = Signal()

    def __init__(self, jobs: Jobs, parent: QObject | None = None, when_free: WhenFree = at_once) -> None:
        super().__init__(parent)
        self._jobs, self._when_free = jobs, when_free
        self._ledger: Path | None = None
        self._wish: Callable[[], object] | None = None
        self._then: Callable[[], object] | None = None
        self._worker: Worker | None = None
        self._progress = Progress()
        self.at_work: Path | None = None
        """The ledger whose files are made or taken away now."""
        self.dialog: DeedDialog | None = None
        self.banner = BannerPlace()
        self.button = QPushButton("Sort into folders…")
        self.button.setProperty("kind", "quiet")
        self.button.clicked.connect(self.ask_for_folders)
        jobs.ended.connect(self._on_job_ended)

    def offer(self, ledger: Path | None, running: bool) -> None:
        """What there is to sort: the photos of a ledger, or none."""
        if ledger != self._ledger and not self.at_work:
            self.banner.say("")
        self._ledger = ledger
        self.button.setVisible(ledger is not None)
        self.button.setEnabled(not running and self.at_work is None)
        self.button.setToolTip(RUNNING if running else AT_WORK if self.at_work else "")

    def ask_for_folders(self) -> None:
        """Ask into which folder, show what that would do, then do it."""
        if self._ledger is None or self.at_work:
            return
        try:
            into = suggested(made_from(self._ledger))
        except ThawError as error:
            self.banner.say(str(error), "error")
            return
        self._open(SortDialog(self._jobs, self._ledger, into, self.button.window()), self._ledger)

    def ask_for_sidecars(self) -> None:
        """Ask how labels are to be written beside the photos, then do it."""
        if self._ledger is not None and not self.at_work:
            self._open(SidecarDialog(self._jobs, self._ledger, self.button.window()), self._ledger)

    def start(self, ledger: Path, deed: Deed, then: Callable[[], object] | None = None) -> None:
        """Do it as soon as the labels are what they are to be; `then` is called where all of it was done and nothing
        was left out."""
        self._when_free(ledger, functools.partial(self._start, ledger, deed, then))

    def _start(self, ledger: Path, deed: Deed, then: Callable[[], object] | None) -> None:
        if self.at_work:
            return
        self.at_work, self._then, self._progress = ledger, None, Progress()
        self._wish = then
        self._worker = worker = self._jobs.start(
            deed.title, functools.partial(do, ledger, deed), "sort", at_place=(ThawError, OSError)
        )
        worker.happened.connect(self._on_happened)
        worker.returned.connect(self._on_done)
        worker.failed.connect(self._on_failed)
        banner = self.banner.say(deed.title, "info", "Stop")
        assert banner
        banner.triggered.connect(worker.control.stop)
        self._tell()
        self.changed.emit()

    def _open(self, dialog: DeedDialog, ledger: Path) -> None:
        self.dialog = dialog
        dialog.wanted.connect(functools.partial(self.start, ledger))
        dialog.finished.connect(self._on_dialog_closed)
        dialog.open()

    def _on_dialog_closed(self, _result: int) -> None:
        self.dialog = None

    def _on_happened(self, event: object) -> None:
        self._progress = after(self._progress, event)
        self._tell()

    def _tell(self) -> None:
        if self._worker and self.banner.banner:
            told = ", ".join(filter(None, (self._progress.detail, self._progress.left)))
            self.banner.banner.label.setText(f"{self._worker.title}{': ' if told else '…'}{told}")

    def _on_failed(self, error: BaseException) -> None:
        self.banner.say(dialogs.in_words(error)[0], "error")

    def _on_done(self, outcome: Outcome) -> None:
        event, ledger = outcome.last, self.at_work
        assert ledger
        is_made = isinstance(event, SortingFinished | SidecarsFinished)
        banner = self.banner.say(words.done(outcome), "warning" if outcome.left else "info", "Undo" if is_made else "")
        assert banner
        if outcome.left:
            banner.add_details(words.left_out(outcome, "left out" if is_made else "left"))
        if isinstance(event, SortingFinished):
            banner.triggered.connect(lambda: self.start(ledger, Undo("photos", event.into)))
            banner.button.setText("Undo all" if event.kept else "Undo")
            folder = banner.add_action("Open folder")
            folder.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(event.into))))
        elif isinstance(event, SidecarsFinished):
            banner.triggered.connect(lambda: self.start(ledger, Undo("sidecars")))
        elif not outcome.left and not event.stopped:
            self._then = self._wish

    def _on_job_ended(self, worker: Worker) -> None:
        if worker is not self._worker:
            return
        then, self._then = self._then, None
        self._worker = self.at_work = None
        self.changed.emit()
        if then:
            then()
