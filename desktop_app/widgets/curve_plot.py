"""One plot of a train and a val curve, with its legend, its values under the pointer and the best epoch marked."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QLineF, QObject, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.plot_style import dress, quieten

DASHES = {"train_curve": Qt.PenStyle.SolidLine, "val_curve": Qt.PenStyle.DashLine}
FAINT = 70
ROOM_FOR_LABEL = 200
ROOM_FOR_LEGEND = 280
FEW_POINTS = 40
"""Up to so many points each is marked with a dot; past that the line says it all."""


class CurvePlot(QWidget):
    """`write` turns a value into the words of the legend; the axis shows values times `scale`."""

    hovered = Signal(object)  # float: the position under the pointer; None when it leaves

    def __init__(self, title: str, write: Callable[[float], str], scale: float = 1.0) -> None:
        super().__init__()
        self._write, self._scale, self._title = write, scale, title
        self._curves: dict[str, tuple[list[float], list[float]]] = {"train_curve": ([], []), "val_curve": ([], [])}
        self._known: list[float] = []
        self._plot = pg.PlotWidget()
        self._raw = pg.PlotCurveItem()
        self._lines = {name: pg.PlotDataItem() for name in DASHES}
        self._best_line = pg.InfiniteLine(angle=90)
        self._best_mark = pg.ScatterPlotItem(size=11, pxMode=True)
        self._pointer = pg.InfiniteLine(angle=90)
        self._legend = {
            "train_curve": _LegendEntry("train", "train_curve"),
            "val_curve": _LegendEntry("val", "val_curve"),
        }
        self._set_up()
        self._lay_out()
        self.recolour()

    # --- what is shown

    def show_curves(
        self,
        train_at: Sequence[float],
        train: Sequence[float],
        val_at: Sequence[float],
        val: Sequence[float],
        raw: Sequence[float] = (),
    ) -> None:
        self._curves = {"train_curve": (list(train_at), list(train)), "val_curve": (list(val_at), list(val))}
        self._known = sorted({place for at, _ in self._curves.values() for place in at})
        for name, (at, values) in self._curves.items():
            scaled = [value * self._scale for value in values]
            self._lines[name].setData(at, scaled, symbol="o" if 0 < len(at) <= FEW_POINTS else None)
        self._raw.setData(list(train_at) if raw else [], list(raw))
        self.show_values_at(None)

    def show_axis(self, word: str, best_at: float | None, end: int = 0) -> None:
        """Name the axis (“step” or “epoch”) and mark the best epoch at `best_at`. The axis
        goes to `end` at least."""
        self._plot.setLabel("bottom", word.capitalize())
        self._best_line.setVisible(best_at is not None)
        at, values = self._curves["val_curve"]
        if best_at is None or best_at not in at:
            self._best_mark.setData([], [])
        else:
            self._best_line.setValue(best_at)
            self._best_mark.setData([best_at], [values[at.index(best_at)] * self._scale])
        self._fit(word, end)
        self.show_values_at(None)

    def show_values_at(self, position: float | None) -> None:
        """The legend's values at `position`, or the latest ones."""
        self._pointer.setVisible(position is not None)
        if position is not None:
            self._pointer.setValue(position)
        for name, (at, values) in self._curves.items():
            self._legend[name].set_value(_value_at(at, values, position, self._write))

    def recolour(self) -> None:
        """Take the colours of the scheme that holds now."""
        ink = theme.colour("muted")
        dress(self._plot)
        for name, dash in DASHES.items():
            self._lines[name].setPen(pg.mkPen(theme.colour(name), width=2, style=dash))
            self._lines[name].setSymbolBrush(theme.colour(name))
            self._lines[name].setSymbolPen(pg.mkPen(None))
            self._legend[name].update()
        faint = QColor(theme.colour("train_curve"))
        faint.setAlpha(FAINT)
        self._raw.setPen(pg.mkPen(faint, width=1))
        self._best_line.setPen(pg.mkPen(ink, width=1, style=Qt.PenStyle.DotLine))
        self._best_mark.setPen(pg.mkPen(theme.colour("val_curve"), width=2))
        self._best_mark.setBrush(theme.colour("surface"))
        self._pointer.setPen(pg.mkPen(ink, width=1))

    # --- how it is made

    def _set_up(self) -> None:
        quieten(self._plot)
        item = self._plot.getPlotItem()
        item.setDownsampling(auto=True, mode="peak")
        item.setClipToView(True)
        self._plot.setAccessibleName(f"{self._title} by epoch or step")
        for shown in (self._best_line, self._raw, *self._lines.values(), self._best_mark, self._pointer):
            item.addItem(shown)
        for line in self._lines.values():
            line.setSymbolSize(6)
        self._plot.setMinimumSize(160, 96)
        self._plot.setMouseTracking(True)
        self._plot.scene().sigMouseMoved.connect(self._on_moved)
        self._plot.viewport().installEventFilter(self)

    def _lay_out(self) -> None:
        entries = QHBoxLayout(spacing=theme.GRID * 2)
        for entry in self._legend.values():
            entries.addWidget(entry)
        entries.addStretch(1)
        self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._head.setSpacing(theme.GRID * 2)
        self._head.addWidget(QLabel(self._title))
        self._head.addLayout(entries, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GRID)
        layout.addLayout(self._head)
        layout.addWidget(self._plot, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        narrow = event.size().width() < theme.wide(ROOM_FOR_LEGEND)
        self._head.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        self._head.setSpacing(theme.GRID // 2 if narrow else theme.GRID * 2)
        self._plot.getAxis("bottom").showLabel(event.size().height() >= ROOM_FOR_LABEL)
        super().resizeEvent(event)

    def _fit(self, word: str, end: int) -> None:
        ends = [at[-1] for at, _ in self._curves.values() if at]
        last = max([*ends, float(end)], default=1.0)
        start = 0.0 if word == "step" else min([at[0] for at, _ in self._curves.values() if at], default=0.0)
        self._plot.setXRange(start, max(last, start + 1.0), padding=0.03)
        ticks = None
        if word == "epoch" and last <= 12:
            ticks = [[(float(epoch), str(epoch)) for epoch in range(int(start), int(last) + 2)]]
        self._plot.getAxis("bottom").setTicks(ticks)
        self._plot.getAxis("left").setTicks(None if ends else [[]])  # numbers that are nobody's say nothing
        self._plot.enableAutoRange(axis="y")

    def _on_moved(self, point: QPointF) -> None:
        box = self._plot.getPlotItem().vb
        if not box.sceneBoundingRect().contains(point):
            self.hovered.emit(None)
            return
        wanted = box.mapSceneToView(point).x()
        if self._known:
            self.hovered.emit(min(_around(self._known, wanted), key=lambda place: abs(place - wanted)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self.hovered.emit(None)
        return super().eventFilter(watched, event)


class _LegendEntry(QWidget):
    """A piece of the line as it is drawn, its name and its value."""

    def __init__(self, name: str, colour: str) -> None:
        super().__init__()
        self._colour = colour
        self._name = QLabel(name)
        self._value = QLabel("–")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(_SAMPLE.width() + theme.GRID // 2, 0, 0, 0)
        layout.setSpacing(theme.GRID // 2)
        self._name.setProperty("role", "muted")
        layout.addWidget(self._name)
        layout.addWidget(self._value)

    def set_value(self, text: str) -> None:
        self._value.setText(text)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(theme.colour(self._colour), 2, DASHES[self._colour])
        if DASHES[self._colour] == Qt.PenStyle.DashLine:
            pen.setDashPattern([3.0, 2.0])
        painter.setPen(pen)
        middle = self.height() / 2
        painter.drawLine(QLineF(0, middle, _SAMPLE.width(), middle))


_SAMPLE = QSize(20, 2)


def _around(known: list[float], wanted: float) -> list[float]:
    place = bisect.bisect_left(known, wanted)
    return known[max(0, place - 1) : place + 1]


def _value_at(at: list[float], values: list[float], position: float | None, write: Callable[[float], str]) -> str:
    if not at:
        return "–"
    place = len(at) - 1 if position is None else bisect.bisect_right(at, position) - 1
    return write(values[place]) if place >= 0 and math.isfinite(values[place]) else "–"
