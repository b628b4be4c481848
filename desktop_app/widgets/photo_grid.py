"""A wall of photos: only what is in sight is read, and 100,000 scroll like 100."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRectF, QSize, QStringListModel, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from desktop_app import theme
from desktop_app.widgets import thumbnails

Index = QModelIndex | QPersistentModelIndex


OPENING = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
"""The keys that show a photo large."""


def keep_enter(event: QEvent) -> bool:
    """Whether the event asks who wants one of these keys: the view does, and the page must not take Enter for its main
    action."""
    if event.type() != QEvent.Type.ShortcutOverride or event.key() not in OPENING:  # type: ignore[attr-defined]
        return False
    event.accept()
    return True


@dataclass(frozen=True, slots=True)
class GridPhoto:
    """`caption` stands below the photo, where the grid has captions and when it is shown large. A sign may stand before
    it: a Lucide name and a colour of the theme."""

    path: Path
    caption: str = ""
    sign: str = ""
    sign_colour: str = "muted"
    tooltip: str = ""


class PhotoModel(QStringListModel):
    """The names, for a screen reader; the rest is looked up by row.

    Laying out asks the model about every row: answered by Qt's own class, 100,000 take milliseconds, by Python half a
    second.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._photos: Sequence[GridPhoto] = ()

    def set_photos(self, photos: Sequence[GridPhoto]) -> None:
        self._photos = photos
        self.setStringList([", ".join(filter(None, (thumbnails.shown(p.path.name), p.caption))) for p in photos])

    def photos(self) -> Sequence[GridPhoto]:
        return self._photos


class _PhotoDelegate(QStyledItemDelegate):
    def __init__(self, photos: PhotoModel, side: int, captions: bool, view: QListView) -> None:
        super().__init__(view)
        self._photos, self._least_side, self._side, self._captions, self._widget = photos, side, side, captions, view

    def cell(self, width: int) -> QSize:
        """The size of a photo's place, caption and gap included, so that a row fills `width`."""
        columns = max(1, width // (self._least_side + theme.GRID))
        self._side = max(self._least_side, width // columns - theme.GRID)
        line = self._widget.fontMetrics().height() + 6 if self._captions else 0
        return QSize(self._side + theme.GRID, self._side + line + theme.GRID)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return self._widget.gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        photo = self._photos.photos()[index.row()]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect.x() + 4, option.rect.y() + 4, self._side, self._side)
        thumbnails.paint_photo(painter, photo.path, box)
        if self._captions and photo.caption:
            self._paint_caption(painter, photo, box)
        chosen = option.state & QStyle.StateFlag.State_Selected or option.state & QStyle.StateFlag.State_HasFocus
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(QPen(theme.colour("accent" if chosen else "border_strong"), 2 if chosen else 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(-2, -2, 2, 2), 4, 4)
        painter.restore()

    def helpEvent(
        self, event: QHelpEvent, view: QAbstractItemView, _option: QStyleOptionViewItem, index: Index
    ) -> bool:
        if not index.isValid():
            return False
        photo = self._photos.photos()[index.row()]
        QToolTip.showText(event.globalPos(), photo.tooltip or thumbnails.shown(photo.path.name), view)
        return True

    def _paint_caption(self, painter: QPainter, photo: GridPhoto, box: QRectF) -> None:
        line = QRectF(box.x(), box.bottom() + 4, box.width(), painter.fontMetrics().height())
        if photo.sign:
            theme.paint_icon(painter, photo.sign, QRectF(line.x(), line.center().y() - 7, 14, 14), photo.sign_colour)
            line.adjust(18, 0, 0, 0)
        painter.setPen(theme.colour("text"))
        words = painter.fontMetrics().elidedText(photo.caption, Qt.TextElideMode.ElideMiddle, int(line.width()))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, words)


class PhotoGrid(QListView):
    """`opened` carries the row of a photo that was clicked or entered: to be shown large."""

    opened = Signal(int)

    def __init__(self, side: int = 132, captions: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Photos")
        self.photo_model = PhotoModel(self)
        self.setModel(self.photo_model)
        self._delegate = _PhotoDelegate(self.photo_model, side, captions, self)
        self.setItemDelegate(self._delegate)
        # List mode that flows and wraps places its rows by arithmetic; icon mode keeps a rectangle for each photo.
        self.setViewMode(QListView.ViewMode.ListMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setGridSize(self._delegate.cell(0))
        self.setLayoutMode(QListView.LayoutMode.SinglePass)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # a bar that comes and goes moves rows
        self.verticalScrollBar().setSingleStep(side // 3)
        self.setViewportMargins(4, 4, 0, 4)
        self.setMouseTracking(True)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.clicked.connect(lambda index: self.opened.emit(index.row()))
        thumbnails.shared().ready.connect(self._on_ready)

    def set_photos(self, photos: Sequence[GridPhoto]) -> None:
        self.photo_model.set_photos(photos)
        self.scrollToTop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        cell = self._delegate.cell(self.viewport().width() - 1)
        if cell != self.gridSize():
            self.setGridSize(cell)
        super().resizeEvent(event)

    def event(self, event: QEvent) -> bool:
        return keep_enter(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in OPENING and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().row())
            event.accept()
            return
        super().keyPressEvent(event)

    def _on_ready(self, _path: Path) -> None:
        if self.isVisible():
            self.viewport().update()  # Qt gathers these into one drawing a frame
