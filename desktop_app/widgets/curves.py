"""Loss and accuracy of a run, as they come. The only module that loads pyqtgraph; pages import it when first shown."""

from __future__ import annotations

import math
from collections.abc import Iterable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.curve_plot import CurvePlot
from desktop_app.widgets.figures import percent
from desktop_app.widgets.labels import group_label, muted_label
from engine.events import EpochFinished, StepFinished

REDRAW_MS = 50
NARROW = 560
LOW = 360
"""Below so many pixels of width the plots stand one above the other, where they have so many of height."""
MOST_SMOOTHING = 0.9
"""Weight of the past in the smoothed loss of the steps (bias-corrected, as in Adam); less where an epoch is short."""


class CurveData:
    """What the curves show, without a window: the steps' losses, raw and smoothed, and the epochs."""

    def __init__(self) -> None:
        self.steps_per_epoch = self.expected_epochs = 0
        self.positions: list[float] = []
        self.raw: list[float] = []
        self.smooth: list[float] = []
        self.epochs: list[EpochFinished] = []
        self._mean, self._weight = 0.0, 0.0

    def add_step(self, step: StepFinished) -> None:
        self.steps_per_epoch = step.steps
        self.positions.append(float((step.epoch - 1) * step.steps + step.step))
        loss = step.loss if math.isfinite(step.loss) else math.nan
        self.raw.append(loss)
        if math.isfinite(loss):
            past = min(MOST_SMOOTHING, 1 - 4 / max(4, step.steps))
            self._mean = past * self._mean + (1 - past) * loss
            self._weight = past * self._weight + (1 - past)
        self.smooth.append(self._mean / self._weight if self._weight else math.nan)

    def add_epoch(self, epoch: EpochFinished) -> None:
        self.epochs = [known for known in self.epochs if known.epoch < epoch.epoch] + [epoch]

    @property
    def best_epoch(self) -> int | None:
        return self.epochs[-1].best_epoch if self.epochs else None

    def column(self, name: str) -> list[float]:
        return [float(getattr(epoch, name)) for epoch in self.epochs]


