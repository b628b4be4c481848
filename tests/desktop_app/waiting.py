"""What tests of the window wait for."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from desktop_app.worker import Jobs


def wait_for_jobs(qtbot: QtBot, jobs: Jobs) -> None:
    """Until none runs any more."""
    qtbot.waitUntil(lambda: not jobs.running())
