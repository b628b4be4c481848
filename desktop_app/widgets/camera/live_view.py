"""A camera's picture beside what the model says of it, as both change. Nothing of it is kept, unless a person saves a
picture."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QHideEvent, QImage, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.camera.answering import Answerer, Answering
from desktop_app.widgets.camera.feed import Feed
from desktop_app.widgets.camera.pace import Pace
from desktop_app.widgets.camera.picture_file import with_ending, write_jpeg
from desktop_app.widgets.camera.source import Cameras
from desktop_app.widgets.camera.stage import Stage
from desktop_app.widgets.camera.verdict import Verdict
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.labels import muted_label
from desktop_app.widgets.thumbnails import shown

TITLE = "Live camera"
SIDE = 300
LARGEST = (1120, 680)
SHARE_OF_WINDOW = 0.94
SECONDS_BETWEEN_PACES = 0.5
HELD = "Held"
NOTHING_YET = "There is no picture yet."
HOLD, GO_ON = ("Hold", "pause", "Keep this picture in sight (Space)"), ("Go on", "play", "Let it move again (Space)")


class LiveView(QDialog):
    """The camera is used while this can be seen, and not a moment longer."""

    def __init__(self, cameras: Cameras, answerer: Answerer, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._pace, self._told_pace = Pace(), 0.0
        self.setWindowTitle(TITLE)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.feed = Feed(cameras, self)
        self.feed.pictured.connect(self._on_pictured)
        self.feed.troubled.connect(self._on_troubled)
        self.feed.changed.connect(self._fill_choice)
        self._answering = Answering(answerer, self)
        self._answering.answered.connect(self._on_answered)
        self._build()
        self._lay_out()
        self._fill_choice()
        self._on_held(False)
        self._offer(False)
        self.mirrored.setChecked(settings.camera_mirrored)
        if parent:
            room = parent.window().size() * SHARE_OF_WINDOW
            self.resize(min(room.width(), theme.wide(LARGEST[0])), min(room.height(), theme.wide(LARGEST[1])))
        self.stage.setFocus()

    def _build(self) -> None:
        self.banner = BannerPlace()
        self.stage = Stage()
        self.verdict = Verdict()
        self.choice = ElidedBox("Camera")
        self.choice.setPlaceholderText("Choose a camera")
        self.choice.activated.connect(self._on_chosen)
        self.mirrored = QCheckBox("Mirrored")
        self.mirrored.setToolTip("Only what you see: the model sees what the camera sees")
        self.mirrored.toggled.connect(self._on_mirrored)
        self.hold = QPushButton()
        self.hold.setCheckable(True)
        self.hold.toggled.connect(self._on_held)
        self.save = QPushButton("Save this picture…")
        theme.set_icon(self.save, "file-down", "muted")
        self.save.clicked.connect(self.choose_place)
        self.close_button = QPushButton("Close")
        self.close_button.setProperty("kind", "main")
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.accept)
        self.pace = muted_label()
        self.pace.setFont(theme.figures_font())
        # By the mouse they take no focus, so that Space goes on to hold the picture.
        for widget in (self.choice, self.mirrored, self.hold, self.save, self.close_button):
            widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def _lay_out(self) -> None:
        self._name = QLabel("Camera")
        self._name.setBuddy(self.choice)
        side = QVBoxLayout()
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(theme.GRID)
        side.addWidget(self._name)
        side.addWidget(self.choice)
        self.verdict.setContentsMargins(0, theme.GRID, 0, 0)
        side.addWidget(self.verdict)
        side.addStretch(1)
        column = QWidget()
        column.setLayout(side)
        column.setFixedWidth(theme.wide(SIDE))
        middle = QHBoxLayout(spacing=theme.MARGIN)
        middle.addWidget(self.stage, 1)
        middle.addWidget(column)
        foot = QHBoxLayout(spacing=theme.GRID)
        foot.addWidget(self.mirrored)
        foot.addSpacing(theme.GRID)
        foot.addWidget(self.pace)
        foot.addStretch(1)
        for button in (self.hold, self.save, self.close_button):
            foot.addWidget(button)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, 2 * theme.GRID)
        whole.setSpacing(2 * theme.GRID)
        whole.addWidget(self.banner)
        whole.addLayout(middle, 1)
        whole.addLayout(foot)

    # --- the camera ----------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.feed.is_open():
            self.feed.begin(self._settings.camera)
            self._fill_choice()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.feed.end()

    def _fill_choice(self) -> None:
        """There is something to choose only where there are several, one that was pulled out among them."""
        self.choice.clear()
        cameras, current = self.feed.cameras(), self.feed.camera
        for camera in cameras:
            self.choice.add(camera.name, camera.key)
        self.choice.setCurrentIndex(self.choice.findData(current.key) if current else -1)
        others = [camera for camera in cameras if camera != current]
        for widget in (self._name, self.choice):
            widget.setVisible(bool(others) and (current is not None or len(others) > 1))

    def _on_chosen(self, place: int) -> None:
        self._settings.camera = self.choice.itemData(place)
        self.hold.setChecked(False)
        self.stage.show_image(None)
        self._offer(False)
        self.feed.begin(self._settings.camera)

    def _on_pictured(self, image: QImage) -> None:
        if self.hold.isChecked():
            return
        if self.stage.image is None:
            self.verdict.await_first()
            self._offer(True)
        self.stage.show_image(image)
        self._answering.ask(image)

    def _on_troubled(self, sentence: str, may_help: bool) -> None:
        self._pace.forget()
        self.pace.clear()
        self.stage.set_waiting(not sentence)
        banner = self.banner.say(sentence, "warning", "Try again" if may_help else "")
        if banner and may_help:
            banner.triggered.connect(self._try_again)

    def _try_again(self) -> None:
        self.stage.set_waiting(True)
        self.feed.begin()

    # --- the answers ---------------------------------------------------------------------------------------------

    def _on_answered(self, result: object) -> None:
        if isinstance(result, Exception):
            self.feed.end()
            self.banner.say(dialogs.in_words(result)[0], "error")
            return
        self.verdict.show_answer(result)
        self.stage.show_seen(result.seen)
        self.verdict.frame.setVisible(self.stage.is_partly_seen())
        now = time.monotonic()
        self._pace.note(now)
        if not self.hold.isChecked() and now - self._told_pace >= SECONDS_BETWEEN_PACES:
            self._told_pace = now
            self.pace.setText(self._pace.words())

    def _on_mirrored(self, mirrored: bool) -> None:
        self._settings.camera_mirrored = mirrored
        self.stage.set_mirrored(mirrored)

    def _on_held(self, held: bool) -> None:
        words, icon, tip = GO_ON if held else HOLD
        self.hold.setText(words)
        self.hold.setAccessibleName(words)
        self.hold.setToolTip(tip)
        theme.set_icon(self.hold, icon, "muted")
        self._pace.forget()
        self.pace.setText(HELD if held else "")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and self.hold.isEnabled() and not event.isAutoRepeat():
            self.hold.toggle()
        else:
            super().keyPressEvent(event)

    # --- saving --------------------------------------------------------------------------------------------------

    def choose_place(self) -> None:
        """Ask where the picture in sight is to be written; it is held meanwhile."""
        held = self.hold.isChecked()
        self.hold.setChecked(True)
        start = self._settings.last_folder / f"camera {datetime.now():%Y-%m-%d %H.%M.%S}.jpg"
        chosen, _ = QFileDialog.getSaveFileName(self, "Save this picture", str(start), "JPEG (*.jpg *.jpeg)")
        if chosen:
            self.save_to(Path(chosen))
        self.hold.setChecked(held)

    def save_to(self, wanted: Path) -> None:
        """Write the picture in sight, as the camera saw it."""
        path = with_ending(wanted)
        if self.stage.image is None:
            return
        if path != wanted and path.exists():  # nobody was asked whether that may go
            self.banner.say(f"“{shown(path.name)}” exists already; choose another name.", "error")
            return
        try:
            write_jpeg(path, self.stage.image)
        except OSError as error:
            self.banner.say(dialogs.in_words(error)[0], "error")
        else:
            self.banner.say(f"Saved to {shown(path)}.")

    def _offer(self, possible: bool) -> None:
        """What takes a picture waits for the first."""
        for button, tip in ((self.hold, HOLD[2]), (self.save, "As the camera sees it, not mirrored")):
            button.setEnabled(possible)
            button.setToolTip(tip if possible else NOTHING_YET)