class Curves(QWidget):
    """Two plots side by side. However fast events come, one of them is drawn at most every 50 ms, and only where what
    it shows has changed: a drawing takes some 20 ms of the window's thread."""

    redrawn = Signal()

    def __init__(self, parent: QWidget | None = None, with_steps: bool = True) -> None:
        """Without `with_steps` there are epochs only, and nothing to switch."""
        super().__init__(parent)
        self._with_steps = with_steps
        self.data = CurveData()
        self.loss = CurvePlot("Loss", lambda value: f"{value:.3f}")
        self.accuracy = CurvePlot("Accuracy, %", percent, scale=100.0)
        self._timer = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._timer.timeout.connect(self._on_timeout)
        self._stale: list[CurvePlot] = []
        self._by_step = QPushButton("By step", checkable=True)
        self._by_epoch = QPushButton("By epoch", checkable=True, checked=True)
        self._lay_out()
        for widget in (self._title, self._by_step, self._by_epoch):
            widget.setVisible(with_steps)
        self.loss.hovered.connect(self._on_hovered)
        self.accuracy.hovered.connect(self._on_hovered)
        theme.notifier().changed.connect(self._on_theme_changed)
        self._redraw()

    # --- what comes in

    def set_history(self, epochs: Iterable[EpochFinished], steps_per_epoch: int = 0) -> None:
        """Show the epochs of a run that is over, or of the part before a resume; steps are not kept on disk."""
        self.data = CurveData()
        self.data.steps_per_epoch = steps_per_epoch
        for epoch in epochs:
            self.data.add_epoch(epoch)
        self._touch()

    def expect(self, epochs: int) -> None:
        """How long the run will be: the axis is as long from the start, so that the curves do not jump."""
        self.data.expected_epochs = epochs
        self._touch()

    def add_step(self, step: StepFinished) -> None:
        self.data.add_step(step)
        if self._by_step.isChecked():
            self._touch(self.loss)

    def add_epoch(self, epoch: EpochFinished) -> None:
        self.data.add_epoch(epoch)
        self._touch()

    # --- what is drawn

    def _touch(self, *plots: CurvePlot) -> None:
        """Let `plots`, or both, be drawn soon."""
        self._stale += [plot for plot in plots or (self.loss, self.accuracy) if plot not in self._stale]
        if not self._timer.isActive():
            self._timer.start()

    def _on_timeout(self) -> None:
        """Draw one plot; the other waits for its own turn, so that nobody waits for both."""
        self._draw(self._stale.pop(0))
        if self._stale:
            self._timer.start()
        else:
            self.redrawn.emit()

    def _redraw(self) -> None:
        self._timer.stop()
        self._stale.clear()
        for plot in (self.loss, self.accuracy):
            self._draw(plot)
        self.redrawn.emit()

    def _draw(self, plot: CurvePlot) -> None:
        data, by_step = self.data, self._by_step.isChecked()
        # an epoch's values hold at its end, so by step they stand at its last step
        per_epoch = data.steps_per_epoch if by_step and data.steps_per_epoch else 1
        positions = [float(epoch.epoch * per_epoch) for epoch in data.epochs]
        best = None if data.best_epoch is None else float(data.best_epoch * per_epoch)
        word = "step" if by_step else "epoch"
        end = 0 if by_step and not data.steps_per_epoch else data.expected_epochs * per_epoch
        if plot is self.accuracy:
            plot.show_curves(positions, data.column("train_accuracy"), positions, data.column("val_accuracy"))
        elif by_step:
            plot.show_curves(data.positions, data.smooth, positions, data.column("val_loss"), data.raw)
        else:
            plot.show_curves(positions, data.column("train_loss"), positions, data.column("val_loss"))
        plot.show_axis(word, best, end)
        self._show_place(None)

    def _on_hovered(self, position: object) -> None:
        for plot in (self.loss, self.accuracy):
            plot.show_values_at(position if isinstance(position, float) else None)
        self._show_place(position)

    def _show_place(self, position: object) -> None:
        """Where the values of the legends are from: the pointer's place, else the end; then say which epoch is best."""
        if isinstance(position, float):
            self._where.setText(f"{'Step' if self._by_step.isChecked() else 'Epoch'} {round(position)}")
        else:
            best = self.data.best_epoch
            self._where.setText("" if best is None else f"○ best: epoch {best}")

    def _on_theme_changed(self) -> None:
        self.loss.recolour()
        self.accuracy.recolour()
        self._touch()

    def showEvent(self, event: QShowEvent) -> None:
        """The second plot is painted a moment after the first: both at once hold the window up for 50 ms and more."""
        super().showEvent(event)
        self.accuracy.setUpdatesEnabled(False)
        QTimer.singleShot(REDRAW_MS, self.accuracy, lambda: self.accuracy.setUpdatesEnabled(True))

    def resizeEvent(self, event: QResizeEvent) -> None:
        side_by_side = event.size().width() >= NARROW or event.size().height() < LOW
        direction = QBoxLayout.Direction.LeftToRight if side_by_side else QBoxLayout.Direction.TopToBottom
        self._plots.setDirection(direction)
        super().resizeEvent(event)

    def _lay_out(self) -> None:
        switch = QHBoxLayout(spacing=0)
        self._title = group_label("Curves")
        self._where = muted_label()
        switch.addWidget(self._title)
        switch.addSpacing(2 * theme.GRID if self._with_steps else 0)
        switch.addWidget(self._where)
        switch.addStretch(1)
        group = QButtonGroup(self)
        for button, place in ((self._by_epoch, "left"), (self._by_step, "right")):
            button.setProperty("segment", place)
            group.addButton(button)
            switch.addWidget(button)
        group.buttonToggled.connect(lambda *_: self._touch())
        self._plots = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._plots.setSpacing(2 * theme.GRID)
        self._plots.addWidget(self.loss, 1)
        self._plots.addWidget(self.accuracy, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GRID)
        layout.addLayout(switch)
        layout.addLayout(self._plots, 1)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
