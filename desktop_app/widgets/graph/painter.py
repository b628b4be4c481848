"""Draws a laid-out network: onto the screen with as much detail as can be read at the zoom, and into files with all."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from desktop_app import theme
from desktop_app.widgets.graph.boxes import BoxPainter
from desktop_app.widgets.graph.faces import ICON, PAD, STRIPE, Face, short_op
from desktop_app.widgets.graph.fold import Part
from desktop_app.widgets.graph.freeze import FROZEN, NOTHING, Choice
from desktop_app.widgets.graph.ink import Ink
from desktop_app.widgets.graph.layout import TITLE, Box, Layout
from desktop_app.widgets.graph.wires import curves, in_bands

READABLE = 0.42
"""The zoom below which words are left out: they would be smaller than 6 pixels."""
MOST_READABLE = 160
"""Boxes in sight up to which words are drawn; a wide screen full of more is drawn without, to stay quick."""
NAMED = 0.24
"""The zoom from which boxes have a name when they have no words."""
SMALLEST = 10
"""Pixels of the letters of such a name."""
DIM = 0.5
"""How much is left of what a search did not find."""
COARSE = 0.18
"""The zoom below which corners and curves are drawn straight."""
MARGIN = 24.0
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class Drawing:
    """A layout with its words; what is marked in it may change, the layout may not."""

    def __init__(self, layout: Layout, faces: dict[Part, Face], choice: Choice) -> None:
        self.layout, self.faces, self.choice = layout, faces, choice
        self.selected: Part | None = None
        self.found: frozenset[Part] = frozenset()
        """What a search found; the rest is dimmed while there is something."""
        self.is_file = False
        """Whether it is drawn into a file: icons as curves, and time does not matter."""
        self._rects = {part: _rect(box) for part, box in layout.boxes.items()}
        self._frames = {part: _rect(box) for part, box in layout.frames.items()}
        self._curves = in_bands(layout.wires)
        self._straight = [QLineF(wire.x0, wire.y0, wire.x1, wire.y1) for wire in layout.wires]

    def bounds(self) -> QRectF:
        whole = QRectF(0, 0, self.layout.width, self.layout.height)
        return whole.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)

    def rect(self, part: Part) -> QRectF:
        return self._rects.get(part) or self._frames[part]

    def part_at(self, point: QPointF) -> Part | None:
        """The box there, else the innermost frame."""
        for part, rect in self._rects.items():
            if rect.contains(point):
                return part
        inside = [part for part, rect in self._frames.items() if rect.contains(point)]
        return inside[-1] if inside else None

    def sign_of(self, part: Part) -> QRectF:
        """Where the arrow stands that folds and unfolds a group."""
        rect = self.rect(part)
        height = self.faces[part].header if part in self._rects else TITLE
        return QRectF(rect.x(), rect.y(), ICON + 2.5 * PAD, height)

    # --- painting

    def paint(self, painter: QPainter, exposed: QRectF, zoom: float) -> None:
        """Draw what lies in `exposed`, in the coordinates of the layout."""
        ink = Ink(zoom * painter.device().devicePixelRatioF(), self.is_file)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, zoom >= COARSE)
        self._paint_frames(painter, ink, exposed)
        self._paint_wires(painter, ink, exposed, zoom)
        if zoom >= READABLE:
            self._paint_frame_titles(painter, ink, exposed)
        parts = [(part, rect) for part, rect in self._rects.items() if rect.intersects(exposed)]
        if self.is_file or (zoom >= READABLE and len(parts) <= MOST_READABLE):
            self._paint_in_full(painter, ink, parts)
        else:
            self._paint_plain(painter, ink, parts, zoom)
        self._paint_marks(painter, ink, exposed, zoom)

    def _paint_frames(self, painter: QPainter, ink: Ink, exposed: QRectF) -> None:
        for part, rect in self._frames.items():
            if rect.intersects(exposed):
                painter.setPen(QPen(ink.colour("border_strong" if part.name.count(".") == 0 else "border"), 1))
                painter.setBrush(self._ground(part, ink))
                painter.drawRoundedRect(rect, theme.RADIUS, theme.RADIUS)

    def _ground(self, part: Part, ink: Ink) -> QColor:
        """Frames in frames are light and dark by turns."""
        depth = sum(above in self._frames for above in part.above())
        return ink.colour("surface") if depth % 2 else ink.shade

    def _paint_frame_titles(self, painter: QPainter, ink: Ink, exposed: QRectF) -> None:
        painter.setFont(ink.heading_font)
        metrics = painter.fontMetrics()
        for part, rect in self._frames.items():
            strip = QRectF(rect.x(), rect.y(), rect.width(), TITLE)
            if not strip.intersects(exposed):
                continue
            state, middle = self.choice.state(part), strip.center().y()
            has_state = state != NOTHING
            words = strip.adjusted(ICON + 2 * PAD, 0, -PAD - (ICON + 6 if has_state else 0), 0)
            text = metrics.elidedText(self.faces[part].heading, Qt.TextElideMode.ElideMiddle, int(words.width()) + 1)
            after = words.x() + metrics.horizontalAdvance(text) + 6
            # Lines come in through the strip, and the words stand on a ground of their own.
            end = after + (ICON + 2 if has_state else 0)
            ground = QRectF(rect.x() + PAD, rect.y() + 4, end - rect.x() - PAD, TITLE - 8)
            painter.fillRect(ground, self._ground(part, ink))
            ink.icon(painter, "chevron-down", rect.x() + PAD, middle, "muted")
            painter.setPen(ink.colour("text"))
            painter.drawText(words, _LEFT, text)
            ink.state_icon(painter, state, after, middle)

    def _paint_wires(self, painter: QPainter, ink: Ink, exposed: QRectF, zoom: float) -> None:
        # Qt draws cosmetic lines several times faster than others; their width is in pixels of the screen.
        wide = 1.3 if self.is_file else painter.device().devicePixelRatioF()
        pen = QPen(ink.colour("border_strong"), wide, c=Qt.PenCapStyle.FlatCap)
        pen.setCosmetic(not self.is_file)
        if zoom < COARSE:
            painter.setPen(pen)
            painter.drawLines(self._straight)
            return
        for (top, bottom), (lines, arrows) in self._curves.items():
            if top <= exposed.bottom() and bottom >= exposed.top():
                painter.strokePath(lines, pen)
                if zoom >= READABLE:
                    painter.fillPath(arrows, ink.colour("border_strong"))

    def _paint_in_full(self, painter: QPainter, ink: Ink, parts: list[tuple[Part, QRectF]]) -> None:
        boxes = BoxPainter(painter, ink, self.choice)
        for part, rect in parts:
            painter.setOpacity(DIM if self.found and part not in self.found else 1.0)
            boxes.paint(part, self.faces[part], rect)
        painter.setOpacity(1.0)

    def _paint_plain(self, painter: QPainter, ink: Ink, parts: list[tuple[Part, QRectF]], zoom: float) -> None:
        """Grounds, headers and stripes only, all of a colour at once; names where they fit."""
        grounds, headers, stripes = _Fills(), _Fills(), _Fills()
        stripe = max(STRIPE, 2.0 / zoom)
        for part, rect in parts:
            face, state = self.faces[part], self.choice.state(part)
            grounds.add(ink.body(state), rect)
            if face.kind:
                headers.add(ink.of_kind(face.kind), QRectF(rect.x(), rect.y(), rect.width(), face.header))
            if state != NOTHING:
                tint = ink.colour("frozen" if state == FROZEN else "trainable")
                stripes.add(tint, QRectF(rect.x(), rect.y(), stripe, rect.height()))
        painter.setOpacity(DIM if self.found else 1.0)
        for fills in (grounds, headers, stripes):
            fills.paint(painter)
        painter.setOpacity(1.0)
        pen = QPen(ink.colour("border_strong"), 1)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if zoom >= COARSE:
            painter.drawRects([rect for _, rect in parts])
        if zoom >= NAMED and len(parts) <= MOST_READABLE:
            self._paint_names(painter, ink, parts, zoom)

    def _paint_names(self, painter: QPainter, ink: Ink, parts: list[tuple[Part, QRectF]], zoom: float) -> None:
        """What each box is, in letters that stay large enough to read while the box gets small."""
        font = QFont(ink.body_font)
        font.setPixelSize(round(SMALLEST / zoom))
        painter.setFont(font)
        painter.setPen(ink.colour("text"))
        metrics = painter.fontMetrics()
        for part, rect in parts:
            face = self.faces[part]
            text = face.heading or short_op(part.main.op)
            if metrics.horizontalAdvance(text) + 2 * PAD <= rect.width() and metrics.height() * 0.8 <= rect.height():
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_marks(self, painter: QPainter, ink: Ink, exposed: QRectF, zoom: float) -> None:
        accent, wide = ink.colour("accent"), 2.5 / min(1.0, zoom)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for part in self.found:
            if part in self._rects and self._rects[part].intersects(exposed):
                painter.setPen(QPen(accent, wide * 0.7, Qt.PenStyle.DashLine))
                painter.drawRoundedRect(self._rects[part].adjusted(-3, -3, 3, 3), theme.RADIUS + 2, theme.RADIUS + 2)
        part = self.selected
        if part is None or (part not in self._rects and part not in self._frames):
            return
        touching = (wire for wire in self.layout.wires if wire.source is part or part in wire.targets)
        lines, arrows = curves(touching)
        painter.strokePath(lines, QPen(accent, wide * 0.8))
        painter.fillPath(arrows, accent)
        painter.setPen(QPen(accent, wide))
        painter.drawRoundedRect(self.rect(part).adjusted(-2, -2, 2, 2), theme.RADIUS + 2, theme.RADIUS + 2)


class _Fills:
    """Rectangles by colour, painted all of one colour at once."""

    def __init__(self) -> None:
        self._rects: dict[str, tuple[QColor, list[QRectF]]] = {}

    def add(self, colour: QColor, rect: QRectF) -> None:
        self._rects.setdefault(colour.name(), (colour, []))[1].append(rect)

    def paint(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        for colour, rects in self._rects.values():
            painter.setBrush(colour)
            painter.drawRects(rects)


def _rect(box: Box) -> QRectF:
    return QRectF(box.x, box.y, box.width, box.height)
