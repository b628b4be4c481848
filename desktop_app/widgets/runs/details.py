"""One run: its numbers, its confusion matrix, its classes, its wrong pictures and its curves."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.confusion_matrix import Cell, ConfusionMatrix
from desktop_app.widgets.curves import Curves
from desktop_app.widgets.diagnosis.panel import DiagnosisPanel
from desktop_app.widgets.facts_row import FactsRow
from desktop_app.widgets.figures import THIN, count, duration, interval, percent
from desktop_app.widgets.labels import ElidedLabel
from desktop_app.widgets.page_frame import EmptyState
from desktop_app.widgets.photo_grid import PhotoGrid
from desktop_app.widgets.photo_viewer import PhotoViewer
from desktop_app.widgets.plain_table import PlainTable
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.runs.actions import RunActions
from desktop_app.widgets.runs.no_results import NoResults
from desktop_app.widgets.runs.record import SPLIT_TITLES, RunRecord
from desktop_app.widgets.runs.tables import CLASS_COLUMNS, RunRow
from desktop_app.widgets.search_field import SearchField
from engine.events import Diagnosis

FACTS = ("Right", "95 % interval", "Macro F1", "Photos", "Best epoch", "Time")
SEARCH_FROM_CLASSES = 12


class RunDetails(QWidget):
    """Shows a RunRecord; asks for what it cannot do itself through its signals."""

    def __init__(self, settings: Settings, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._record: RunRecord | None = None
        self._viewer: PhotoViewer | None = None
        self.split = "val"
        self.name = ElidedLabel()
        self.name.setFont(theme.group_font())
        self.facts = FactsRow(FACTS)
        self.diagnoses = DiagnosisPanel(project, "Show {}")
        self.switch = {split: QPushButton(title, checkable=True) for split, title in SPLIT_TITLES.items()}
        self.note = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self.note.setProperty("role", "muted")
        self.actions_row = RunActions()
        self.matrix = ConfusionMatrix()
        self.grid = PhotoGrid(side=theme.wide(164), captions=True)
        self.no_wrong = EmptyState("", "", "circle-check")
        self.classes = PlainTable("Classes", CLASS_COLUMNS)
        self.search = SearchField("Search classes")
        self.curves = Curves(with_steps=False)
        self.tabs = QTabWidget()
        self.filter = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self.filter.setProperty("role", "muted")
        self.clear_filter = QPushButton("Show all wrong pictures")
        self.nothing = NoResults()
        self._lay_out()
        self._connect()

    def show_row(self, row: RunRow) -> None:
        """Say which run it is whose results come."""
        summary = row.summary
        self.name.set_whole(summary.called)
        about = [summary.name] if summary.title else []
        self.note.set_whole(" · ".join([*about, *filter(None, [" ".join(summary.note.split())])]))
        self.note.setVisible(bool(self.note.whole()))

    def show_nothing(self, sentence: str, icon: str = "chart-line") -> None:
        """A sentence in place of the results."""
        self._record = None
        self.diagnoses.begin("", "")
        for part in (self.facts, *self.switch.values()):
            part.hide()
        self.nothing.show_sentence(sentence, icon)
        self._body.setCurrentIndex(1)

    def show_record(self, record: RunRecord) -> None:
        """What the run says. Where it says nothing new, what the person has chosen in it stays."""
        before, self._record = self._record, record
        self.show_row(record.row)
        if before and record.has_results_of(before):
            if not record.splits():
                self.nothing.show_run(record.row.state, record.history)
            return
        splits = record.splits()
        if self.split not in splits and splits:
            self.split = splits[0]
        for split, button in self.switch.items():
            button.setVisible(split in splits and len(splits) > 1)
            button.setChecked(split == self.split)
        self.diagnoses.begin(record.row.summary.model, record.row.summary.strategy, record.diagnoses)
        self.curves.set_history(record.history)
        if not splits:
            self.nothing.show_run(record.row.state, record.history)
        self._body.setCurrentIndex(0 if splits else 1)
        self.facts.setVisible(bool(splits))
        if splits:
            self._show_split()

    def show_split(self, split: str) -> None:
        """Look at val, or at the locked test set."""
        if self._record and split in self._record.splits():
            self.split = split
            self.switch[split].setChecked(True)
            self._show_split()

    def _show_split(self) -> None:
        assert self._record
        numbers = self._record.metrics[self.split]
        self.facts.show_values(_facts(numbers, self._record.metrics))
        self.matrix.show_matrix(self._record.classes(self.split), numbers["confusion"])
        self.classes.show_rows(numbers["per_class"])
        self.search.clear()
        self.search.setVisible(len(numbers["per_class"]) >= SEARCH_FROM_CLASSES)
        self._show_photos(None)

    def _show_photos(self, cell: Cell | None) -> None:
        assert self._record
        photos = self._record.photos(self.split, cell)
        self.grid.set_photos(photos)
        self.tabs.setTabText(0, f"{'Wrong pictures' if cell is None else 'Chosen'} ({count(len(photos))})")
        self.filter.set_whole(self.matrix.sentence(cell) if cell else "")
        self._filter_row.setVisible(cell is not None)
        self.no_wrong.set(
            "Every photo was recognised." if cell is None else "There is no such photo.", "", "circle-check"
        )
        self._photos.setCurrentIndex(0 if photos else 1)
        if cell is not None:
            self.tabs.setCurrentIndex(0)

    def _show_doubted(self, diagnosis: Diagnosis) -> None:
        assert self._record
        self.show_split("val")
        photos = self._record.named(diagnosis.photos)
        self.grid.set_photos(photos)
        self.tabs.setTabText(0, f"Chosen ({count(len(photos))})")
        self.filter.set_whole(diagnosis.sentence)
        self._filter_row.setVisible(True)
        self._photos.setCurrentIndex(0 if photos else 1)
        self.tabs.setCurrentIndex(0)

    def _on_photo_opened(self, row: int) -> None:
        if self._viewer is None:
            self._viewer = PhotoViewer(self.window())
        self._viewer.show_photos(self.grid.photo_model.photos(), row)

    def _connect(self) -> None:
        self.matrix.chosen.connect(self._show_photos)
        self.diagnoses.photos_wanted.connect(self._show_doubted)
        self.clear_filter.clicked.connect(lambda: self.matrix.choose(None))
        self.search.textChanged.connect(self.classes.search)
        self.classes.chosen.connect(lambda row: self.matrix.show_class(self.classes.rows().index(row)))
        self.grid.opened.connect(self._on_photo_opened)
        for split, button in self.switch.items():
            button.clicked.connect(lambda _=False, split=split: self.show_split(split))

    # --- how it is made

    def _lay_out(self) -> None:
        self._body = QStackedWidget()
        self._body.addWidget(self._results())
        self._body.addWidget(self.nothing)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addLayout(self._head())
        column.addWidget(self.note)
        column.addWidget(self.facts)
        column.addWidget(self.diagnoses)
        column.addWidget(self._body, 1)

    def _head(self) -> QHBoxLayout:
        group = QButtonGroup(self)
        row = QHBoxLayout(spacing=theme.GRID)
        row.addWidget(self.name, 1)
        pair = QHBoxLayout(spacing=0)
        for (split, button), place in zip(self.switch.items(), ("left", "right"), strict=True):
            button.setProperty("segment", place)
            button.setAccessibleName(f"Show {SPLIT_TITLES[split]}")
            group.addButton(button)
            pair.addWidget(button)
        row.addLayout(pair)
        row.addWidget(self.actions_row)
        return row

    def _results(self) -> QWidget:
        self._filter_row = QWidget()
        line = QHBoxLayout(self._filter_row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.filter, 1)
        line.addWidget(self.clear_filter)
        self._photos = QStackedWidget()
        self._photos.addWidget(self.grid)
        self._photos.addWidget(self.no_wrong)
        pictures = QWidget()
        column = QVBoxLayout(pictures)
        column.setContentsMargins(0, theme.GRID, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self._filter_row)
        column.addWidget(self._photos, 1)
        self.tabs.tabBar().setAccessibleName("Results of the run")
        self.tabs.addTab(pictures, "Wrong pictures")
        self.tabs.addTab(_padded(self.search, self.classes), "Classes")
        self.tabs.addTab(_padded(self.curves), "Curves")
        splitter = RememberedSplitter(self._settings, "run")
        splitter.begin((self.matrix, self.tabs), (380, 620), (2, 3))
        return splitter


def _padded(*widgets: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, theme.GRID, 0, 0)
    column.setSpacing(theme.GRID)
    for widget in widgets:
        column.addWidget(widget)
    return page


def _facts(numbers: dict[str, Any], metrics: dict[str, Any]) -> dict[str, str]:
    return {
        "Right": percent(numbers["accuracy"]),
        "95 % interval": f"{interval(numbers['low'], numbers['high'])}{THIN}%",
        "Macro F1": percent(numbers["macro_f1"]),
        "Photos": count(numbers["photos"]),
        "Best epoch": f"{metrics['best_epoch']} of {metrics['epochs']}",
        "Time": duration(metrics.get("seconds")),
    }
