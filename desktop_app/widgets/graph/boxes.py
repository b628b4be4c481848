"""Draws single boxes with all that stands on them."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from desktop_app import theme
from desktop_app.widgets.figures import percent
from desktop_app.widgets.graph.faces import ICON, PAD, STRIPE, Face
from desktop_app.widgets.graph.fold import Part
from desktop_app.widgets.graph.freeze import FROZEN, NOTHING, PARTLY, Choice
from desktop_app.widgets.graph.ink import Ink

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class BoxPainter:
    """Draws boxes of operations and folded groups, one after another, in one round of painting."""

    def __init__(self, painter: QPainter, ink: Ink, choice: Choice) -> None:
        self._painter, self._ink, self._choice = painter, ink, choice
        self._line = QPen(ink.colour("border_strong"), 1)

    def paint(self, part: Part, face: Face, rect: QRectF) -> None:
        painter, ink, state = self._painter, self._ink, self._choice.state(part)
        outline = QPainterPath()
        outline.addRoundedRect(rect, theme.RADIUS, theme.RADIUS)
        if part.children:  # a second sheet below: there is more in it
            painter.setPen(self._line)
            painter.setBrush(ink.colour("surface"))
            painter.drawRoundedRect(rect.translated(4, 4), theme.RADIUS, theme.RADIUS)
        painter.fillPath(outline, ink.body(state))
        painter.save()
        painter.setClipPath(outline, Qt.ClipOperation.IntersectClip)
        if state != NOTHING:
            stripe = QRectF(rect.x(), rect.y(), STRIPE, rect.height())
            painter.fillRect(stripe, ink.colour("frozen" if state == FROZEN else "trainable"))
        if not part.children:
            self._paint_bands(face, rect, STRIPE if state != NOTHING else 0.0)
        elif part.owners:
            self._paint_share(part, rect, state)
        painter.restore()
        painter.strokePath(outline, self._line)
        if part.children:
            self._paint_heading(part, face, rect, state)
        self._paint_words(part, face, rect, state)

    def _paint_bands(self, face: Face, rect: QRectF, stripe: float) -> None:
        painter, ink = self._painter, self._ink
        painter.setFont(ink.body_font)
        x, width = rect.x() + stripe, rect.width() - stripe
        natural = sum(width for *_, width in face.bands)
        for number, (text, kind, wide) in enumerate(face.bands):
            is_last = number == len(face.bands) - 1
            share = rect.right() - x if is_last else wide * min(1.0, width / natural)
            # The first word, the main one, gets what room is over.
            share += max(0.0, width - natural) if not number and not is_last else 0.0
            band = QRectF(x, rect.y(), share, face.header)
            painter.fillRect(band, ink.of_kind(kind))
            painter.setPen(ink.colour("text"))
            words = band.adjusted(PAD, 0, -4, 0)
            painter.drawText(words, _LEFT, _elided(painter, text, words))
            x += share

    def _paint_share(self, part: Part, rect: QRectF, state: str) -> None:
        """Along the lower edge: how much of a group is frozen, and how much trains."""
        bar = QRectF(rect.x() + STRIPE + PAD, rect.bottom() - 8, rect.width() - STRIPE - 2 * PAD, 3)
        self._painter.fillRect(bar, self._ink.colour("frozen"))
        share = self._choice.share(part)
        if share or state != FROZEN:
            warm = max(3.0, bar.width() * share)
            self._painter.fillRect(QRectF(bar.right() - warm, bar.y(), warm, 3), self._ink.colour("trainable"))

    def _paint_heading(self, part: Part, face: Face, rect: QRectF, state: str) -> None:
        painter, ink = self._painter, self._ink
        painter.setFont(ink.heading_font)
        strip = QRectF(rect.x(), rect.y(), rect.width(), face.header)
        middle = strip.center().y()
        ink.icon(painter, "chevron-right", rect.x() + STRIPE + 4, middle, "muted")
        painter.setPen(ink.colour("text"))
        words = strip.adjusted(STRIPE + ICON + PAD, 0, -(ICON + 2 * PAD), 0)
        painter.drawText(words, _LEFT, _elided(painter, face.heading, words))
        ink.state_icon(painter, state, rect.right() - ICON - PAD, middle)
        if state == PARTLY:
            painter.setFont(ink.body_font)
            painter.setPen(ink.colour("text"))
            beside = strip.adjusted(0, 0, -(ICON + PAD + 5), 0)
            painter.drawText(beside, _RIGHT, f"{percent(self._choice.share(part))} trains")

    def _paint_words(self, part: Part, face: Face, rect: QRectF, state: str) -> None:
        painter, ink = self._painter, self._ink
        painter.setFont(ink.body_font)
        has_icon = not part.children and bool(part.owners)
        strip = QRectF(rect.x(), rect.y() + face.header, rect.width(), rect.height() - face.header)
        if part.children:
            strip.setBottom(strip.bottom() - 8)
        if has_icon:
            ink.state_icon(painter, state, rect.x() + STRIPE + 6, strip.center().y())
        before = (STRIPE if part.owners else 0.0) + PAD + (ICON + 4 if has_icon else 0)
        words = strip.adjusted(before, 0, -PAD, 0)
        painter.setPen(ink.colour("muted"))
        painter.drawText(words, _RIGHT, face.right)
        words.setRight(words.right() - painter.fontMetrics().horizontalAdvance(face.right) - PAD)
        painter.setPen(ink.colour("text"))
        painter.drawText(words, _LEFT, _elided(painter, face.left, words))


def _elided(painter: QPainter, text: str, words: QRectF) -> str:
    metrics = painter.fontMetrics()
    # A pixel of grace: the width of the words was measured to the fraction.
    return metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, int(words.width()) + 1)
