"""Closing a window in which jobs run: asked about, then waited for while each of them ends by itself."""

from __future__ import annotations

import psutil
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QDialog, QWidget

from desktop_app import dialogs
from desktop_app.widgets.veil import Veil
from desktop_app.worker import Jobs

STOPPING_WORDS = "What is done is being saved. Close the window again to end it at once."
KEPT = {
    "train": "It stops cleanly and can be resumed later.",
    "search": "It stops cleanly, and the best run so far is kept.",
    "predict": "It stops cleanly, and what is done is kept.",
    "corrections": "It stops cleanly, and what was added can be undone.",
    "sort": "It stops cleanly, and can be gone on with, or undone, later.",
}
# Losing these costs nothing, so closing does not ask.
STOPPED_UNASKED = ("scan", "baseline", "read", "weights", "weights-look", "sort-look", "watch")


class Closing(QObject):
    """Closes `window` once the jobs that it was asked to stop have ended."""

    def __init__(self, window: QWidget, jobs: Jobs, veil: Veil) -> None:
        super().__init__(window)
        self._window, self._jobs, self._veil = window, jobs, veil
        self.begun = False
        jobs.ended.connect(self._on_job_ended)

    def may_close(self) -> bool:
        """Whether the window may close now. Where jobs run, the person is asked, and they are told to stop; asked once
        more, what does not end by itself is made to."""
        if not self.begun and not self._close_dialogs():
            return False
        if not self._jobs.running():
            self._jobs.close()
            return True
        if self.begun:
            _end_children()
        elif self._may_stop():
            self.begun = True
            self._jobs.close()
            self._veil.appear("Stopping…", STOPPING_WORDS, busy=True)
            # The question took its time; the last job may have ended meanwhile.
            if not self._jobs.running():
                QTimer.singleShot(0, self._window.close)
        return False

    def _close_dialogs(self) -> bool:
        """Whether all that stands open beside the window could be closed: what is not saved is asked about there."""
        for dialog in self._window.findChildren(QDialog):
            if dialog.isVisible():
                dialog.close()
                if dialog.isVisible():
                    return False
        return True

    def _may_stop(self) -> bool:
        asked = [worker for worker in self._jobs.running() if worker.kind not in STOPPED_UNASKED]
        if not asked:
            return True
        kept = KEPT.get(asked[0].kind, "It stops cleanly, and nothing of it is kept.")
        return dialogs.ask(
            self._window, f"“{asked[0].title}” is still running.", kept, "Stop and close", "Keep working"
        )

    def _on_job_ended(self) -> None:
        if self.begun and not self._jobs.running():
            self._window.close()


def _end_children() -> None:
    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
