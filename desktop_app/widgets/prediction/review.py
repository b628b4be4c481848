"""One photo large, over the whole window, and what it shows: confirmed or corrected by key, photo after photo."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count, percent
from desktop_app.widgets.labels import ElidedLabel, Picture, muted_label
from desktop_app.widgets.large_photo import LargePhoto
from desktop_app.widgets.prediction.choices import Choice, Choices
from desktop_app.widgets.prediction.detail import PhotoPane
from desktop_app.widgets.prediction.model import LABEL, LedgerModel, cell, said, sign
from desktop_app.widgets.prediction.naming import Naming
from desktop_app.widgets.prediction.why import WhyBox
from desktop_app.widgets.thumbnails import shown

SIDE = 320
ROOM_FOR_KEYS = 700
"""Pixels of height, at 100 % text: below, what the keys do gives way to the choices."""
KEYS = (
    ("Enter", "confirms what the model says"),
    ("1–9, a name", "choose another class"),
    ("0", "none of the classes"),
    ("← →", "other photos"),
    ("Space", "where the evidence lay"),
    ("Backspace", "takes back"),
    ("Esc", "back to the table"),
)


class Review(LargePhoto):
    """A photo of a ledger, beside it what the model says of it and what the person may."""

    STEPS: ClassVar = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}

    def __init__(self, model: LedgerModel, window: QWidget) -> None:
        super().__init__(window)
        self._model = model
        self._id = 0
        self._naming = Naming()
        self._build()
        for signal in (model.layoutChanged, model.rowsInserted, model.modelReset):
            signal.connect(self._on_rows_changed)

    def _build(self) -> None:
        self.photo = PhotoPane()
        self.photo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.photo.setCursor(Qt.CursorShape.ArrowCursor)
        self._place = muted_label()
        close = QToolButton()
        close.setIcon(theme.icon("x", 20))
        close.setToolTip("Back to the table (Esc)")
        close.setAccessibleName("Close")
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(self.leave)
        self._name = ElidedLabel()
        self._name.setProperty("role", "muted")
        self._sign = Picture("circle-help", 20, "unsure")
        self.label = ElidedLabel()
        self.label.setFont(theme.group_font())
        self._error = QLabel()
        self._error.setWordWrap(True)
        self._error.setProperty("role", "error")
        self.why = WhyBox()
        self.why.laid.connect(self.photo.set_map)
        self.said = ElidedLabel()
        self.typed = muted_label()
        self.choices = Choices()
        self.choices.chosen.connect(self.say)
        self._keys = QWidget()
        self._lay_out(close)

    def _lay_out(self, close: QToolButton) -> None:
        head = QHBoxLayout()
        head.addWidget(self._place, 1)
        head.addWidget(close)
        answer = QHBoxLayout(spacing=theme.GRID)
        answer.addWidget(self._sign)
        answer.addWidget(self.label, 1)
        keys = QVBoxLayout(self._keys)
        keys.setContentsMargins(0, 0, 0, 0)
        keys.setSpacing(2)
        for key, what in KEYS:
            keys.addWidget(muted_label(f"{key}: {what}"))
        side = QVBoxLayout()
        side.setSpacing(theme.GRID)
        side.addLayout(head)
        side.addWidget(self._name)
        side.addSpacing(theme.GRID)
        side.addWidget(muted_label("The model says"))
        side.addLayout(answer)
        side.addWidget(self._error)
        side.addWidget(self.why)
        side.addSpacing(theme.GRID)
        side.addWidget(self.said)
        side.addWidget(self.choices)
        side.addWidget(self.typed)
        side.addStretch(1)
        side.addWidget(self._keys)
        column = QWidget()
        column.setLayout(side)
        column.setFixedWidth(theme.wide(SIDE))
        side.setContentsMargins(0, 0, 0, 0)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, theme.MARGIN)
        row.setSpacing(theme.MARGIN)
        row.addWidget(self.photo, 1)
        row.addWidget(column)

    # --- which photo ---------------------------------------------------------------------------------------------

    def rows(self) -> int:
        return self._model.rowCount()

    def show_row(self) -> None:
        self._id = self._model.id_of(self.row)
        self._naming.forget()
        self._tell()

    def leave(self) -> None:
        self.why.rest()
        super().leave()

    def _on_rows_changed(self) -> None:
        """The photo in sight stays, wherever it stands now."""
        if not self.isVisible():
            return
        row = self._model.row_of(self._id)
        if row is not None:
            self.row = row
            self._tell()
        elif self.rows():
            self.go(self.row)
        else:
            self.leave()

    # --- what a person says --------------------------------------------------------------------------------------

    def say(self, label: str | None) -> None:
        """Keep what the person says, None to take it back, and go on to the next photo."""
        if self._model.prediction(self.row).error:
            return
        self._model.say(self.row, label)
        self._naming.forget()
        if label is not None and self.row + 1 < self.rows():
            self.go(self.row + 1)
        else:
            self._tell()

    def _offered(self) -> list[Choice]:
        return self._naming.offered(self._model.prediction(self.row), self._model.classes)

    # --- keys ----------------------------------------------------------------------------------------------------

    def press(self, key: Qt.Key, text: str) -> None:
        typed = self._naming.typed
        if key == Qt.Key.Key_Escape and not typed:
            self.leave()
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_Backspace):
            self._take_back(key == Qt.Key.Key_Escape)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._confirm()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._mark(-1 if key == Qt.Key.Key_Up else 1)
        elif key == Qt.Key.Key_Space and not typed:
            self.why.toggle()
        elif text.isdigit() and not typed:
            label = next((choice.label for choice in self._offered() if choice.key == text), None)
            if label is not None:
                self.say(label)
        elif text.isprintable() and (text.strip() or (text and typed)):
            self._naming.type(text)
            self._tell()

    def _confirm(self) -> None:
        if self._naming.typed:
            marked = next((choice for choice in self._offered() if choice.marked), None)
            if marked is not None:
                self.say(marked.label)
        else:
            self.say(self._model.prediction(self.row).label)

    def _take_back(self, everything: bool) -> None:
        if self._naming.typed:
            self._naming.forget() if everything else self._naming.take_back()
            self._tell()
        elif self._model.prediction(self.row).verdict:
            self.say(None)

    def _mark(self, step: int) -> None:
        if self._naming.typed:
            self._naming.mark(step, self._offered())
            self._tell()
        else:
            self.go(self.row + step)

    # --- showing -------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        prediction = self._model.prediction(self.row)
        self.photo.set_prediction(prediction)
        self.why.show_photo(self._model.path, prediction)
        self._place.setText(f"{count(self.row + 1)} of {count(self.rows())}")
        self._name.set_whole(shown(prediction.path.name))
        icon, colour = sign(prediction)
        self._sign.setVisible(bool(icon))
        if icon:
            self._sign.set_icon(icon, colour)
        words = cell(prediction, LABEL)
        # An “unknown” has no confidence: that of the likeliest class stands beside that class.
        self.label.set_whole(words if icon else f"{words}  {percent(prediction.confidence)}")
        self._error.setText(shown(prediction.error))
        self._error.setVisible(bool(prediction.error))
        self.said.set_whole("" if prediction.error else f"You say: {said(prediction) or 'nothing yet'}")
        offered = self._offered()
        self.choices.show_choices(offered)
        typed = self._naming.typed
        nothing = ": no class has this in its name" if typed and not offered else ""
        self.typed.setText(f"Find “{typed}”{nothing}" if typed else "")
        self.setAccessibleName(f"Photo {self._name.whole()}. The model says {self.label.whole()}. {self.said.whole()}.")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keys.setVisible(self.height() >= theme.wide(ROOM_FOR_KEYS))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("surface"))
        painter.end()
