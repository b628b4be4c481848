"""What a convolution looks for, and what it sees in a photo: filters and feature maps, before and after training."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop_app import theme
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets import thumbnails
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.figures import count
from desktop_app.widgets.labels import ElidedLabel, muted_label
from desktop_app.widgets.layers.looking import Looking, Wish
from desktop_app.widgets.picture_view import STEP, PictureView
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs
from engine.events import LayerPictured, Notice

NOTHING = "Choose a convolution in the layers to see what it looks for."
NO_MAPS = "Choose a photo to see the feature maps of this layer."
KINDS = {"filters": "Filters", "maps": "Feature maps"}
STRIDE = 37
"""Photos that “Next photo” goes on by: neighbours in a folder are often alike."""


class _Thumbnail(QWidget):
    """The photo whose feature maps are shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path: Path | None = None
        self.setFixedSize(theme.row() + theme.GRID, theme.row() + theme.GRID)
        thumbnails.shared().ready.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.path is not None:
            thumbnails.paint_photo(painter, self.path, QRectF(self.rect()))
        painter.end()


class LayerPictures(QWidget):
    """Shows one layer at a time; `show_layer` may be called as often as a person clicks. `pictured` carries the layer
    when its pictures are there."""

    pictured = Signal(str)

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project, self._settings = project, settings
        self._looking = Looking(jobs, settings, self)
        self._shown: Wish | None = None
        self._drawn: LayerPictured | None = None
        self._events: dict[str, LayerPictured] = {}
        self._notes: dict[str, str] = {}
        self._kind = "filters"
        self.banner = BannerPlace()
        self.photo: Path | None = None
        self.name = ElidedLabel()
        self.facts = muted_label()
        self.choices = {kind: QPushButton(title) for kind, title in KINDS.items()}
        self.thumbnail = _Thumbnail()
        self.next_photo = QPushButton("Next photo")
        self.choose = QPushButton("Choose photo…")
        self.smaller, self.larger, self.whole = QToolButton(), QToolButton(), QToolButton()
        self.bar = QProgressBar()
        self.sentence = QLabel(NOTHING)
        self.view = PictureView()
        self._column = QVBoxLayout(self)
        self._lay_out()
        self._connect()
        self._on_dataset_changed()
        self._show_state()

    # --- what the person does

    def show_layer(self, target: str, layer: str, type: str = "") -> None:
        """Show the layer of a model (a name of the catalog) or of a run (its directory). `type` is the layer's, where
        it is known: what is no convolution is said at once."""
        self._events, self._notes = {}, {}
        self.name.set_whole(layer)
        self.banner.say("")
        if type and not type.startswith("Conv"):
            self._looking.stop()
            self._notes = dict.fromkeys(KINDS, f"“{layer}” is a {type}. Pictures are made of convolutions.")
        else:
            self._shown = Wish(target, layer, self.photo)
            self._looking.start(self._shown)
        self._show_state()

    def set_photo(self, photo: Path | None) -> None:
        """Show the feature maps on another photo."""
        self.photo = photo
        self.thumbnail.path = photo
        self.thumbnail.setToolTip(shown(str(photo)) if photo else "")
        self.thumbnail.update()
        self.next_photo.setEnabled(self._project.dataset is not None)
        if self._shown is not None:
            self._kind = "maps"
            self.show_layer(self._shown.target, self._shown.layer)

    # --- what the job says

    def _on_told(self, event: object) -> None:
        if isinstance(event, LayerPictured):
            self._events[event.kind] = event
            if event.kind == self._kind:
                self._show_kind()
        elif isinstance(event, Notice):
            if event.kind == "no_filters":
                self._notes["filters"] = event.text
                self._kind = "maps" if self.photo else self._kind
            else:
                self.banner.say(event.text, "info")

    def _on_ended(self) -> None:
        self._show_state()
        if self._events:
            self.pictured.emit(next(iter(self._events.values())).layer)

    # --- what is shown

    def show_kind(self, kind: str) -> None:
        """Filters or maps."""
        self._kind = kind
        self._show_kind()

    def _show_kind(self) -> None:
        event = self._events.get(self._kind)
        self.choices[self._kind].setChecked(True)
        if event is not self._drawn:
            self._drawn = event
            self.view.show_pictures(event)
        self.view.setVisible(event is not None)
        for button in (self.smaller, self.larger, self.whole):
            button.setEnabled(event is not None)
        self.facts.setText(_facts(event) if event else "")
        self.sentence.setText(self._reason())
        self.sentence.setVisible(event is None and bool(self._reason()))

    def _reason(self) -> str:
        """Why there is no picture, where there is none."""
        if self._looking.running or self.banner.text():
            return ""
        if not self._events and not self._notes:
            return NOTHING
        return self._notes.get(self._kind) or NO_MAPS

    def _show_state(self) -> None:
        running = self._looking.running
        self.bar.setVisible(running)
        for button in self.choices.values():
            button.setEnabled(bool(self._events) or running)
        self._room.setVisible(not self._events)
        self._show_kind()

    def _on_dataset_changed(self) -> None:
        index = self._project.dataset
        photos = index.photos if index else ()
        # One that the network has not trained on tells more.
        first = next((photo for photo in photos if photo.split == "val"), photos[0] if photos else None)
        self._looking.stop()
        self._shown, self._events, self._notes = None, {}, {}  # what a photo of the dataset before gave is none of this
        self.name.set_whole("")
        self.banner.say("")
        self._show_state()
        self.set_photo(first.path if first else None)

    def _on_next_clicked(self) -> None:
        photos = [photo.path for photo in self._project.dataset.photos] if self._project.dataset else []
        if photos:
            place = photos.index(self.photo) if self.photo in photos else -STRIDE
            self.set_photo(photos[(place + STRIDE) % len(photos)])

    def _on_choose_clicked(self) -> None:
        start = self.photo.parent if self.photo else self._settings.last_folder
        chosen, _ = QFileDialog.getOpenFileName(self, "Photo to look at", str(start))
        if chosen:
            self.set_photo(Path(chosen))

    # --- how it is made

    def _connect(self) -> None:
        for kind, button in self.choices.items():
            button.clicked.connect(lambda _checked, kind=kind: self.show_kind(kind))
        self.smaller.clicked.connect(lambda: self.view.zoom(1 / STEP))
        self.larger.clicked.connect(lambda: self.view.zoom(STEP))
        self.whole.clicked.connect(self.view.fit)
        self.next_photo.clicked.connect(self._on_next_clicked)
        self.choose.clicked.connect(self._on_choose_clicked)
        self._project.dataset_changed.connect(self._on_dataset_changed)
        self._looking.told.connect(self._on_told)
        self._looking.failed.connect(lambda sentence: self.banner.say(sentence, "error"))
        self._looking.ended.connect(self._on_ended)

    def _lay_out(self) -> None:
        self.name.setFont(theme.group_font())
        self.sentence.setWordWrap(True)
        self.sentence.setProperty("role", "muted")
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("The pictures are being made")
        group = QButtonGroup(self)
        for button, side in zip(self.choices.values(), ("left", "right"), strict=True):
            button.setCheckable(True)
            button.setProperty("segment", side)
            group.addButton(button)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.GRID)
        self._column.addLayout(self._head())
        self._column.addLayout(self._tools())
        self._column.addWidget(self.banner)
        self._column.addWidget(self.bar)
        self._column.addWidget(self.sentence)
        self._column.addWidget(self.view, 1)
        self._room = QWidget()
        self._column.addWidget(self._room, 1)

    def _head(self) -> QHBoxLayout:
        """The layer, and the photo it looks at."""
        head = QHBoxLayout()
        head.setSpacing(theme.GRID)
        head.addWidget(self.name, 1)
        head.addWidget(self.thumbnail)
        head.addWidget(self.next_photo)
        head.addWidget(self.choose)
        return head

    def _tools(self) -> QHBoxLayout:
        """Which pictures, what they are, how large."""
        tools = QHBoxLayout()
        tools.setSpacing(0)
        for widget in self.choices.values():
            tools.addWidget(widget)
        tools.addSpacing(12)
        tools.addWidget(self.facts, 1)
        for tool, icon, name in (
            (self.smaller, "minus", "Zoom out"),
            (self.larger, "plus", "Zoom in"),
            (self.whole, "maximize-2", "Show all"),
        ):
            tool.setIcon(theme.icon(icon))
            tool.setAccessibleName(name)
            tool.setToolTip(name)
            tools.addWidget(tool)
        return tools


def _facts(event: LayerPictured) -> str:
    some = f"{count(event.shown)} of {count(event.channels)} channels" if event.shown < event.channels else ""
    which = "those that changed most" if event.before and event.after else "the strongest"
    words = f"{some}, {which}" if some else f"{count(event.channels)} channels"
    return f"{words} · black {event.black:.2g}, white {event.white:.2g}".replace("-", "−")
