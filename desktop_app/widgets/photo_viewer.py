"""One photo large, over the whole window: arrows go to its neighbours, Escape goes back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop_app import theme
from desktop_app.widgets import thumbnails
from desktop_app.widgets.figures import count
from desktop_app.widgets.photo_grid import GridPhoto


class PhotoViewer(QWidget):
    """Covers the window it is shown in; `moved` carries the row in sight."""

    moved = Signal(int)
    closed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._photos: Sequence[GridPhoto] = ()
        self._row = 0
        self._before: QWidget | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Photo")
        self.hide()
        thumbnails.shared().ready.connect(self.update)
        window.installEventFilter(self)

    def open(self, photos: Sequence[GridPhoto], row: int) -> None:
        self._photos, self._row = photos, row
        self._before = self.window().focusWidget()
        self.setGeometry(self.parentWidget().rect())
        self.raise_()
        self.show()
        self.setFocus()
        self._tell()

    def photo(self) -> GridPhoto:
        return self._photos[self._row]

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.setGeometry(self.parentWidget().rect())
        return False

    def focusNextPrevChild(self, _next: bool) -> bool:
        return True  # Tab stays here: what lies below cannot be seen

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1, Qt.Key.Key_Space: 1}
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: len(self._photos) - 1}
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._leave()
        elif key in steps or key in ends:
            self._go(ends.get(key, self._row + steps.get(key, 0)))
        event.accept()  # what lies below must not hear it

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()
        side = self.width() / 5
        if self._row and event.position().x() < side:
            self._go(self._row - 1)
        elif self._row + 1 < len(self._photos) and event.position().x() > self.width() - side:
            self._go(self._row + 1)
        else:
            self._leave()

    def _go(self, row: int) -> None:
        row = min(max(0, row), len(self._photos) - 1)
        if row != self._row:
            self._row = row
            self._tell()
            self.moved.emit(row)

    def _tell(self) -> None:
        self.setAccessibleName(f"Photo {thumbnails.shown(self.photo().path.name)}")
        self.update()

    def _leave(self) -> None:
        self.hide()
        if self._before is not None:
            self._before.setFocus()
        self.closed.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(12, 13, 15, 238))
        area = QRectF(self.rect()).adjusted(72, theme.MARGIN, -72, -72)
        photo = self.photo()
        thumbnails.paint_photo(painter, photo.path, area)
        painter.setPen(QColor("#E8EAED"))
        line = QRectF(72, self.height() - 60, self.width() - 144, 24)
        name = painter.fontMetrics().elidedText(
            thumbnails.shown(photo.path.name), Qt.TextElideMode.ElideMiddle, int(line.width())
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, name)
        painter.setPen(QColor("#A9B1BC"))
        place = f"{count(self._row + 1)} of {count(len(self._photos))}"
        below = " · ".join(filter(None, (photo.caption, place)))
        painter.drawText(line.translated(0, 22), Qt.AlignmentFlag.AlignCenter, below)
        painter.setPen(QColor("#A9B1BC"))
        middle = self.height() / 2
        if self._row:
            self._paint_arrow(painter, QPointF(36, middle), -1)
        if self._row + 1 < len(self._photos):
            self._paint_arrow(painter, QPointF(self.width() - 36, middle), 1)
        painter.end()

    def _paint_arrow(self, painter: QPainter, at: QPointF, way: int) -> None:
        pen = painter.pen()
        pen.setWidthF(2.5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawPolyline(
            [
                QPointF(at.x() - 5 * way, at.y() - 10),
                QPointF(at.x() + 5 * way, at.y()),
                QPointF(at.x() - 5 * way, at.y() + 10),
            ]
        )
