"""Draws a laid-out network: onto the screen with as much detail as can be read at the zoom, and into files with all."""

from __future__ import annotations

import functools
import math

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPen
from PySide6.QtSvg import QSvgRenderer

from desktop_app import theme
from desktop_app.widgets.figures import percent
from desktop_app.widgets.graph import colours as graph_colours
from desktop_app.widgets.graph.faces import ICON, PAD, STRIPE, Face, fonts, short_op
from desktop_app.widgets.graph.fold import Part
from desktop_app.widgets.graph.freeze import FROZEN, NOTHING, PARTLY, Choice
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
STATE_ICONS = {"frozen": ("snowflake", "frozen"), "trains": ("flame", "trainable"), "partly": ("flame", "trainable")}
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Drawing:
    """A layout with its words; what is marked in it may change, the layout may not."""

    def __init__(self, layout: Layout, faces: dict[Part, Face], choice: Choice) -> None:
        self.layout, self.faces, self.choice = layout, faces, choice
        self.selected: Part | None = None
        self.found: frozenset[Part] = frozenset()
        """What a search found; the rest is dimmed while there is something."""
        self.is_file = False
        """Whether it is drawn into a file: icons as curves, and time does not matter."""
        self._colours: dict[str, QColor] = {}
        self._body_font, self._heading_font = fonts()
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
        self._colours.clear()  # the scheme may have changed
        self._body_font, self._heading_font = fonts()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, zoom >= COARSE)
        self._paint_frames(painter, exposed)
        self._paint_wires(painter, exposed, zoom)
        if zoom >= READABLE:
            self._paint_frame_titles(painter, exposed, zoom)
        parts = [(part, rect) for part, rect in self._rects.items() if rect.intersects(exposed)]
        if self.is_file or (zoom >= READABLE and len(parts) <= MOST_READABLE):
            for part, rect in parts:
                self._paint_box(painter, part, rect, zoom)
        else:
            self._paint_plain(painter, parts, zoom)
        self._paint_marks(painter, exposed, zoom)

    def _paint_frames(self, painter: QPainter, exposed: QRectF) -> None:
        for part, rect in self._frames.items():
            if rect.intersects(exposed):
                painter.setPen(QPen(self._colour("border_strong" if part.name.count(".") == 0 else "border"), 1))
                painter.setBrush(self._ground(part))
                painter.drawRoundedRect(rect, theme.RADIUS, theme.RADIUS)

    def _ground(self, part: Part) -> QColor:
        """Frames in frames are light and dark by turns."""
        depth = sum(above in self._frames for above in part.above())
        return self._colour("surface") if depth % 2 else self._shade()

    def _paint_frame_titles(self, painter: QPainter, exposed: QRectF, zoom: float) -> None:
        painter.setFont(self._heading_font)
        metrics = painter.fontMetrics()
        for part, rect in self._frames.items():
            strip = QRectF(rect.x(), rect.y(), rect.width(), TITLE)
            if not strip.intersects(exposed):
                continue
            has_state = self.choice.state(part) != NOTHING
            words = strip.adjusted(ICON + 2 * PAD, 0, -PAD - (ICON + 6 if has_state else 0), 0)
            text = metrics.elidedText(self.faces[part].heading, Qt.TextElideMode.ElideMiddle, int(words.width()) + 1)
            after = words.x() + metrics.horizontalAdvance(text) + 6
            # Lines come in through the strip, and the words stand on a ground of their own.
            end = after + (ICON + 2 if has_state else 0)
            painter.fillRect(QRectF(rect.x() + PAD, rect.y() + 4, end - rect.x() - PAD, TITLE - 8), self._ground(part))
            self._icon(painter, "chevron-down", _icon_rect(strip, PAD), "muted", zoom)
            painter.setPen(self._colour("text"))
            painter.drawText(words, _LEFT, text)
            self._state_icon(painter, part, QRectF(after, strip.y(), ICON, TITLE), zoom)

    def _paint_wires(self, painter: QPainter, exposed: QRectF, zoom: float) -> None:
        # Qt draws cosmetic lines several times faster than others; their width is in pixels of the screen.
        wide = 1.3 if self.is_file else painter.device().devicePixelRatioF()
        pen = QPen(self._colour("border_strong"), wide, c=Qt.PenCapStyle.FlatCap)
        pen.setCosmetic(not self.is_file)
        if zoom < COARSE:
            painter.setPen(pen)
            painter.drawLines(self._straight)
            return
        for (top, bottom), (lines, arrows) in self._curves.items():
            if top <= exposed.bottom() and bottom >= exposed.top():
                painter.strokePath(lines, pen)
                if zoom >= READABLE:
                    painter.fillPath(arrows, self._colour("border_strong"))

    def _paint_plain(self, painter: QPainter, parts: list[tuple[Part, QRectF]], zoom: float) -> None:
        """Grounds, headers and stripes only, all of a colour at once; names where they fit."""
        grounds, headers, stripes = _Fills(), _Fills(), _Fills()
        stripe = max(STRIPE, 2.0 / zoom)
        for part, rect in parts:
            face, state = self.faces[part], self.choice.state(part)
            grounds.add(self._body(state), rect)
            if face.kind:
                headers.add(self._kind(face.kind), QRectF(rect.x(), rect.y(), rect.width(), face.header))
            if state != NOTHING:
                tint = self._colour("frozen" if state == FROZEN else "trainable")
                stripes.add(tint, QRectF(rect.x(), rect.y(), stripe, rect.height()))
        painter.setOpacity(DIM if self.found else 1.0)
        for fills in (grounds, headers, stripes):
            fills.paint(painter)
        painter.setOpacity(1.0)
        pen = QPen(self._colour("border_strong"), 1)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if zoom >= COARSE:
            painter.drawRects([rect for _, rect in parts])
        if zoom >= NAMED and len(parts) <= MOST_READABLE:
            self._paint_names(painter, parts, zoom)

    def _paint_names(self, painter: QPainter, parts: list[tuple[Part, QRectF]], zoom: float) -> None:
        """What each box is, in letters that stay large enough to read while the box gets small."""
        font = QFont(self._body_font)
        font.setPixelSize(round(SMALLEST / zoom))
        painter.setFont(font)
        painter.setPen(self._colour("text"))
        metrics = painter.fontMetrics()
        for part, rect in parts:
            face = self.faces[part]
            text = face.heading or short_op(part.main.op)
            if metrics.horizontalAdvance(text) + 2 * PAD <= rect.width() and metrics.height() * 0.8 <= rect.height():
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_box(self, painter: QPainter, part: Part, rect: QRectF, zoom: float) -> None:
        state, face = self.choice.state(part), self.faces[part]
        painter.setOpacity(DIM if self.found and part not in self.found else 1.0)
        outline = QPainterPath()
        outline.addRoundedRect(rect, theme.RADIUS, theme.RADIUS)
        line = QPen(self._colour("border_strong"), 1)
        if part.children:  # a second sheet below: there is more in it
            painter.setPen(line)
            painter.setBrush(self._colour("surface"))
            painter.drawRoundedRect(rect.translated(4, 4), theme.RADIUS, theme.RADIUS)
        painter.fillPath(outline, self._body(state))
        painter.save()
        painter.setClipPath(outline, Qt.ClipOperation.IntersectClip)
        if state != NOTHING:
            stripe = QRectF(rect.x(), rect.y(), STRIPE, rect.height())
            painter.fillRect(stripe, self._colour("frozen" if state == FROZEN else "trainable"))
        if not part.children:
            self._paint_bands(painter, face, rect, STRIPE if state != NOTHING else 0.0)
        elif part.owners:
            self._paint_share(painter, part, rect)
        painter.restore()
        painter.strokePath(outline, line)
        if part.children:
            self._paint_heading(painter, part, face, rect, zoom)
        self._paint_words(painter, part, face, rect, zoom)
        painter.setOpacity(1.0)

    def _paint_bands(self, painter: QPainter, face: Face, rect: QRectF, stripe: float) -> None:
        painter.setFont(self._body_font)
        x, width = rect.x() + stripe, rect.width() - stripe
        natural = sum(width for *_, width in face.bands)
        for number, (text, kind, wide) in enumerate(face.bands):
            is_last = number == len(face.bands) - 1
            share = rect.right() - x if is_last else wide * min(1.0, width / natural)
            # The first word, the main one, gets what room is over.
            share += max(0.0, width - natural) if not number and not is_last else 0.0
            band = QRectF(x, rect.y(), share, face.header)
            painter.fillRect(band, self._kind(kind))
            painter.setPen(self._colour("text"))
            words = band.adjusted(PAD, 0, -4, 0)
            painter.drawText(words, _LEFT, _elided(painter, text, words))
            x += share

    def _paint_share(self, painter: QPainter, part: Part, rect: QRectF) -> None:
        """Along the lower edge: how much of a group is frozen, and how much trains."""
        bar = QRectF(rect.x() + STRIPE + PAD, rect.bottom() - 8, rect.width() - STRIPE - 2 * PAD, 3)
        painter.fillRect(bar, self._colour("frozen"))
        share = self.choice.share(part)
        if share or self.choice.state(part) != FROZEN:
            warm = max(3.0, bar.width() * share)
            painter.fillRect(QRectF(bar.right() - warm, bar.y(), warm, 3), self._colour("trainable"))

    def _paint_heading(self, painter: QPainter, part: Part, face: Face, rect: QRectF, zoom: float) -> None:
        painter.setFont(self._heading_font)
        strip = QRectF(rect.x(), rect.y(), rect.width(), face.header)
        self._icon(painter, "chevron-right", _icon_rect(strip, STRIPE + 4), "muted", zoom)
        painter.setPen(self._colour("text"))
        words = strip.adjusted(STRIPE + ICON + PAD, 0, -(ICON + 2 * PAD), 0)
        painter.drawText(words, _LEFT, _elided(painter, face.heading, words))
        end = QRectF(rect.right() - ICON - PAD, rect.y(), ICON, face.header)
        self._state_icon(painter, part, end, zoom)
        if self.choice.state(part) == PARTLY:
            painter.setFont(self._body_font)
            painter.setPen(self._colour("text"))
            beside = strip.adjusted(0, 0, -(ICON + PAD + 5), 0)
            painter.drawText(beside, _RIGHT, f"{percent(self.choice.share(part))} trains")

    def _paint_words(self, painter: QPainter, part: Part, face: Face, rect: QRectF, zoom: float) -> None:
        painter.setFont(self._body_font)
        has_icon = not part.children and bool(part.owners)
        strip = QRectF(rect.x(), rect.y() + face.header, rect.width(), rect.height() - face.header)
        if part.children:
            strip.setBottom(strip.bottom() - 8)
        if has_icon:
            self._state_icon(painter, part, QRectF(rect.x() + STRIPE + 6, strip.y(), ICON, strip.height()), zoom)
        before = (STRIPE if part.owners else 0.0) + PAD + (ICON + 4 if has_icon else 0)
        words = strip.adjusted(before, 0, -PAD, 0)
        painter.setPen(self._colour("muted"))
        painter.drawText(words, _RIGHT, face.right)
        words.setRight(words.right() - painter.fontMetrics().horizontalAdvance(face.right) - PAD)
        painter.setPen(self._colour("text"))
        painter.drawText(words, _LEFT, _elided(painter, face.left, words))

    def _paint_marks(self, painter: QPainter, exposed: QRectF, zoom: float) -> None:
        ink, wide = self._colour("accent"), 2.5 / min(1.0, zoom)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for part in self.found:
            if part in self._rects and self._rects[part].intersects(exposed):
                painter.setPen(QPen(ink, wide * 0.7, Qt.PenStyle.DashLine))
                painter.drawRoundedRect(self._rects[part].adjusted(-3, -3, 3, 3), theme.RADIUS + 2, theme.RADIUS + 2)
        part = self.selected
        if part is None or (part not in self._rects and part not in self._frames):
            return
        touching = (wire for wire in self.layout.wires if wire.source is part or part in wire.targets)
        lines, arrows = curves(touching)
        painter.strokePath(lines, QPen(ink, wide * 0.8))
        painter.fillPath(arrows, ink)
        painter.setPen(QPen(ink, wide))
        painter.drawRoundedRect(self.rect(part).adjusted(-2, -2, 2, 2), theme.RADIUS + 2, theme.RADIUS + 2)

    def _state_icon(self, painter: QPainter, part: Part, where: QRectF, zoom: float) -> None:
        state = self.choice.state(part)
        if state != NOTHING:
            name, colour = STATE_ICONS[state]
            side = QRectF(where.x(), where.center().y() - ICON / 2, ICON, ICON)
            self._icon(painter, name, side, colour, zoom)

    def _icon(self, painter: QPainter, name: str, where: QRectF, colour: str, zoom: float) -> None:
        if self.is_file:
            _renderer(name, self._colour(colour).name()).render(painter, where)
            return
        # In steps, so that few sizes of each icon are ever made.
        scale = math.ceil(2 * zoom * painter.device().devicePixelRatioF()) / 2
        drawn = theme.pixmap(name, round(ICON), colour, scale)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(where, drawn, QRectF(drawn.rect()))

    # --- colours, looked up once in each round

    def _colour(self, name: str) -> QColor:
        return self._colours.get(name) or self._colours.setdefault(name, theme.colour(name))

    def _shade(self) -> QColor:
        return self._colours.get("shade") or self._colours.setdefault("shade", theme.soft("hover", 0.55))

    def _kind(self, kind: str) -> QColor:
        return self._colours.get(f"kind {kind}") or self._colours.setdefault(
            f"kind {kind}", graph_colours.of_kind(kind)
        )

    def _body(self, state: str) -> QColor:
        return self._colours.get(f"body {state}") or self._colours.setdefault(
            f"body {state}", graph_colours.body(state)
        )


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


@functools.cache
def _renderer(name: str, tint: str) -> QSvgRenderer:
    text = (theme.ICONS / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", tint)
    return QSvgRenderer(text.encode())


def _icon_rect(strip: QRectF, before: float) -> QRectF:
    return QRectF(strip.x() + before, strip.center().y() - ICON / 2, ICON, ICON)


def _elided(painter: QPainter, text: str, words: QRectF) -> str:
    metrics = painter.fontMetrics()
    # A pixel of grace: the width of the words was measured to the fraction.
    return metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, int(words.width()) + 1)


def _rect(box: Box) -> QRectF:
    return QRectF(box.x, box.y, box.width, box.height)
