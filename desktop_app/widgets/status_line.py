"""The line at the foot of the window: what computes, what runs now, how long it will take, and the brakes."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QToolButton, QWidget

from desktop_app import theme
from desktop_app.widgets.labels import ElidedLabel, muted_label
from desktop_app.widgets.progress import Progress, after, show_share
from desktop_app.worker import Jobs, Worker

DRAWINGS_PER_SECOND = 20
# What looks at its control between steps and can wait there.
CAN_PAUSE = ("train", "predict", "watch", "sort")


class StatusLine(QWidget):
    """Follows `jobs` by itself: the heavy job, else the newest one."""

    device_clicked = Signal()

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._progress: dict[Worker, Progress] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(1000 // DRAWINGS_PER_SECOND)
        self._timer.timeout.connect(self._draw)
        self.device = QPushButton()
        self.device.setProperty("kind", "quiet")
        self.device.clicked.connect(self.device_clicked)
        self.device.hide()
        self.text = ElidedLabel()
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(theme.GRID * 24)
        self.bar.setAccessibleName("Progress")
        self.left = muted_label()
        self.left.setFont(theme.figures_font())
        self.pause = _tool("pause", "Pause")
        self.pause.clicked.connect(self._on_pause_clicked)
        self.stop = _tool("square", "Stop")
        self.stop.clicked.connect(self._on_stop_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.GRID, 4, theme.GRID, 4)
        row.setSpacing(theme.GRID)
        row.addWidget(self.device)
        row.addWidget(self.text, 1)
        for widget in (self.bar, self.left, self.pause, self.stop):
            row.addWidget(widget)
        self.setFixedHeight(theme.row() + 14)
        jobs.started.connect(self._on_started)
        jobs.ended.connect(self._on_ended)
        self._draw()

    def set_device(self, name: str) -> None:
        self.device.setText(name)
        theme.set_icon(self.device, "cpu", "muted")
        self.device.setAccessibleName(f"Device: {name}. Show all devices.")
        self.device.setToolTip("What this computer could train on, and why this device")
        self.device.show()

    def _on_started(self, worker: Worker) -> None:
        self._progress[worker] = Progress()
        worker.happened.connect(self._on_happened)
        worker.steered.connect(self._draw_soon)
        self._draw()

    def _on_happened(self, event: object) -> None:
        worker = self.sender()
        if isinstance(worker, Worker) and worker in self._progress:
            self._progress[worker] = after(self._progress[worker], event)
            self._draw_soon()

    def _on_ended(self, worker: Worker) -> None:
        self._progress.pop(worker, None)
        self._draw()

    def _on_pause_clicked(self) -> None:
        if worker := self._jobs.shown:
            worker.control.resume() if worker.control.paused else worker.control.pause()
            self._draw()

    def _on_stop_clicked(self) -> None:
        if worker := self._jobs.shown:
            worker.control.stop()
            self._draw()

    def _draw_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _draw(self) -> None:
        worker = self._jobs.shown
        for widget in (self.bar, self.left, self.stop):
            widget.setVisible(worker is not None)
        self.pause.setVisible(worker is not None and worker.kind in CAN_PAUSE)
        if worker is None:
            self.text.set_whole("")
            return
        progress, control = self._progress.get(worker, Progress()), worker.control
        state = "Stopping… " if control.stopping else "Finishing… " if control.finishing else ""
        state = state or ("Paused: " if control.paused else "")
        self.text.set_whole(state + ", ".join(filter(None, (worker.title, progress.detail))))
        self.left.setText("" if state else progress.left)
        show_share(self.bar, progress.share)
        self._draw_brakes(worker)

    def _draw_brakes(self, worker: Worker) -> None:
        control = worker.control
        word = "Resume" if control.paused else "Pause"
        self.pause.setIcon(theme.icon("play" if control.paused else "pause"))
        for button, text in ((self.pause, word), (self.stop, "Stop")):
            button.setToolTip(f"{text}: {worker.title}")
            button.setAccessibleName(f"{text}: {worker.title}")
        self.pause.setEnabled(not control.stopping and not control.finishing)
        self.stop.setEnabled(not control.stopping)


def _tool(icon: str, name: str) -> QToolButton:
    button = QToolButton()
    button.setIcon(theme.icon(icon))
    button.setToolTip(name)
    button.setAccessibleName(name)
    return button
