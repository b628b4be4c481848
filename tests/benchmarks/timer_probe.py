"""Intervals of a 10 ms timer in the window's thread while a child trains, from before Start to the end of the run.

    python -m tests.benchmarks.timer_probe DATA WEIGHTS_DIR STRATEGY EPOCHS

prints one line of JSON: ticks, and median, p99 and worst in milliseconds. A process of its own, as the window is one.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["THAW_HOME"] = tempfile.mkdtemp(prefix="thaw-timer-")

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from desktop_app import theme, training_job
from desktop_app.main_window import MainWindow
from desktop_app.settings import Settings


def wait(app: QApplication, until: Callable[[], object]) -> None:
    while not until():
        app.processEvents()
        time.sleep(0.002)


def main() -> None:
    data, weights_dir, strategy, epochs = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    app = QApplication(sys.argv[:1])
    theme.apply(app)
    settings = Settings()
    settings.weights_dir = weights_dir
    window = MainWindow(settings)
    window.resize(1280, 800)
    window.show()
    window.show_page("data")
    window.page("data").open_folder(data)
    wait(app, lambda: window.project.dataset is not None)
    window.project.set_config(model="mobilenet_v2", strategy=strategy, epochs=epochs, device="cpu")
    window.show_page("train")
    settled = time.monotonic() + 1.5
    wait(app, lambda: time.monotonic() > settled)
    ticks: list[float] = []
    timer = QTimer(window, interval=10)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    timer.start()
    QTimer.singleShot(200, window.page("train").start)
    window.jobs.ended.connect(lambda job: QTimer.singleShot(300, app.quit) if job.kind == training_job.KIND else None)
    app.exec()
    timer.stop()
    window.jobs.close()
    wait(app, lambda: not window.jobs.running())
    gaps = sorted(1000 * (later - earlier) for earlier, later in itertools.pairwise(ticks))
    p99 = gaps[int(0.99 * len(gaps))]
    print(json.dumps({"ticks": len(gaps), "median": statistics.median(gaps), "p99": p99, "worst": gaps[-1]}))  # noqa: T201


if __name__ == "__main__":
    main()
