"""The view of the drawn network: pan, zoom, choosing, folding, and the line that is dragged."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsScene,
    QGraphicsView,
    QStyleOptionGraphicsItem,
    QToolTip,
    QWidget,
)

from desktop_app import theme
from desktop_app.widgets.graph_faces import sentence
from desktop_app.widgets.graph_fold import Part, Seen
from desktop_app.widgets.graph_freeze import Choice, Stop, height_of, stops
from desktop_app.widgets.graph_layout import Layout
from desktop_app.widgets.graph_line import TIP, FreezeLine
from desktop_app.widgets.graph_painter import Drawing
from desktop_app.widgets.graph_walk import ARROWS, step

LEAST_ZOOM, MOST_ZOOM = 0.04, 3.0
STEP = 1.2
WHOLE = 0.75
"""The smallest zoom at which a whole network is shown at first; a larger one is shown from its top."""
LEAST_AT_FIRST, MOST_AT_FIRST = 0.6, 0.85
DRAG = 4
"""Pixels the mouse moves before a click is a drag."""
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
ZOOM_IN, ZOOM_OUT = (Qt.Key.Key_Plus, Qt.Key.Key_Equal), (Qt.Key.Key_Minus, Qt.Key.Key_Underscore)


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


class GraphView(QGraphicsView):
    """Tells what the person wants; what is folded and what trains is decided elsewhere."""

    part_chosen = Signal(object)  # Part
    fold_wanted = Signal(object)  # Part: a group to fold or unfold
    freeze_wanted = Signal(object)  # Part: to be frozen, or trained where it is frozen
    menu_wanted = Signal(object, QPoint)  # Part, place on the screen
    line_dropped = Signal(object)  # Stop
    zoomed = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self.setScene(QGraphicsScene(self))
        self.scene().setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setMouseTracking(True)
        self.setObjectName("graph")
        self.setAccessibleName("Graph")
        self.drawing = Drawing(Layout(), {}, Choice())
        self.line = FreezeLine()
        self._seen = Seen((), (), {})
        self._canvas: _Canvas | None = None
        self._pressed: QPoint | None = None
        self._moved = False
        self._before_drag = self.drawing.choice
        self._fits = True
        theme.notifier().changed.connect(self._dress)
        self._dress()

    # --- what is shown

    def show_drawing(self, drawing: Drawing, seen: Seen) -> None:
        self.drawing, self._seen = drawing, seen
        self.line.stops = stops(drawing.layout.boxes)
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
        self._fits = False
        self.zoomed.emit(zoom)

    def fit(self) -> None:
        """Show all of it, no larger than at 100 %."""
        self.set_zoom(min(1.0, self._zoom_to_fit()))
        self.centerOn(self.drawing.bounds().center())
        self._fits = True

    def show_start(self) -> None:
        """All of it where it can be read so, else its upper end."""
        if self._zoom_to_fit() >= WHOLE:
            self.fit()
            return
        room = self.viewport().rect()
        self.set_zoom(max(LEAST_AT_FIRST, min(MOST_AT_FIRST, room.width() / self.drawing.bounds().width())))
        first = self._seen.parts[0] if self._seen.parts else None
        across = self.drawing.rect(first).center().x() if first else 0.0
        self._bring(QPointF(across, self.drawing.bounds().top()), QPointF(room.width() / 2, 0))
        self._fits = True  # until a person moves it: a new size shows the start again

    def show_part(self, part: Part) -> None:
        """Scroll no further than needed to have it in sight, with room around."""
        self.ensureVisible(self.drawing.rect(part), 48, 64)

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
        if self._fits and self._seen.parts:
            self.show_start()

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

    def _drag_line(self, place: QPointF) -> None:
        stop = self.line.nearest(self.mapToScene(place.toPoint()).y())
        self.line.y = stop.y
        choice = self.drawing.choice
        self.drawing.choice = choice.with_trainable(choice.below(stop.frozen))
        self.viewport().update()

    def _drop_line(self, stop: Stop) -> None:
        self.line.is_dragged = False
        self.viewport().update()
        self.line_dropped.emit(stop)

    def _over_line(self, place: QPointF) -> bool:
        return self.line.is_at(place, self._room(), self._line_height(), self.drawing.choice)

    def _room(self) -> QSizeF:
        return QSizeF(self.viewport().size())

    # --- the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._pressed, self._moved = event.position().toPoint(), False
        if self._over_line(event.position()):
            self.line.is_dragged = True
            self._before_drag = self.drawing.choice
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position()
        if self._pressed is not None:
            by = place.toPoint() - self._pressed
            self._moved = self._moved or by.manhattanLength() >= DRAG
            if self._moved and self.line.is_dragged:
                self._drag_line(place)
            elif self._moved:
                self._pan(by)
                self._pressed = place.toPoint()
        else:
            over = self._over_line(place)
            shape = Qt.CursorShape.SplitVCursor if over else Qt.CursorShape.ArrowCursor
            self.viewport().setCursor(shape)
            if over != self.line.is_under_mouse:
                self.line.is_under_mouse = over
                self.viewport().update()

    def _pan(self, by: QPoint) -> None:
        self._fits = False
        self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - by.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() - by.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        place = event.position().toPoint()
        self._pressed = None
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        if self.line.is_dragged and self._moved:
            self._drop_line(self.line.nearest(self.mapToScene(place).y()))
        elif self.line.is_dragged:
            self.line.is_dragged = False
            self.show_line()
        elif not self._moved:
            self._click(place)

    def _click(self, place: QPoint) -> None:
        point = self.mapToScene(place)
        part = self.drawing.part_at(point)
        if part is None:
            return
        self.part_chosen.emit(part)
        if part.children and self.drawing.sign_of(part).contains(point):
            self.fold_wanted.emit(part)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        point = self.mapToScene(event.position().toPoint())
        part = self.drawing.part_at(point)
        if self._over_line(event.position()):
            self.mousePressEvent(event)
        elif part is not None and part.children and not self.drawing.sign_of(part).contains(point):
            self.fold_wanted.emit(part)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - (turned.y() or turned.x()))
        else:
            self.set_zoom(self.zoom() * STEP ** (turned.y() / 120), event.position())
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            part = self.drawing.selected
            place = self.mapFromScene(self.drawing.rect(part).center()) if part else QPoint()
        else:
            place = event.pos()
            part = self.drawing.part_at(self.mapToScene(place))
        if part is not None:
            self.part_chosen.emit(part)
            self.menu_wanted.emit(part, self.viewport().mapToGlobal(place))

    # --- the keyboard

    def event(self, event: QEvent) -> bool:
        # Enter folds here, so the page must not take it for its main action; the same for single letters.
        own = (*ENTER, Qt.Key.Key_Space, Qt.Key.Key_F)
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in own and not event.modifiers():
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, part = Qt.Key(event.key()), self.drawing.selected
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            stop = self.line.next_stop(key == Qt.Key.Key_Down)
            if stop is not None:
                self._drop_line(stop)
        elif key == Qt.Key.Key_Escape and self.line.is_dragged:
            self.line.is_dragged, self._pressed = False, None
            self.set_choice(self._before_drag)
        elif key in ZOOM_IN or key in ZOOM_OUT:
            self.set_zoom(self.zoom() * (STEP if key in ZOOM_IN else 1 / STEP))
        elif control and key == Qt.Key.Key_0:
            self.set_zoom(1.0)
        elif key == Qt.Key.Key_F and not event.modifiers():
            self.fit()
        elif key in ARROWS and not event.modifiers() and self._seen.parts:
            self._walk(key)
        elif key in ENTER and part is not None:
            self.fold_wanted.emit(part)
        elif key == Qt.Key.Key_Space and part is not None:
            self.freeze_wanted.emit(part)
        else:
            super().keyPressEvent(event)

    def _walk(self, key: Qt.Key) -> None:
        part = self.drawing.selected
        there = self._seen.parts[0] if part is None else step(self.drawing.layout, self._seen, part, key)
        if there is not None:
            self.part_chosen.emit(there)
            self.show_part(there)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(event.pos()), self.viewport())
            return True
        if event.type() == QEvent.Type.Leave and self.line.is_under_mouse:
            self.line.is_under_mouse = False
            self.viewport().update()
        return super().viewportEvent(event)

    def _tip(self, place: QPoint) -> str:
        if self._over_line(QPointF(place)):
            return TIP
        part, choice = self.drawing.part_at(self.mapToScene(place)), self.drawing.choice
        return sentence(part, choice.state(part), choice.share(part)) if part else ""
