"""The view of the drawn network: what of it is shown, and how large."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QPointF, QRectF, QSizeF, Signal
from PySide6.QtGui import QPainter, QResizeEvent
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QGraphicsView, QStyleOptionGraphicsItem, QWidget

from desktop_app import theme
from desktop_app.widgets.graph.faces import sentence
from desktop_app.widgets.graph.fold import Part, Seen
from desktop_app.widgets.graph.freeze import Choice, height_of, stops
from desktop_app.widgets.graph.layout import TITLE, Layout
from desktop_app.widgets.graph.line import FreezeLine
from desktop_app.widgets.graph.painter import Drawing

LEAST_ZOOM, MOST_ZOOM = 0.04, 3.0
WHOLE = 0.75
"""The smallest zoom at which a whole network is shown at first; a larger one is shown from its top."""
LEAST_AT_FIRST, MOST_AT_FIRST = 0.6, 0.85


class _Canvas(QGraphicsItem):
    """The whole drawing as one item: a thousand small ones would be slower than a frame lasts."""

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self.drawing = drawing
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)

    def boundingRect(self) -> QRectF:
        return self.drawing.bounds()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, _widget: QWidget | None = None) -> None:
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        self.drawing.paint(painter, option.exposedRect, zoom)


class GraphCanvas(QGraphicsView):
    """Shows a drawing, and the line between frozen and trainable across it."""

    zoomed = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setScene(QGraphicsScene(self))
        self.scene().setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setObjectName("graph")
        self.setAccessibleName("Graph")
        self.drawing = Drawing(Layout(), {}, Choice())
        self.line = FreezeLine()
        self.seen = Seen((), (), {})
        self._canvas: _Canvas | None = None
        self._stays = ""  # what a new size keeps: the start, the whole, or "" once a person has moved it
        theme.notifier().changed.connect(self._dress)
        self._dress()

    # --- what is shown

    def show_drawing(self, drawing: Drawing, seen: Seen, goes_with: Mapping[int, int]) -> None:
        """Show another drawing; `goes_with` says of owners without a box with which other the line takes them."""
        self.drawing, self.seen = drawing, seen
        self.line.stops = stops(drawing.layout.boxes, goes_with)
        self.scene().clear()
        self._canvas = _Canvas(drawing)
        self.scene().addItem(self._canvas)
        self.scene().setSceneRect(drawing.bounds())
        self._place_line()

    def set_choice(self, choice: Choice) -> None:
        self.drawing.choice = choice
        self._place_line()
        self._tell()

    def set_selected(self, part: Part | None) -> None:
        self.drawing.selected = part
        self._tell()

    def set_found(self, parts: frozenset[Part]) -> None:
        self.drawing.found = parts
        self.viewport().update()

    def _place_line(self) -> None:
        self.line.y = height_of(self.drawing.choice, self.line.stops, self.drawing.layout.boxes)
        self.viewport().update()

    def _tell(self) -> None:
        """Repaint, and say what the current part is to whoever cannot see it."""
        part, choice = self.drawing.selected, self.drawing.choice
        self.setAccessibleDescription(sentence(part, choice.state(part), choice.share(part)) if part else "")
        self.viewport().update()

    def _dress(self) -> None:
        self.setBackgroundBrush(theme.colour("surface_raised"))
        self.viewport().update()

    # --- where it is shown

    def zoom(self) -> float:
        return self.transform().m11()

    def set_zoom(self, zoom: float, around: QPointF | None = None) -> None:
        """Zoom so that what is at `around`, in pixels of the view, stays there; the middle where it is None."""
        around = around or QPointF(self.viewport().rect().center())
        before = self.mapToScene(around.toPoint())
        zoom = max(LEAST_ZOOM, min(zoom, MOST_ZOOM))
        self.resetTransform()
        self.scale(zoom, zoom)
        self._bring(before, around)
        self._stays = ""
        self.zoomed.emit(zoom)

    def fit(self) -> None:
        """Show all of it, no larger than at 100 %."""
        self.set_zoom(min(1.0, self._zoom_to_fit()))
        self.centerOn(self.drawing.bounds().center())
        self._stays = "whole"

    def show_start(self) -> None:
        """All of it where it can be read so, else its upper end."""
        if self._zoom_to_fit() >= WHOLE:
            self.fit()
            self._stays = "start"
            return
        room = self.viewport().rect()
        self.set_zoom(max(LEAST_AT_FIRST, min(MOST_AT_FIRST, room.width() / self.drawing.bounds().width())))
        first = self.seen.parts[0] if self.seen.parts else None
        across = self.drawing.rect(first).center().x() if first else 0.0
        self._bring(QPointF(across, self.drawing.bounds().top()), QPointF(room.width() / 2, 0))
        self._stays = "start"

    def show_part(self, part: Part) -> None:
        """Scroll no further than needed to have it in sight, with room around."""
        rect = self.drawing.rect(part)
        if rect.height() * self.zoom() > self.viewport().height():
            rect.setHeight(TITLE)  # of a large frame, its name
        self.ensureVisible(rect, 48, 64)

    def place_of(self, part: Part) -> QPointF:
        """Where its upper left corner is, in pixels of the view."""
        return QPointF(self.mapFromScene(self.drawing.rect(part).topLeft()))

    def keep_at(self, part: Part, place: QPointF) -> None:
        """Scroll so that the part is where it was before a fold changed what is around it."""
        self._bring(self.drawing.rect(part).topLeft(), place)

    def _zoom_to_fit(self) -> float:
        room, bounds = self.viewport().rect(), self.drawing.bounds()
        return min(room.width() / max(1.0, bounds.width()), room.height() / max(1.0, bounds.height()))

    def _bring(self, point: QPointF, to: QPointF) -> None:
        now = self.mapFromScene(point)
        for bar, by in (
            (self.horizontalScrollBar(), now.x() - to.x()),
            (self.verticalScrollBar(), now.y() - to.y()),
        ):
            bar.setValue(bar.value() + round(by))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._stays and self.seen.parts:
            self.show_start() if self._stays == "start" else self.fit()

    # --- the line

    def drawForeground(self, painter: QPainter, _rect: QRectF | object) -> None:
        painter.save()
        painter.resetTransform()
        painter.setFont(theme.body_font())
        self.line.paint(painter, self._room(), self._line_height(), self.drawing.choice)
        painter.restore()

    def _line_height(self) -> float | None:
        """Where the line is in pixels of the view."""
        return None if self.line.y is None else float(self.mapFromScene(QPointF(0, self.line.y)).y())

    def show_line(self) -> None:
        """Scroll to the line where it is out of sight."""
        if self.line.y is not None:
            middle = self.mapToScene(self.viewport().rect().center()).x()
            self.ensureVisible(QRectF(middle, self.line.y - 1, 1, 2), 0, self.viewport().height() // 3)

    def _room(self) -> QSizeF:
        return QSizeF(self.viewport().size())
