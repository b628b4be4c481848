"""The answers of a batch: what to show and from which confidence on, the table, and one photo large."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.figures import count, quantity
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.photo_grid import GridPhoto
from desktop_app.widgets.photo_viewer import PhotoViewer
from desktop_app.widgets.prediction.detail import PredictionDetail
from desktop_app.widgets.prediction.model import ALL, ONLY_FAILED, ONLY_UNKNOWN, PredictionModel
from desktop_app.widgets.prediction.table import PredictionTable
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.search_field import SearchField
from desktop_app.widgets.thumbnails import shown
from engine.events import Prediction

DRAWINGS_PER_SECOND = 20
WIDE_FROM = 480


class PredictionResults(QWidget):
    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._arrived: list[Prediction] = []
        self._viewer: PhotoViewer | None = None
        self.model = PredictionModel(self)
        self.table = PredictionTable(self.model)
        self.detail = PredictionDetail(self.model)
        self.table.chosen.connect(self.detail.set_prediction)
        self.table.opened.connect(self._enlarge)
        self.detail.enlarged.connect(self._enlarge)
        self._build_controls()
        self._append_timer = self._timer(self._append)
        self._threshold_timer = self._timer(self._apply_threshold)
        self._lay_out()

    def _timer(self, work: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(1000 // DRAWINGS_PER_SECOND)
        timer.timeout.connect(work)
        return timer

    def _build_controls(self) -> None:
        self.filter = ElidedBox("Show")
        self.filter.setMaximumWidth(theme.wide(220))
        self.filter.setMinimumWidth(theme.wide(124))
        self.filter.setMaxVisibleItems(20)
        self.filter.activated.connect(self._on_filter_activated)
        self.search = SearchField("Search file names")
        self.search.setMinimumWidth(theme.wide(88))
        self.search.textChanged.connect(self.model.set_search)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 1000)
        self.slider.setMinimumWidth(48)
        self.slider.setMaximumWidth(theme.wide(140))
        self.slider.setAccessibleName("Threshold")
        self.threshold = QDoubleSpinBox()
        self.threshold.setRange(0, 100)
        self.threshold.setDecimals(1)
        theme.pad(self.threshold)
        self.threshold.setSingleStep(5)
        self.threshold.setSuffix(" %")
        self.threshold.setFixedWidth(theme.wide(92))
        self.threshold.setAccessibleName("Threshold in percent")
        self.threshold.setToolTip("Answers of a lower confidence are shown and saved as “unknown”.")
        self.slider.valueChanged.connect(lambda value: self.threshold.setValue(value / 10))
        self.threshold.valueChanged.connect(self._on_threshold_changed)
        self.summary = muted_label()

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.setSpacing(theme.GRID)
        above.addWidget(self.filter)
        above.addWidget(self.search, 2)
        above.addSpacing(theme.GRID)
        name = QLabel("Threshold")
        name.setBuddy(self.threshold)
        above.addWidget(name)
        above.addWidget(self.slider, 1)
        above.addWidget(self.threshold)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, theme.GRID, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(above)
        column.addWidget(self.table, 1)
        column.addWidget(self.summary)
        left.setMinimumWidth(theme.wide(WIDE_FROM))
        self.detail.setMinimumWidth(theme.wide(220))
        splitter = RememberedSplitter(self._settings, "predict", gap=theme.GRID)
        splitter.begin((left, self.detail), (740, theme.wide(300)), (1, 0))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(splitter)

    # --- rows ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Forget the answers there are; another batch starts."""
        self._append_timer.stop()
        self._arrived = []
        self.model.clear()
        self.detail.set_prediction(None)
        self.table.show_errors(False)
        self.search.clear()
        self.model.set_filter(ALL)
        self._tell()

    def add(self, prediction: Prediction) -> None:
        """Take an answer; the table shows it within a twentieth of a second."""
        self._arrived.append(prediction)
        if not self._append_timer.isActive():
            self._append_timer.start()

    def finish(self) -> None:
        """The batch is done or stopped: everything that came is shown, and in order."""
        self._append_timer.stop()
        self._append()
        self.model.settle()

    def results(self) -> list[Prediction]:
        return self.model.results()

    def _append(self) -> None:
        arrived, self._arrived = self._arrived, []
        if not arrived:
            return
        self.model.append(arrived)
        if any(prediction.error for prediction in arrived):
            self.table.show_errors(True)
        if not self.table.currentIndex().isValid() and self.model.rowCount():
            self.table.selectRow(0)
        self._tell()

    # --- threshold, filter ---------------------------------------------------------------------------------------

    def _on_threshold_changed(self, value: float) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(round(value * 10))
        self.slider.blockSignals(False)
        if not self._threshold_timer.isActive():
            self._threshold_timer.start()

    def _apply_threshold(self) -> None:
        self.model.set_threshold(self.threshold.value() / 100)
        self.detail.refresh()
        self._tell()

    def _on_filter_activated(self, _place: int) -> None:
        self.model.set_filter(self.filter.currentData())

    def _tell(self) -> None:
        """The numbers of the answers: in the choice of what to show, and below the table."""
        counts = self.model.counts()
        chosen = self.filter.currentData() if self.filter.count() else ALL
        labels = sorted((key for key in counts if isinstance(key, str)), key=str.casefold)
        rows: Sequence[tuple[str, object, int]] = [
            ("All photos", ALL, self.model.total()),
            *((shown(label), label, counts[label]) for label in labels),
            ("Unknown", ONLY_UNKNOWN, counts[ONLY_UNKNOWN]),
            ("Not read", ONLY_FAILED, counts[ONLY_FAILED]),
        ]
        rows = [row for row in rows if row[2] or row[1] is ALL or row[1] == chosen]
        self.filter.clear()
        for text, key, number in rows:
            self.filter.add(f"{text} ({count(number)})", key)
        self.filter.setCurrentIndex(next((place for place, row in enumerate(rows) if row[1] == chosen), 0))
        told = [quantity(self.model.total(), "photo")]
        told += [
            f"{count(counts[key])} {word}"
            for key, word in ((ONLY_UNKNOWN, "unknown"), (ONLY_FAILED, "not read"))
            if counts[key]
        ]
        self.summary.setText(" · ".join(told))

    def _enlarge(self) -> None:
        if self.detail.prediction is None:
            return
        if self._viewer is None:
            self._viewer = PhotoViewer(self.window())
            self._viewer.moved.connect(self.table.selectRow)
        model = self.model
        rows = [model.prediction(row) for row in range(model.rowCount())]
        self._viewer.open(
            [GridPhoto(one.path, shown(model.label(one))) for one in rows], self.table.currentIndex().row()
        )
