"""A dataset as a person sees it: its classes and oddities at the left, its photos at the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.class_table import ALL, ClassTable
from desktop_app.widgets.figures import THIN, quantity
from desktop_app.widgets.findings import Findings
from desktop_app.widgets.fold import Fold
from desktop_app.widgets.labels import ElidedLabel, group_label, muted_label
from desktop_app.widgets.photo_grid import GridPhoto, PhotoGrid
from desktop_app.widgets.photo_viewer import PhotoViewer
from desktop_app.widgets.remembered_splitter import RememberedSplitter
from desktop_app.widgets.search_field import SearchField
from desktop_app.widgets.skipped_list import SkippedList
from desktop_app.widgets.thumbnails import shown

if TYPE_CHECKING:
    from engine.dataset.index import DatasetIndex

SEARCH_FROM_CLASSES = 12
SPLIT_WORDS = {"train": "training", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class PhotoWall:
    """The photos of a dataset, ready to be shown: all of them, and by class; and the settings that suit it. Made in the
    thread that scanned."""

    index: DatasetIndex
    photos: Sequence[GridPhoto]
    by_class: dict[str, list[GridPhoto]]
    suited: dict[str, Any] = field(default_factory=dict)


def photo_wall(index: DatasetIndex, suited: dict[str, Any] | None = None) -> PhotoWall:
    photos, by_class = [], {label: [] for label in index.classes}
    for photo in index.photos:
        split = SPLIT_WORDS.get(photo.split)
        words = f"{photo.label} · {split}" if split else photo.label
        grid_photo = GridPhoto(photo.path, shown(words))
        photos.append(grid_photo)
        by_class[photo.label].append(grid_photo)
    return PhotoWall(index, photos, by_class, suited or {})


def split_note(index: DatasetIndex, val_share: float, test_share: float) -> str:
    """How the photos will be split, or that they are."""
    splits = {photo.split for photo in index.photos}
    if "train" not in splits:
        parts = [(1 - val_share - test_share, "train"), (val_share, "val"), (test_share, "test")]
        words = ", ".join(f"{_whole_percent(share)}\u00a0{word}" for share, word in parts if share > 0)
        return f"Split when training starts, by the seed: {words}."
    locked = "The test photos are locked away until the end." if "test" in splits else ""
    if "val" in splits:
        return locked
    cut = f"When training starts, {_whole_percent(val_share)} of the training photos become val, by the seed."
    return f"{cut} {locked or 'There is no test set.'}"


def _whole_percent(share: float) -> str:
    return f"{round(100 * share, 1):g}{THIN}%"


class DatasetView(QWidget):
    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._wall: PhotoWall | None = None
        self.table = ClassTable()
        self.table.class_chosen.connect(self._on_class_chosen)
        self.search = SearchField("Search classes")
        self.search.textChanged.connect(self.table.set_search)
        self.note = muted_label(wrap=True)
        self.below = QVBoxLayout()
        """What else a page says of the whole dataset."""
        self.findings = Findings()
        self.skipped = SkippedList()
        self.fold = Fold("", self.skipped)
        self.grid = PhotoGrid()
        self.grid.opened.connect(self._on_photo_opened)
        self._heading = ElidedLabel()
        self._heading.setFont(theme.group_font())
        self._number = muted_label()
        self._viewer: PhotoViewer | None = None
        self._lay_out()

    def _lay_out(self) -> None:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, theme.GRID, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(group_label("Classes"))
        column.addWidget(self.search)
        column.addWidget(self.table, 1)
        column.addWidget(self.note)
        column.addLayout(self.below)
        column.addWidget(self.findings)
        column.addWidget(self.fold)
        right = QWidget()
        beside = QVBoxLayout(right)
        beside.setContentsMargins(theme.GRID, 0, 0, 0)
        beside.setSpacing(theme.GRID)
        head = QHBoxLayout()
        head.setSpacing(2 * theme.GRID)
        head.addWidget(self._heading, 1)
        head.addWidget(self._number)
        beside.addLayout(head)
        beside.addWidget(self.grid, 1)
        left.setMinimumWidth(theme.wide(340))
        right.setMinimumWidth(theme.wide(300))
        splitter = RememberedSplitter(self._settings, "data", gap=theme.GRID)
        splitter.begin((left, right), (theme.wide(360), 800), (0, 1))
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(splitter)

    def show_wall(self, wall: PhotoWall) -> None:
        self._wall = wall
        index = wall.index
        self.search.clear()
        self.search.setVisible(len(index.classes) >= SEARCH_FROM_CLASSES)
        self.findings.set_findings(index.findings)
        self.fold.setVisible(bool(index.skipped))
        self.fold.set_title(f"{quantity(len(index.skipped), 'entry', 'entries')} left out")
        self.fold.set_open(False)
        self.skipped.set_skipped(index.root, index.skipped)
        self.table.set_index(index)
        self._on_class_chosen("")

    def set_note(self, text: str) -> None:
        """How the photos are split; "" where there is nothing to say."""
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def _on_class_chosen(self, label: str) -> None:
        if self._wall is None:
            return
        photos = self._wall.by_class.get(label, []) if label else self._wall.photos
        self._heading.set_whole(shown(label) or ALL)
        self._number.setText(quantity(len(photos), "photo"))
        self.grid.set_photos(photos)

    def _on_photo_opened(self, row: int) -> None:
        if self._viewer is None:
            self._viewer = PhotoViewer(self.window())
            self._viewer.moved.connect(lambda row: self.grid.setCurrentIndex(self.grid.photo_model.index(row)))
        self._viewer.show_photos(self.grid.photo_model.photos(), row)
