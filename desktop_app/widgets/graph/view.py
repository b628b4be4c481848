"""What a person does with the graph: pan, zoom, choose, fold, and drag the line."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip

from desktop_app.widgets.graph.canvas import GraphCanvas
from desktop_app.widgets.graph.faces import sentence
from desktop_app.widgets.graph.freeze import Stop
from desktop_app.widgets.graph.line import TIP
from desktop_app.widgets.graph.walk import ARROWS, step

STEP = 1.2
"""What one notch of the wheel, or one press of a key, zooms by."""
DRAG = 4
"""Pixels the mouse moves before a click is a drag."""
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
ZOOM_IN, ZOOM_OUT = (Qt.Key.Key_Plus, Qt.Key.Key_Equal), (Qt.Key.Key_Minus, Qt.Key.Key_Underscore)


class GraphView(GraphCanvas):
    """Tells what the person wants; what is folded and what trains is decided elsewhere."""

    part_chosen = Signal(object)  # Part
    fold_wanted = Signal(object)  # Part: a group to fold or unfold
    freeze_wanted = Signal(object)  # Part: to be frozen, or trained where it is frozen
    menu_wanted = Signal(object, QPoint)  # Part, place on the screen
    line_dropped = Signal(object)  # Stop

    def __init__(self) -> None:
        super().__init__()
        self.setMouseTracking(True)
        self._pressed: QPoint | None = None
        self._moved = False
        self._before_drag = self.drawing.choice

    # --- the line

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
        self._stays = ""
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
        elif key in ARROWS and not event.modifiers() and self.seen.parts:
            self._walk(key)
        elif key in ENTER and part is not None:
            self.fold_wanted.emit(part)
        elif key == Qt.Key.Key_Space and part is not None:
            self.freeze_wanted.emit(part)
        else:
            super().keyPressEvent(event)

    def _walk(self, key: Qt.Key) -> None:
        part = self.drawing.selected
        there = self.seen.parts[0] if part is None else step(self.drawing.layout, self.seen, part, key)
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
