"""How fast the window opens, and how smoothly it runs while a child trains."""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from desktop_app.main_window import MainWindow
from desktop_app.settings import Settings
from tests.shared_data import shared

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]

BARE = """
import sys, time, psutil
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
class FirstPaint(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self.tell)
        return False
    def tell(self):
        print(f"painted after {time.time() - psutil.Process().create_time():.3f} s", file=sys.stderr, flush=True)
app = QApplication(sys.argv)
window = QMainWindow()
paint = FirstPaint(window)
window.installEventFilter(paint)
window.resize(1280, 800)
window.show()
app.exec()
"""


def seconds_to_paint(command: list[str], home: Path) -> float:
    """Start a program that says when it has painted, and end it."""
    environment = os.environ | {"THAW_STARTUP_TRACE": "1", "THAW_HOME": str(home)}
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert child.stderr
    try:
        for line in child.stderr:
            if line.startswith("painted after"):
                return float(line.split()[2])
    finally:
        child.kill()
        child.wait()
        child.stderr.close()
    raise AssertionError("it never painted")


def test_start(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """From process start to a painted window, beside a bare one of PySide6, interleaved."""
    thaw, bare = [], []
    for _ in range(5):
        bare.append(seconds_to_paint([sys.executable, "-c", BARE], tmp_path))
        thaw.append(seconds_to_paint([sys.executable, "-m", "desktop_app"], tmp_path))
    mine, base = statistics.median(thaw), statistics.median(bare)
    figure(f"window {mine:.3f} s, bare window {base:.3f} s, {mine - base:.3f} s more (medians of 5)")
    assert mine - base <= 0.6 and mine < 1.0


def test_timer_while_training(qtbot: QtBot, tmp_path: Path, figure: Callable[[str], None]) -> None:
    """Intervals of a 10 ms timer in the window's thread, from the press on Start to the end of the run."""
    settings = Settings()
    settings.runs_folder = tmp_path / "runs"
    settings.weights_dir = shared("weights")
    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    window.show_page("data")
    window.page("data").open_folder(shared("data/hymenoptera"))
    qtbot.waitUntil(lambda: window.project.dataset is not None, timeout=60_000)
    window.project.set_config(epochs=2, device="cpu")
    window.show_page("train")
    qtbot.wait(1500)
    ticks: list[float] = []
    timer = QTimer(window, interval=10)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()
    qtbot.wait(200)
    window.page("train").start()
    qtbot.waitUntil(lambda: bool(window.jobs.running("train")), timeout=10_000)
    # A long wait, not a poll: pytest-qt's polling would be timed too.
    window.jobs.ended.connect(timer.stop)
    with qtbot.waitSignal(window.jobs.ended, timeout=600_000):
        pass
    gaps = sorted(1000 * (later - earlier) for earlier, later in itertools.pairwise(ticks))
    p99, worst = gaps[int(0.99 * len(gaps))], gaps[-1]
    figure(
        f"10 ms timer over {len(gaps)} ticks: median {statistics.median(gaps):.1f}, p99 {p99:.1f}, worst {worst:.1f} ms"
    )
    assert p99 <= 20 and worst <= 60
