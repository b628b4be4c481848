"""Two pictures side by side, before and after, that are zoomed and moved as one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPixmap,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsPixmapItem, QGraphicsScene, QGraphicsView, QLabel, QToolTip, QWidget

from desktop_app import theme
from engine.events import LayerPictured

STEP = 1.25
LARGEST_ZOOM = 16.0
BETWEEN = 24
BEFORE, AFTER, ALONE = "Before training", "After training", "Pretrained weights"


class PictureView(QGraphicsView):
    """The wheel, + and − zoom, dragging moves, 0 or a double click fits all. A tooltip says which channel it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = QGraphicsScene(self)
        self.setScene(self._scene)
        self._items: dict[str, QGraphicsPixmapItem] = {}
        self._titles: dict[str, QLabel] = {}
        self._event: LayerPictured | None = None
        self._pictures: dict[str, QPixmap] = {}
        self._fitted = True
        self.setAccessibleName("Pictures of the layer")
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        self.setFrameShape(QGraphicsView.Shape.NoFrame)
        self.setViewportMargins(0, QFontMetrics(theme.group_font()).height() + theme.GRID, 0, 0)
        theme.notifier().changed.connect(self._draw)

    def show_pictures(self, event: LayerPictured | None) -> None:
        """Read the files of the event now (they may go away) and fit them; None shows nothing."""
        self._event = event
        self._pictures = {title: QPixmap(str(path)) for title, path in _titled(event).items()}
        self._draw()
        self.fit()

    def titles(self) -> tuple[str, ...]:
        """What is shown, from left to right."""
        return tuple(self._items)

    def zoom(self, times: float) -> None:
        """Make everything `times` as large, between what fits and 16 times."""
        now = self.transform().m11()
        wanted = min(LARGEST_ZOOM, max(self._least_zoom(), now * times))
        self.scale(wanted / now, wanted / now)
        self._fitted = wanted <= self._least_zoom() * 1.001
        self._place_titles()

    def fit(self) -> None:
        """Show all of it."""
        self._fitted = True
        if not self._scene.sceneRect().isEmpty():
            self.fitInView(self._scene.sceneRect(), Qt.AspectRatioMode.KeepAspectRatio)
            self._place_titles()

    def channel_at(self, place: QPointF) -> int | None:
        """The number of the channel at that place of the scene, None beside the tiles."""
        for item in self._items.values():
            if self._event and item.sceneBoundingRect().contains(place):
                inside = item.mapFromScene(place)
                size = item.pixmap().size()
                rows = -(-self._event.shown // self._event.columns)
                column = int(inside.x() * self._event.columns / size.width())
                row = int(inside.y() * rows / size.height())
                number = row * self._event.columns + column
                return self._event.numbers[number] if number < len(self._event.numbers) else None
        return None

    # --- Qt's own

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(STEP if event.angleDelta().y() > 0 else 1 / STEP)
        event.accept()

    def mouseDoubleClickEvent(self, _event: QMouseEvent) -> None:
        self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() in ("+", "=", "-"):
            self.zoom(1 / STEP if event.text() == "-" else STEP)
        elif event.text() == "0":
            self.fit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._fitted:
            self.fit()

    def viewportEvent(self, event: object) -> bool:
        if isinstance(event, QHelpEvent):
            number = self.channel_at(self.mapToScene(event.pos()))
            QToolTip.showText(event.globalPos(), "" if number is None else f"Channel {number}", self)
            return True
        return bool(super().viewportEvent(event))  # type: ignore[arg-type]

    # --- how it is drawn

    def _least_zoom(self) -> float:
        whole, room = self._scene.sceneRect(), self.viewport().rect()
        if whole.isEmpty():
            return 1.0
        return min(room.width() / whole.width(), room.height() / whole.height())

    def _draw(self) -> None:
        self._scene.clear()
        for label in self._titles.values():
            label.hide()
            label.deleteLater()
        self._items, self._titles = {}, {}
        self.setBackgroundBrush(theme.colour("surface_raised"))
        left, highest = 0.0, 0.0
        for title, picture in self._pictures.items():
            item = self._scene.addPixmap(picture)
            item.setPos(left, 0)
            self._items[title] = item
            label = QLabel(title, self)
            label.setFont(theme.group_font())
            label.show()
            self._titles[title] = label
            left += picture.width() + BETWEEN
            highest = max(highest, picture.height())
        self._scene.setSceneRect(QRectF(0, 0, max(0.0, left - BETWEEN), highest))
        self._place_titles()

    def scrollContentsBy(self, across: int, down: int) -> None:
        super().scrollContentsBy(across, down)
        self._place_titles()

    def _place_titles(self) -> None:
        """Above their pictures, and readable at every zoom."""
        for title, label in self._titles.items():
            left = self.mapFromScene(self._items[title].pos()).x()
            label.adjustSize()
            label.move(max(0, left), 0)


def _titled(event: LayerPictured | None) -> dict[str, Path]:
    if event is None:
        return {}
    before = BEFORE if event.after else ALONE
    return {title: path for title, path in ((before, event.before), (AFTER, event.after)) if path is not None}
