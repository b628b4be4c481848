"""The table of answers: thumbnail, name, label with its sign, confidence as a bar and a number, error."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from desktop_app import theme
from desktop_app.widgets import thumbnails
from desktop_app.widgets.class_table import plain_table
from desktop_app.widgets.figures import percent
from desktop_app.widgets.photo_grid import OPENING, keep_enter
from desktop_app.widgets.prediction.model import (
    CONFIDENCE,
    ERROR,
    LABEL,
    NAME,
    PHOTO,
    VERDICT,
    LedgerModel,
    cell,
    meant,
    sign,
    verdict_sign,
)  # fmt: skip
from engine.events import Prediction

Index = QModelIndex | QPersistentModelIndex
ROW_HEIGHT = 36
NARROWEST_NAME_AND_ERROR = 300


class _PredictionDelegate(QStyledItemDelegate):
    """Paints the three columns that are more than words."""

    def __init__(self, model: LedgerModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:
        super().initStyleOption(option, index)
        if index.column() == ERROR:  # a sentence loses its end, a name its middle
            option.textElideMode = Qt.TextElideMode.ElideRight

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        column = index.column()
        if column not in (PHOTO, LABEL, CONFIDENCE, VERDICT):
            super().paint(painter, option, index)
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, theme.colour("selected"))
        prediction = self._model.prediction(index.row())
        box = QRectF(option.rect)
        if column == PHOTO:
            place = box.adjusted(4, 2, -4, -2)
            thumbnails.paint_photo(painter, prediction.path, place, meant=meant(prediction))
        elif column == LABEL:
            _paint_label(painter, cell(prediction, LABEL), sign(prediction), box)
        elif column == VERDICT:
            _paint_label(painter, cell(prediction, VERDICT), verdict_sign(prediction), box)
        elif not prediction.error:
            self._paint_confidence(painter, prediction, box)
        painter.restore()

    def _paint_confidence(self, painter: QPainter, prediction: Prediction, box: QRectF) -> None:
        painter.setFont(theme.figures_font())
        painter.setPen(theme.colour("text"))
        side = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(box.adjusted(0, 0, -8, 0), side, percent(prediction.confidence))
        room = painter.fontMetrics().horizontalAdvance("100.0 %") + 20
        paint_bar(painter, QRectF(box.x() + 8, box.center().y() - 3, box.width() - 8 - room, 6), prediction.confidence)


def _paint_label(painter: QPainter, text: str, sign: tuple[str, str], box: QRectF) -> None:
    """A label with its sign: an icon, and the colour of both."""
    icon, colour = sign
    if icon:
        theme.paint_icon(painter, icon, QRectF(box.x() + 8, box.center().y() - 8, 16, 16), colour)
    words = box.adjusted(32 if icon else 8, 0, -8, 0)
    painter.setPen(theme.colour(colour))
    text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, int(words.width()))
    painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, text)


def paint_bar(painter: QPainter, where: QRectF, share: float, colour: str = "accent") -> None:
    """A bar filled to `share`, rounded as the progress bars are."""
    if where.width() <= 0:
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("border"))
    painter.drawRoundedRect(where, 3, 3)
    filled = QRectF(where.x(), where.y(), max(where.height(), where.width() * share), where.height())
    painter.setBrush(theme.colour(colour))
    painter.drawRoundedRect(filled, 3, 3)


class PredictionTable(QTableView):
    """`chosen` carries the Prediction of the selected row, None where none is."""

    chosen = Signal(object)
    opened = Signal()
    """The selected photo is to be shown large."""

    def __init__(self, model: LedgerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Answers")
        self._model = model
        self.setModel(model)
        self.setItemDelegate(_PredictionDelegate(model, self))
        plain_table(self)
        self.verticalHeader().setDefaultSectionSize(max(ROW_HEIGHT, self.fontMetrics().height() + 12))
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(PHOTO, QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(ERROR, QHeaderView.ResizeMode.Stretch)
        for column, width in ((PHOTO, 56), (LABEL, 116), (CONFIDENCE, 140), (VERDICT, 116)):
            header.resizeSection(column, theme.wide(width))
        self._columns = (False, False, True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSortIndicatorClearable(True)
        self.setSortingEnabled(True)
        self.show_columns(*self._columns)
        self.selectionModel().currentRowChanged.connect(self._on_row_changed)
        self.doubleClicked.connect(lambda _index: self.opened.emit())
        model.modelReset.connect(self._on_model_reset)
        thumbnails.shared().ready.connect(self._on_ready)

    def show_columns(self, has_errors: bool, has_verdicts: bool, has_confidences: bool) -> None:
        """Whether there are columns of errors, of what a person said, and of confidences; that of errors gives way to
        the names where there is no room for both."""
        self._columns = (has_errors, has_verdicts, has_confidences)
        self.setColumnHidden(VERDICT, not has_verdicts)
        self.setColumnHidden(CONFIDENCE, not has_confidences)
        room = self.viewport().width() - sum(map(self.columnWidth, (PHOTO, LABEL, CONFIDENCE, VERDICT)))
        self.setColumnHidden(ERROR, not has_errors or room < theme.wide(NARROWEST_NAME_AND_ERROR))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.show_columns(*self._columns)

    def event(self, event: QEvent) -> bool:
        return keep_enter(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in OPENING and self.currentIndex().isValid():
            self.opened.emit()
            event.accept()
            return
        super().keyPressEvent(event)

    def _on_row_changed(self, current: QModelIndex, _before: QModelIndex) -> None:
        self.chosen.emit(self._model.prediction(current.row()) if current.isValid() else None)

    def _on_model_reset(self) -> None:
        """Another ledger comes in the order of arrival."""
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    def _on_ready(self) -> None:
        if self.isVisible():
            self.viewport().update()
