"""All answers at a glance: how many there are of each label, and how often the model was right where someone looked."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.figures import count, interval, percent, quantity
from desktop_app.widgets.labels import group_label, muted_label
from desktop_app.widgets.prediction.controls import Choice
from desktop_app.widgets.prediction.model import LedgerModel
from desktop_app.widgets.prediction.table import paint_bar
from desktop_app.widgets.thumbnails import shown
from engine.prediction.ledger import views

NOT_LOOKED = "Nobody has looked at these answers yet: open a photo large to confirm or correct them."
ONLY_THOSE = "This holds for the photos that you looked at: for all of them only if you chose those by chance."


@dataclass(frozen=True)
class Row:
    text: str
    choice: Choice
    photos: int
    sign: str = ""
    colour: str = "text"


class CountBars(QWidget):
    """A bar for each row, as long as its share of the longest. `chosen` carries a row's choice."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: Sequence[Row] = ()
        self._total = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Click to show these photos")
        theme.notifier().changed.connect(self.update)

    def show_rows(self, rows: Sequence[Row], total: int) -> None:
        self._rows, self._total = rows, total
        self.setFixedHeight(max(1, len(rows) * self._row_height()))
        self.setAccessibleName(", ".join(f"{row.text} {row.photos}" for row in rows[:20]))
        self.update()

    def _row_height(self) -> int:
        return self.fontMetrics().height() + 10 + theme.GRID

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        place = int(event.position().y()) // self._row_height()
        if 0 <= place < len(self._rows):
            self.chosen.emit(self._rows[place].choice)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line, height = self.fontMetrics().height(), self._row_height()
        most = max((row.photos for row in self._rows), default=1)
        for place in range(event.rect().top() // height, min(len(self._rows), event.rect().bottom() // height + 1)):
            row = self._rows[place]
            words = QRectF(0, place * height, self.width(), line)
            number = f"{count(row.photos)}  ·  {percent(row.photos / max(1, self._total))}"
            painter.setPen(theme.colour("muted"))
            painter.setFont(theme.figures_font())
            painter.drawText(words, Qt.AlignmentFlag.AlignRight, number)
            room = words.width() - painter.fontMetrics().horizontalAdvance(number) - theme.GRID
            if row.sign:
                theme.paint_icon(painter, row.sign, QRectF(0, words.center().y() - 7, 14, 14), row.colour)
            left = 20 if row.sign else 0
            painter.setPen(theme.colour(row.colour))
            name = painter.fontMetrics().elidedText(row.text, Qt.TextElideMode.ElideMiddle, int(room) - left)
            painter.drawText(words.adjusted(left, 0, 0, 0), Qt.AlignmentFlag.AlignLeft, name)
            bar = QRectF(0, words.bottom() + 3, self.width(), 6)
            paint_bar(painter, bar, row.photos / most, "accent" if row.choice[0] == views.OF_LABEL else "border_strong")
        painter.end()


class Summary(QWidget):
    """Follows the model by itself; `chosen` carries what is to be shown in the table."""

    chosen = Signal(object)

    def __init__(self, model: LedgerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.bars = CountBars()
        self.bars.chosen.connect(self.chosen)
        self.accuracy = QLabel()
        self.accuracy.setWordWrap(True)
        self.honest = muted_label(wrap=True)
        self._scroll = scroll = QScrollArea()
        scroll.setWidget(self.bars)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GRID, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(scroll, 1)
        column.addSpacing(theme.GRID)
        column.addWidget(group_label("Looked at by you"))
        column.addWidget(self.accuracy)
        column.addWidget(self.honest)
        column.addStretch()
        model.was_read.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        counts = self._model.counts
        rows = [
            Row(shown(label), (views.OF_LABEL, label), photos)
            for label, photos in sorted(counts.labels.items(), key=lambda pair: (-pair[1], pair[0].casefold()))
        ]
        rows += [Row("Unknown", (views.UNKNOWN, ""), counts.unknown, "circle-help", "unsure")] if counts.unknown else []
        rows += [Row("Not read", (views.FAILED, ""), counts.failed, "x", "wrong")] if counts.failed else []
        self.bars.show_rows(rows, counts.photos)
        self._scroll.setMaximumHeight(self.bars.height() + 2)
        self._tell_accuracy()

    def _tell_accuracy(self) -> None:
        verified = self._model.verified
        self.accuracy.setVisible(bool(verified and verified.seen))
        if verified is None or not verified.seen:
            self.honest.setText(NOT_LOOKED)
            return
        told = []
        if verified.labelled:
            low, high = importlib.import_module("engine.wilson").wilson(verified.right, verified.labelled)
            told.append(
                f"Right on {count(verified.right)} of {quantity(verified.labelled, 'photo')}: "
                f"{percent(verified.right / verified.labelled)} (95 % interval {interval(low, high)})."
            )
        if unknown := verified.seen - verified.labelled - verified.finer:
            told.append(f"{quantity(unknown, 'photo')} that the model left unknown: neither right nor wrong.")
        if verified.finer:
            finer = quantity(verified.finer, "photo")
            told.append(f"{finer} of which you named only the group: neither right nor wrong.")
        self.accuracy.setText(" ".join(told))
        self.honest.setText(ONLY_THOSE if verified.labelled else "")
