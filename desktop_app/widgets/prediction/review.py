"""One photo large, over the whole window, and what it shows: confirmed or corrected by key, photo after photo."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count, percent
from desktop_app.widgets.labels import ElidedLabel, Picture, muted_label
from desktop_app.widgets.prediction.choices import Choice, Choices
from desktop_app.widgets.prediction.detail import PhotoPane
from desktop_app.widgets.prediction.model import LABEL, NONE_OF_THEM, LedgerModel, cell, said, sign
from desktop_app.widgets.prediction.why import WhyBox
from desktop_app.widgets.thumbnails import shown
from engine.prediction.ledger.views import UNKNOWN_LABEL

SIDE = 320
MOST_CHOICES = 9
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


class Review(QWidget):
    """Covers the window it is shown in; `moved` carries the row in sight."""

    moved = Signal(int)
    closed = Signal()

    def __init__(self, model: LedgerModel, window: QWidget) -> None:
        super().__init__(window)
        self._model = model
        self._id = self._row = 0
        self._typed, self._marked = "", 0
        self._before: QWidget | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Photo")
        self._build()
        self.hide()
        window.installEventFilter(self)
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

    def open(self, row: int) -> None:
        self._before = self.window().focusWidget()
        self.setGeometry(self.parentWidget().rect())
        self._go(row)
        self.raise_()
        self.show()
        self.setFocus()

    def leave(self) -> None:
        self.hide()
        self.why.rest()
        if self._before is not None:
            self._before.setFocus()
        self.closed.emit()

    def _go(self, row: int) -> None:
        self._row = min(max(0, row), self._model.rowCount() - 1)
        self._id = self._model.id_of(self._row)
        self._typed, self._marked = "", 0
        self._tell()
        self.moved.emit(self._row)

    def _on_rows_changed(self) -> None:
        """The photo in sight stays, wherever it stands now."""
        if not self.isVisible():
            return
        row = self._model.row_of(self._id)
        if row is not None:
            self._row = row
            self._tell()
        elif self._model.rowCount():
            self._go(self._row)
        else:
            self.leave()

    # --- what it shows -------------------------------------------------------------------------------------------

    def say(self, label: str | None) -> None:
        """Keep what the person says, None to take it back, and go on to the next photo."""
        prediction = self._model.prediction(self._row)
        if prediction.error:
            return
        self._model.say(self._row, label)
        self._typed, self._marked = "", 0
        if label is not None and self._row + 1 < self._model.rowCount():
            self._go(self._row + 1)
        else:
            self._tell()

    def _offered(self) -> list[Choice]:
        prediction = self._model.prediction(self._row)
        if prediction.error:
            return []
        shares = dict(prediction.top)
        if not self._typed:
            best = [
                Choice(str(number), name, shown(name), share, name == prediction.verdict)
                for number, (name, share) in enumerate(prediction.top[:MOST_CHOICES], 1)
            ]
            if prediction.verdict not in ("", UNKNOWN_LABEL, *shares):
                best.append(Choice("", prediction.verdict, shown(prediction.verdict), None, True))
            return [*best, Choice("0", UNKNOWN_LABEL, NONE_OF_THEM, None, prediction.verdict == UNKNOWN_LABEL)]
        wanted = self._typed.casefold()
        found = [name for name in self._model.classes if wanted in name.casefold()]
        found.sort(key=lambda name: (not name.casefold().startswith(wanted), name.casefold()))
        return [
            Choice("", name, shown(name), shares.get(name), name == prediction.verdict, place == self._marked)
            for place, name in enumerate(found[:MOST_CHOICES])
        ]

    # --- keys ----------------------------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:  # nothing that lies below must hear a key
            event.accept()
            return True
        return super().event(event)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self.parentWidget().rect())
        return False

    def focusNextPrevChild(self, _next: bool) -> bool:
        return True  # Tab stays here: what lies below cannot be seen

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.accept()
        key, text = Qt.Key(event.key()), event.text()
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: self._model.rowCount() - 1}
        if key == Qt.Key.Key_Escape and not self._typed:
            self.leave()
        elif key in (Qt.Key.Key_Escape, Qt.Key.Key_Backspace):
            self._take_back(key == Qt.Key.Key_Escape)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._confirm()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._mark(-1 if key == Qt.Key.Key_Up else 1)
        elif key in steps or key in ends:
            self._go(ends.get(key, self._row + steps.get(key, 0)))
        elif key == Qt.Key.Key_Space and not self._typed:
            self.why.toggle()
        elif text.isdigit() and not self._typed:
            label = next((choice.label for choice in self._offered() if choice.key == text), None)
            if label is not None:
                self.say(label)
        elif text.isprintable() and (text.strip() or (text and self._typed)):
            self._typed, self._marked = self._typed + text, 0
            self._tell()

    def _confirm(self) -> None:
        if self._typed:
            marked = next((choice for choice in self._offered() if choice.marked), None)
            if marked is not None:
                self.say(marked.label)
        else:
            self.say(self._model.prediction(self._row).label)

    def _take_back(self, everything: bool) -> None:
        if self._typed:
            self._typed, self._marked = "" if everything else self._typed[:-1], 0
            self._tell()
        elif self._model.prediction(self._row).verdict:
            self.say(None)

    def _mark(self, step: int) -> None:
        if self._typed:
            self._marked = min(max(0, self._marked + step), max(0, len(self._offered()) - 1))
            self._tell()
        else:
            self._go(self._row + step)

    # --- showing -------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        prediction = self._model.prediction(self._row)
        self.photo.set_prediction(prediction)
        self.why.show_photo(self._model.path, prediction)
        self._place.setText(f"{count(self._row + 1)} of {count(self._model.rowCount())}")
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
        nothing = ": no class has this in its name" if self._typed and not offered else ""
        self.typed.setText(f"Find “{self._typed}”{nothing}" if self._typed else "")
        self.setAccessibleName(f"Photo {self._name.whole()}. The model says {self.label.whole()}. {self.said.whole()}.")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keys.setVisible(self.height() >= theme.wide(ROOM_FOR_KEYS))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("surface"))
        painter.end()
