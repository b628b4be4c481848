"""What to show of the answers, and from which confidence on a label counts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSlider, QWidget

from desktop_app import theme
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.figures import count
from desktop_app.widgets.prediction.model import LedgerModel
from desktop_app.widgets.search_field import SearchField
from desktop_app.widgets.thumbnails import shown
from engine.prediction.ledger import views

THRESHOLD_TIP = "Answers of a lower confidence are shown and saved as “unknown”."
WAIT_MILLISECONDS = 50
"""After the slider moved, or a letter was typed."""
Choice = tuple[str, str]
"""A kind of photos (`views.ALL` and its like), and the label where it is that."""


class FilterBar(QWidget):
    """Changes the model's view by itself; `threshold_moved` carries the share from which on a label counts."""

    threshold_moved = Signal(float)

    def __init__(self, model: LedgerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.filter = ElidedBox("Show")
        self.filter.setMaximumWidth(theme.wide(220))
        self.filter.setMinimumWidth(theme.wide(124))
        self.filter.setMaxVisibleItems(20)
        self.filter.activated.connect(self._on_filter_activated)
        self.search = SearchField("Search file names")
        self.search.setMinimumWidth(theme.wide(88))
        self._search_timer = self._timer(self._apply_search)
        self.search.textChanged.connect(lambda _text: self._search_timer.start())
        self._threshold_timer = self._timer(lambda: self.threshold_moved.emit(self.threshold.value() / 100))
        self._build_threshold()
        self._lay_out()
        model.was_read.connect(self._tell)
        self._tell()

    def set_threshold(self, share: float) -> None:
        """Show a threshold without saying that it moved."""
        for widget, value in ((self.slider, round(share * 1000)), (self.threshold, share * 100)):
            widget.blockSignals(True)
            widget.setValue(value)
            widget.blockSignals(False)

    def hold(self, reason: str) -> None:
        """The threshold cannot be moved for a `reason`; "" where it can again."""
        for widget, tip in ((self.slider, ""), (self.threshold, THRESHOLD_TIP)):
            widget.setEnabled(not reason)
            widget.setToolTip(reason or tip)

    def forget(self) -> None:
        """Show all photos of whatever comes next."""
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self._search_timer.stop()
        self.filter.clear()

    def _timer(self, work: object) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=WAIT_MILLISECONDS)
        timer.timeout.connect(work)
        return timer

    def _build_threshold(self) -> None:
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
        self.threshold.setToolTip(THRESHOLD_TIP)
        self.slider.valueChanged.connect(lambda value: self.threshold.setValue(value / 10))
        self.threshold.valueChanged.connect(self._on_threshold_changed)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.GRID)
        row.addWidget(self.filter)
        row.addWidget(self.search, 2)
        row.addSpacing(theme.GRID)
        name = QLabel("Threshold")
        name.setBuddy(self.threshold)
        row.addWidget(name)
        row.addWidget(self.slider, 1)
        row.addWidget(self.threshold)

    def _on_threshold_changed(self, value: float) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(round(value * 10))
        self.slider.blockSignals(False)
        if not self._threshold_timer.isActive():
            self._threshold_timer.start()

    def _apply_search(self) -> None:
        self._model.set_view(search=self.search.text().strip())

    def _on_filter_activated(self, _place: int) -> None:
        kind, label = self.filter.currentData()
        self._model.set_view(kind=kind, label=label)

    def _tell(self) -> None:
        """The numbers of the answers, in the choice of what to show."""
        if self.filter.view().isVisible():
            return  # a list that is open must not change under the hand
        counts, view = self._model.counts, self._model.view
        chosen = (view.kind, view.label)
        labels = sorted(counts.labels, key=str.casefold)
        rows: Sequence[tuple[str, Choice, int]] = [
            ("All photos", (views.ALL, ""), counts.photos),
            *((shown(label), (views.OF_LABEL, label), counts.labels[label]) for label in labels),
            ("Unknown", (views.UNKNOWN, ""), counts.unknown),
            ("Not read", (views.FAILED, ""), counts.failed),
            ("Corrected by you", (views.CORRECTED, ""), counts.corrected),
            (
                "Not yet looked at",
                (views.UNSEEN, ""),
                counts.photos - counts.failed - counts.seen if counts.seen else 0,
            ),
        ]
        rows = [row for row in rows if row[2] or row[1] in ((views.ALL, ""), chosen)]
        if view.kind == views.OF_LABEL and chosen not in [row[1] for row in rows]:
            rows.insert(1, (shown(view.label), chosen, 0))
        self.filter.clear()
        for text, choice, number in rows:
            self.filter.add(f"{text} ({count(number)})", choice)
        self.filter.setCurrentIndex(next((place for place, row in enumerate(rows) if row[1] == chosen), 0))
