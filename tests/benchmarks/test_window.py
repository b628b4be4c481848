"""How fast the window opens, and how smoothly it runs while a child trains."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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


@pytest.mark.parametrize(("strategy", "epochs"), [("feature-extraction", 20), ("last-blocks", 10), ("fine-tuning", 2)])
def test_timer_while_training(strategy: str, epochs: int, figure: Callable[[str], None]) -> None:
    """How late a 10 ms timer of the window comes while a child trains, its start and its end included; three runs."""
    probe = [sys.executable, "-m", "tests.benchmarks.timer_probe", shared("data/hymenoptera"), shared("weights")]
    runs = []
    for _ in range(3):
        done = subprocess.run([*probe, strategy, str(epochs)], capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout.splitlines()[-1]))
        figure("{ticks} ticks: median {median:.1f}, p99 {p99:.1f}, worst {worst:.1f} ms".format(**runs[-1]))
    p99, worst = (statistics.median(run[name] for run in runs) for name in ("p99", "worst"))
    figure(f"{strategy}, {epochs} epochs: p99 {p99:.1f}, worst {worst:.1f} ms (medians of 3 runs)")
    assert p99 <= 20 and worst <= 60
