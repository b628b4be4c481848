"""One answer large: the photo, the label, and the five classes that came closest."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets import thumbnails
from desktop_app.widgets.figures import percent
from desktop_app.widgets.labels import ElidedLabel, Picture
from desktop_app.widgets.prediction.model import LABEL, cell, meant, said, sign, verdict_sign
from desktop_app.widgets.prediction.table import paint_bar
from desktop_app.widgets.prediction.why import LaidMap
from desktop_app.widgets.prediction.why_map import paint_map
from engine.events import Prediction

TOP = 5
PHOTO_HEIGHT_PER_WIDTH = 0.8


class PhotoPane(QWidget):
    """A photo as large as there is room, in its own shape."""

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._prediction: Prediction | None = None
        self.laid: LaidMap | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Photo")
        thumbnails.shared().ready.connect(self.update)

    def set_prediction(self, prediction: Prediction | None) -> None:
        self._prediction = prediction
        self.setAccessibleName(f"Photo {thumbnails.shown(prediction.path.name)}" if prediction else "Photo")
        self.update()

    def set_map(self, laid: LaidMap | None) -> None:
        """Lay a map over the photo, which is grey below it; None takes it away."""
        self.laid = laid
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()
        self.clicked.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._prediction is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # A stage of one size for every photo, so that the words below keep their place from one to the next.
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("hover"))
        painter.drawRoundedRect(QRectF(self.rect()), theme.RADIUS, theme.RADIUS)
        inset = QRectF(self.rect()).adjusted(theme.GRID, theme.GRID, -theme.GRID, -theme.GRID)
        laid = self.laid
        path, grey = self._prediction.path, laid is not None
        drawn = thumbnails.paint_photo(painter, path, inset, grey=grey, meant=meant(self._prediction))
        if laid is not None and drawn is not None:
            paint_map(painter, laid.image, laid.part, drawn)
        painter.end()


class TopBars(QWidget):
    """The most likely classes, each with its name, a bar and a number; the likeliest stands out, wherever it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._top: tuple[tuple[str, float], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(TOP * self._row_height())
        theme.notifier().changed.connect(self.update)

    def set_top(self, top: tuple[tuple[str, float], ...]) -> None:
        self._top = top[:TOP]
        words = (f"{thumbnails.shown(label)} {percent(share)}" for label, share in self._top)
        self.setAccessibleName("Most likely: " + ", ".join(words) if top else "")
        self.setFixedHeight(max(1, len(self._top)) * self._row_height())
        self.update()

    def _row_height(self) -> int:
        return self.fontMetrics().height() * 2 + theme.GRID

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line, height = self.fontMetrics().height(), self._row_height()
        room = self.fontMetrics().horizontalAdvance("100.0 %") + theme.GRID
        best = max((share for _, share in self._top), default=0.0)
        for row, (label, share) in enumerate(self._top):
            words = QRectF(0, row * height, self.width(), line)
            painter.setPen(theme.colour("text" if share == best else "muted"))
            text = painter.fontMetrics().elidedText(
                thumbnails.shown(label), Qt.TextElideMode.ElideMiddle, self.width() - room
            )
            painter.drawText(words, Qt.AlignmentFlag.AlignLeft, text)
            painter.drawText(words, Qt.AlignmentFlag.AlignRight, percent(share))
            bar = QRectF(0, words.bottom() + 4, self.width(), 6)
            paint_bar(painter, bar, share, "accent" if share == best else "border_strong")
        painter.end()


class PredictionDetail(QWidget):
    enlarged = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.prediction: Prediction | None = None
        self.photo = PhotoPane()
        self.photo.clicked.connect(self.enlarged)
        self.photo.setToolTip("Click to enlarge")
        self._sign = Picture("circle-help", 20, "unsure")
        self.label = ElidedLabel()
        self.label.setFont(theme.group_font())
        self._name = ElidedLabel()
        self._name.setProperty("role", "muted")
        self._said_sign = Picture("check", 16, "right")
        self._said = ElidedLabel()
        self._error = QLabel()
        self._error.setWordWrap(True)
        self._error.setProperty("role", "error")
        self.bars = TopBars()
        verdict = QHBoxLayout()
        verdict.setSpacing(theme.GRID)
        verdict.addWidget(self._sign)
        verdict.addWidget(self.label, 1)
        person = QHBoxLayout()
        person.setSpacing(theme.GRID)
        person.addWidget(self._said_sign)
        person.addWidget(self._said, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.photo)
        column.addLayout(verdict)
        column.addLayout(person)
        column.addWidget(self._name)
        column.addWidget(self._error)
        column.addSpacing(theme.GRID)
        column.addWidget(self.bars)
        column.addStretch()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        words = TOP * 3 * self.fontMetrics().height() + 80
        self.photo.setFixedHeight(max(120, min(round(self.width() * PHOTO_HEIGHT_PER_WIDTH), self.height() - words)))

    def set_prediction(self, prediction: Prediction | None) -> None:
        self.prediction = prediction
        self.photo.set_prediction(prediction)
        self.bars.set_top(prediction.top if prediction else ())
        for widget in (self._sign, self.label, self._name, self.bars, self._said_sign, self._said):
            widget.setVisible(prediction is not None)
        self._error.setVisible(bool(prediction and prediction.error))
        if prediction is None:
            return
        icon, colour = sign(prediction)
        self._sign.setVisible(bool(icon))
        if icon:
            self._sign.set_icon(icon, colour)
        icon, colour = verdict_sign(prediction)
        for widget in (self._said_sign, self._said):
            widget.setVisible(bool(icon))
        if icon:
            self._said_sign.set_icon(icon, colour)
            self._said.set_whole(f"You: {said(prediction)}")
        self.label.set_whole(cell(prediction, LABEL))
        self._name.set_whole(thumbnails.shown(prediction.path.name))
        self._error.setText(thumbnails.shown(prediction.error))
        self.bars.setVisible(bool(prediction.top))
