"""Photos by class, each with a tick: what is proposed, and what of it a person takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count, percent
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.photo_grid import GridPhoto, PhotoGrid
from desktop_app.widgets.thumbnails import shown
from engine.events import PseudoLabel

TICKED, UNTICKED = ("circle-check", "text"), ("circle", "muted")


class TickGrid(PhotoGrid):
    """A click or Space ticks, Enter shows the photo large."""

    ticked = Signal(int)
    enlarge = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(captions=True, parent=parent)
        self.opened.connect(self.ticked)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.currentIndex().row()
        if row >= 0 and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.enlarge.emit(row)
            event.accept()
            return
        super().keyPressEvent(event)


class TickedPhotos(QWidget):
    """`changed` says that a tick has come or gone; `enlarge` carries the row of a photo to show large."""

    changed = Signal()
    enlarge = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._by_class: dict[str, list[PseudoLabel]] = {}
        self._unticked: set[PseudoLabel] = set()
        self._in_sight: list[PseudoLabel] = []
        self._cells: list[GridPhoto] = []
        self.classes = QListWidget()
        self.grid = TickGrid()
        self.all = QPushButton("Tick all")
        self.none = QPushButton("Untick all")
        self._lay_out()
        self.classes.currentRowChanged.connect(self._on_class_changed)
        self.grid.ticked.connect(self.toggle)
        self.grid.enlarge.connect(self.enlarge)
        self.all.clicked.connect(lambda: self._tick_in_sight(True))
        self.none.clicked.connect(lambda: self._tick_in_sight(False))

    def show_photos(self, photos: Sequence[PseudoLabel]) -> None:
        """These photos, all ticked."""
        self._by_class, self._unticked = {}, set()
        for photo in photos:
            self._by_class.setdefault(photo.label, []).append(photo)
        self.classes.clear()
        for label in self._by_class:
            item = QListWidgetItem()
            item.setData(Qt.ItemDataRole.UserRole, label)
            item.setSizeHint(QSize(0, theme.row()))
            self.classes.addItem(item)
        for row in range(self.classes.count()):
            self._write_count(row)
        self.classes.setCurrentRow(0 if photos else -1)
        self.changed.emit()

    def ticked(self) -> tuple[PseudoLabel, ...]:
        """What the person takes, in the order shown."""
        return tuple(photo for members in self._by_class.values() for photo in members if photo not in self._unticked)

    def grid_photos(self) -> Sequence[GridPhoto]:
        """What the grid shows now: the photos of one class."""
        return self._cells

    def toggle(self, row: int) -> None:
        """Tick the photo in that row of the grid, or untick it."""
        self._unticked ^= {self._in_sight[row]}
        self._draw(row)
        self._after_change()

    def _tick_in_sight(self, ticked: bool) -> None:
        seen = set(self._in_sight)
        self._unticked = self._unticked - seen if ticked else self._unticked | seen
        for row in range(len(self._in_sight)):
            self._draw(row)
        self._after_change()

    def _after_change(self) -> None:
        self._write_count(self.classes.currentRow())
        self.changed.emit()

    def _label(self, row: int) -> str:
        label: str = self.classes.item(row).data(Qt.ItemDataRole.UserRole)
        return label

    def _on_class_changed(self, row: int) -> None:
        self._in_sight = self._by_class[self._label(row)] if row >= 0 else []
        self._cells = [GridPhoto(photo.path, percent(photo.confidence)) for photo in self._in_sight]
        self.grid.set_photos(self._cells)
        for place in range(len(self._cells)):
            self._draw(place)

    def _draw(self, row: int) -> None:
        """The tick in the grid, and in what a screen reader says of it."""
        taken = self._in_sight[row] not in self._unticked
        sign, colour = TICKED if taken else UNTICKED
        photo = self._in_sight[row]
        name = shown(photo.path.name)
        self._cells[row] = replace(self._cells[row], sign=sign, sign_colour=colour, tooltip=shown(str(photo.path)))
        words = f"{name}, {percent(photo.confidence)}, {'ticked' if taken else 'not ticked'}"
        self.grid.photo_model.setData(self.grid.photo_model.index(row), words)
        self.grid.viewport().update()

    def _write_count(self, row: int) -> None:
        label = self._label(row)
        members = self._by_class[label]
        taken = sum(photo not in self._unticked for photo in members)
        self.classes.item(row).setText(f"{shown(label)}   {count(taken)} of {count(len(members))}")
        self.classes.item(row).setToolTip(shown(label))

    def _lay_out(self) -> None:
        self.classes.setAccessibleName("Classes")
        self.classes.setMaximumWidth(theme.wide(220))
        self.classes.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.grid.setAccessibleName("Photos of the class")
        tools = QHBoxLayout()
        tools.setSpacing(theme.GRID)
        for button in (self.all, self.none):
            button.setProperty("kind", "quiet")
            button.setAutoDefault(False)
            tools.addWidget(button)
        tools.addStretch(1)
        tools.addWidget(muted_label("Click or Space ticks, Enter shows it large"))
        right = QVBoxLayout()
        right.setSpacing(theme.GRID)
        right.addLayout(tools)
        right.addWidget(self.grid, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2 * theme.GRID)
        row.addWidget(self.classes)
        row.addLayout(right, 1)
