"""Thresholds for single classes, photos that are decided on together, and groups of classes."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app import theme
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.labels import ElidedLabel, muted_label
from desktop_app.widgets.prediction.decision import Decision
from desktop_app.widgets.search_field import SearchField
from desktop_app.widgets.thumbnails import shown
from engine.errors import ThawError

MOST_ROWS = 40
"""Classes in sight; with more, a search finds the others."""
HEIGHT = 150
NAME_WIDTH = 200
LONGEST_SERIES = 3600.0
WAIT_MILLISECONDS = 250
SERIES_TIP = (
    "Photos that one camera took in one folder, each within so many seconds of the one before, get one label from the "
    "mean of their probabilities."
)
GROUPS_TIP = (
    "A CSV file with the columns class and group: where no single class is sure enough, the group is named whose "
    "classes together are."
)


class Thresholds(QWidget):
    """`changed` carries fields of Decision and their values."""

    changed = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._classes: tuple[str, ...] = ()
        self._own: Mapping[str, float] = {}
        self._decision = Decision()
        self.rows: dict[str, ClassRow] = {}
        self._waiting: dict[str, float | None] = {}
        self._timer = QTimer(self, singleShot=True, interval=WAIT_MILLISECONDS)
        self._timer.timeout.connect(self._tell)
        self.search = SearchField("Search classes")
        self.search.textChanged.connect(lambda _text: self._fill())
        self._more = muted_label()
        self._build_series()
        self._build_groups()
        self._lay_out()

    def show_model(self, classes: tuple[str, ...], own: Mapping[str, float]) -> None:
        """The classes that may have a threshold, and those that the model brings along."""
        if (classes, dict(own)) != (self._classes, dict(self._own)):
            self._classes, self._own = classes, own
            self._waiting.clear()
            self.search.clear()
            self._fill()

    def show_decision(self, decision: Decision) -> None:
        self._decision = decision
        self.series.blockSignals(True)
        self.series.setValue(decision.series_seconds)
        self.series.blockSignals(False)
        groups = len({group for _, group in decision.groups})
        self.groups.setText(quantity(groups, "group") if groups else "Choose a file…")
        self.no_groups.setVisible(bool(groups))
        for name, row in self.rows.items():
            self._show_row(name, row)

    def choose_groups(self) -> None:
        """Ask for a file of groups, and use it."""
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose the groups", "", "Tables (*.csv);;All files (*)")
        if chosen:
            self.use_groups(Path(chosen))

    def use_groups(self, path: Path) -> None:
        try:
            hierarchy = importlib.import_module("engine.prediction.hierarchy").read_hierarchy(path)
            hierarchy.check(self._classes)
        except ThawError as error:
            self.failed.emit(error)
            return
        self.changed.emit({"groups": tuple(hierarchy.group_of.items())})

    def _build_series(self) -> None:
        self.series = QDoubleSpinBox()
        self.series.setRange(0, LONGEST_SERIES)
        self.series.setDecimals(0)
        self.series.setSuffix(" s")
        self.series.setSpecialValueText("off")
        self.series.setFixedWidth(theme.wide(92))
        self.series.setToolTip(SERIES_TIP)
        self.series.setAccessibleName("Decide together on photos taken within, in seconds")
        theme.pad(self.series)
        self.series.valueChanged.connect(lambda _value: self._timer.start())

    def _build_groups(self) -> None:
        self.groups = QPushButton("Choose a file…")
        self.groups.setToolTip(GROUPS_TIP)
        self.groups.setAccessibleName("Groups of classes")
        self.groups.clicked.connect(self.choose_groups)
        self.no_groups = QToolButton()
        self.no_groups.setIcon(theme.icon("x", 16, "muted"))
        self.no_groups.setToolTip("Use no groups")
        self.no_groups.setAccessibleName("Use no groups")
        self.no_groups.clicked.connect(lambda: self.changed.emit({"groups": ()}))
        self.no_groups.hide()

    def _lay_out(self) -> None:
        self._grid_of = QWidget()
        self._grid = QGridLayout(self._grid_of)
        self._grid.setContentsMargins(0, 0, theme.GRID, 0)
        self._grid.setHorizontalSpacing(theme.GRID)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(3, 1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._grid_of)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        together = QHBoxLayout(spacing=theme.GRID)
        for text, tip, widgets in (
            ("Decide together on photos taken within", SERIES_TIP, (self.series,)),
            ("Groups", GROUPS_TIP, (self.groups, self.no_groups)),
        ):
            label = QLabel(text)
            label.setToolTip(tip)
            label.setBuddy(widgets[0])
            together.addWidget(label)
            for widget in widgets:
                together.addWidget(widget)
            together.addSpacing(theme.GRID)
        together.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, theme.GRID)
        column.setSpacing(theme.GRID)
        for widget in (self.search, self._scroll, self._more):
            column.addWidget(widget)
        column.addLayout(together)

    def _fill(self) -> None:
        for row in self.rows.values():
            row.remove()
        self.rows = {}
        wanted = self.search.text().strip().casefold()
        found = [name for name in self._classes if wanted in name.casefold()]
        for place, name in enumerate(found[:MOST_ROWS]):
            self.rows[name] = row = ClassRow(name, self._own.get(name), self._grid, place)
            row.spin.valueChanged.connect(lambda value, name=name: self._on_value(name, value / 100))
            row.reset.clicked.connect(lambda _checked=False, name=name: self._on_value(name, None))
            self._show_row(name, row)
        left = len(found) - len(self.rows)
        self._more.setText(f"{quantity(left, 'more class', 'more classes')}: search by name." if left else "")
        self._more.setVisible(bool(left))
        self.search.setVisible(len(self._classes) > MOST_ROWS)
        height = self._grid.sizeHint().height() + 2
        self._scroll.setFixedHeight(min(theme.wide(HEIGHT), height))

    def _show_row(self, name: str, row: ClassRow) -> None:
        by_class = dict(self._decision.by_class)
        usual = max(self._decision.threshold, self._own.get(name, 0.0))
        row.show_value(by_class.get(name, usual), name in by_class)

    def _on_value(self, name: str, value: float | None) -> None:
        self._waiting[name] = value
        self._timer.start()

    def _tell(self) -> None:
        by_class: dict[str, float | None] = {**dict(self._decision.by_class), **self._waiting}
        self._waiting.clear()
        kept = tuple((name, value) for name, value in by_class.items() if value is not None)
        self.changed.emit({"by_class": kept, "series_seconds": self.series.value()})


class ClassRow:
    """A class, from which confidence on it is named, and the way back to the usual threshold."""

    def __init__(self, name: str, own: float | None, grid: QGridLayout, place: int) -> None:
        self.name = ElidedLabel(shown(name))
        self.name.setFixedWidth(theme.wide(NAME_WIDTH))
        self.own = muted_label("" if own is None else f"the model's own: {own * 100:.1f} %")
        self.spin = QDoubleSpinBox()
        self.spin.setRange(0, 100)
        self.spin.setDecimals(1)
        self.spin.setSingleStep(5)
        self.spin.setSuffix(" %")
        self.spin.setFixedWidth(theme.wide(92))
        self.spin.setAccessibleName(f"Threshold of {shown(name)} in percent")
        theme.pad(self.spin)
        self.reset = QToolButton()
        self.reset.setIcon(theme.icon("rotate-ccw", 16, "muted"))
        self.reset.setToolTip("Back to the usual threshold")
        self.reset.setAccessibleName(f"{shown(name)}: back to the usual threshold")
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self._widgets: Sequence[QWidget] = (self.name, self.spin, self.reset, self.own)
        for column, widget in enumerate(self._widgets):
            grid.addWidget(widget, place, column)

    def show_value(self, value: float, is_own: bool) -> None:
        """`is_own`: the person chose it for this class."""
        self.spin.blockSignals(True)
        self.spin.setValue(value * 100)
        self.spin.blockSignals(False)
        self.reset.setVisible(is_own)
        font = self.name.font()
        font.setBold(is_own)
        self.name.setFont(font)

    def remove(self) -> None:
        for widget in self._widgets:
            widget.hide()
            widget.deleteLater()
