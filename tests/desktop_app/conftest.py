"""What the tests of the window share, and what they may not leave behind."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThreadPool, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop_app import theme
from desktop_app.pages.data import DataPage
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.camera import door
from desktop_app.worker import Jobs
from engine import process
from tests.desktop_app.child import Child

PATIENCE = 60_000
"""Milliseconds. A wait ends with what it waits for; on a machine that others keep busy, a moment may take long."""

# Of the offscreen platform itself, and no fault of the window.
HARMLESS = (
    *("This plugin does not support", "QFontDatabase", "Populating font family aliases", "propagateSizeHints"),
    *("Couldn't load", "Couldn't resolve", "No RHI backend"),  # of its multimedia library: what makes video faster
)


class PatientBot(QtBot):
    """Waits long before it gives up."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = PATIENCE) -> None:
        super().waitUntil(callback, timeout=max(timeout, PATIENCE))

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE, **how: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **how)

    def waitSignals(self, signals: Any, *, timeout: int = PATIENCE, **how: Any) -> Any:
        return super().waitSignals(signals, timeout=timeout, **how)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> PatientBot:  # noqa: ARG001
    return PatientBot(request)


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """pytest-qt's application, dressed as the program dresses it."""
    theme.apply(qapp)
    return qapp


@pytest.fixture(autouse=True)
def clean_end(qapp: QApplication, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Fail a test that leaves threads or top-level windows, or that makes Qt warn."""
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    warnings: list[str] = []

    def collect(kind: QtMsgType, _context: object, text: str) -> None:
        if kind in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg) and not any(word in text for word in HARMLESS):
            warnings.append(text)

    threads = set(threading.enumerate())
    windows = set(QApplication.topLevelWidgets())
    before = qInstallMessageHandler(collect)
    yield
    qapp.processEvents()
    _let_windows_go()
    qInstallMessageHandler(before)
    QThreadPool.globalInstance().waitForDone(5000)
    left = [thread.name for thread in threading.enumerate() if thread not in threads and thread.is_alive()]
    # What Qt's threads look like to Python is a dummy that outlives them.
    left = [name for name in left if not name.startswith("Dummy")]
    shown = [widget for widget in QApplication.topLevelWidgets() if widget not in windows and widget.isVisible()]
    assert not left, f"threads left running: {left}"
    assert not shown, f"windows left open: {shown}"
    assert not warnings, f"Qt warned: {warnings}"


@pytest.fixture(autouse=True)
def no_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on what is plugged into this computer, nor waits for Qt's multimedia library."""
    monkeypatch.setattr(door, "system_cameras", lambda _parent: None)


def _let_windows_go() -> None:
    """Hundreds of windows that nobody uses any more would make each change of the theme slow. What is to be deleted
    waits for an event loop that a test does not have; and the window keeps its pages out of garbage collection, as it
    lives as long as the program."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()


@pytest.fixture
def project() -> Iterator[Project]:
    yield Project()


@pytest.fixture
def settings() -> Iterator[Settings]:
    yield Settings()


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Child:
    """In place of every child process."""
    child = Child()
    monkeypatch.setattr(process, "run", child.run)
    return child


@pytest.fixture
def jobs(qapp: QApplication) -> Iterator[Jobs]:
    """Jobs that have all ended when the test ends."""
    jobs = Jobs()
    yield jobs
    jobs.close()
    deadline = time.monotonic() + PATIENCE / 1000
    while jobs.running() and time.monotonic() < deadline:
        qapp.processEvents()
        time.sleep(0.001)
    assert not jobs.running(), f"jobs left running: {[worker.title for worker in jobs.running()]}"


@pytest.fixture
def data_page(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> DataPage:
    page = DataPage(project, jobs, settings)
    qtbot.addWidget(page)
    page.resize(1100, 700)
    page.show()
    return page
