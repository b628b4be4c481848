"""How the learning rate will go over the next run, drawn as the settings change."""

from __future__ import annotations

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.figures import plain
from desktop_app.widgets.labels import group_label, muted_label
from desktop_app.widgets.plot_style import dress, quieten
from desktop_app.worker import Jobs
from engine.config import TrainConfig
from engine.errors import ThawError
from engine.models.catalog import find_model
from engine.models.optimizers import OPTIMIZERS
from engine.models.rate_curve import RateCurve, rate_curve
from engine.models.recipes import choose_recipe
from engine.models.schedules import SCHEDULES
from engine.models.strategies import STRATEGIES, Strategy

HEIGHT = 160
REDRAW_MS = 50
FEW_EPOCHS = 12
"""Up to so many epochs each has its number on the axis."""


class ScheduleSection(QWidget):
    """Drawn at most every 50 ms, and only while it can be seen: a number that is being typed changes often."""

    def __init__(self, project: Project, _jobs: Jobs, _settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Schedule of the learning rate")
        self._project = project
        self._curve: RateCurve | None = None
        self._decided: TrainConfig | None = None
        self.plot = pg.PlotWidget()
        self.line = pg.PlotCurveItem()
        self._pointer = pg.InfiniteLine(angle=90)
        self.value = muted_label()
        self.sentence = muted_label(wrap=True)
        self._timer = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._timer.timeout.connect(self._show_config)
        self._set_up()
        self._lay_out()
        self._recolour()
        project.config_changed.connect(self._touch)
        theme.notifier().changed.connect(self._recolour)

    def _touch(self) -> None:
        if self.isVisible():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_config()

    def _show_config(self) -> None:
        config = self._project.config
        strategy = STRATEGIES[config.strategy]
        try:
            spec = find_model(config.model)
            self._decided = decided = choose_recipe(config, spec, strategy)
            self._curve = curve = rate_curve(decided, spec, strategy)
        except ThawError as error:  # the timeline does not fit the model, or that is no more: nothing can be drawn
            self._decided = self._curve = None
            self.plot.hide()
            self.value.setText("")
            self.sentence.setText(str(error))
            return
        self.plot.show()
        self.line.setData(list(curve.epochs), list(curve.rates))
        self._fit(curve)
        self.sentence.setText(in_words(decided, strategy))
        self.plot.setAccessibleDescription(self.sentence.text())
        self._show_value(None)

    def _fit(self, curve: RateCurve) -> None:
        end = curve.epochs[-1]
        self.plot.setXRange(0, end, padding=0.02)
        top = max(curve.rates)
        self.plot.setYRange(-0.1 * top, 1.15 * top, padding=0)  # the largest number stands on the axis, whole
        ticks = [[(float(epoch), str(epoch)) for epoch in range(int(end) + 1)]] if end <= FEW_EPOCHS else None
        self.plot.getAxis("bottom").setTicks(ticks)
        self.plot.getAxis("left").setTicks([[(share * top, short(share * top, top)) for share in (0.0, 0.5, 1.0)]])

    def _show_value(self, epoch: float | None) -> None:
        """The rate under the pointer, or the largest and the last."""
        curve, decided = self._curve, self._decided
        self._pointer.setVisible(epoch is not None and curve is not None)
        if curve is None or decided is None:
            return
        top = max(curve.rates)
        if epoch is None:
            title = OPTIMIZERS[str(decided.optimizer)].title
            ends = "" if decided.schedule == "plateau" else f" · ends at {short(curve.rates[-1], top)}"
            self.value.setText(f"{title} · at most {short(top, top)}{ends}")
            return
        place = min(range(len(curve.epochs)), key=lambda place: abs(curve.epochs[place] - epoch))
        self._pointer.setValue(curve.epochs[place])
        self.value.setText(f"after {curve.epochs[place]:.1f} epochs: {short(curve.rates[place], top)}")

    def _on_moved(self, point: QPointF) -> None:
        box = self.plot.getPlotItem().vb
        inside = box.sceneBoundingRect().contains(point)
        self._show_value(box.mapSceneToView(point).x() if inside else None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._show_value(None)
        return super().eventFilter(watched, event)

    def _recolour(self) -> None:
        dress(self.plot)
        self.line.setPen(pg.mkPen(theme.colour("train_curve"), width=2))
        self._pointer.setPen(pg.mkPen(theme.colour("muted"), width=1))

    def _set_up(self) -> None:
        quieten(self.plot)
        self.plot.setAccessibleName("Learning rate by epoch")
        self.plot.setLabel("bottom", "Epoch")
        self.plot.setLabel("left", "Rate")
        self.plot.setFixedHeight(theme.wide(HEIGHT))
        for item in (self.line, self._pointer):
            self.plot.addItem(item)
        self.plot.setMouseTracking(True)
        self.plot.scene().sigMouseMoved.connect(self._on_moved)
        self.plot.viewport().installEventFilter(self)

    def _lay_out(self) -> None:
        head = QHBoxLayout(spacing=2 * theme.GRID)
        head.addWidget(group_label("Schedule"))
        head.addStretch(1)
        head.addWidget(self.value)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(head)
        column.addWidget(self.plot)
        column.addWidget(self.sentence)


def in_words(config: TrainConfig, strategy: Strategy) -> str:
    """What the curve cannot say of settings that are decided."""
    row = SCHEDULES[config.schedule]
    rises = f"rises over {plain(config.warmup_epochs)} epochs, then " if config.warmup_epochs else ""
    words = [f"The learning rate {rises}{row.sentence}."]
    if config.schedule == "plateau":
        times = "an epoch" if config.plateau_epochs == 1 else f"{config.plateau_epochs} epochs"
        words.append(
            f"When, only validation will tell: after {times} without improvement it is multiplied by "
            f"{plain(config.rate_factor or 0)}. It is drawn as if validation always improved."
        )
    if strategy.restarts:
        words.append("Each phase has a schedule of its own.")
    elif strategy.gradual:
        words.append("Blocks that join later have a warm-up of their own.")
    ratio = config.block_lr_ratio or 1.0
    if ratio < 1:
        words.append(
            f"Drawn is the head's; the first block has {plain(ratio)} of it, those between have rates between."
        )
    return " ".join(words)


def short(rate: float, top: float) -> str:
    """Three digits that count; what is less than a thousandth of the largest is as good as nought."""
    return plain(float(f"{rate:.3g}")) if rate >= top / 1000 else "0"
