"""The lines of a drawn network as curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath, QPolygonF

from desktop_app.widgets.graph.layout import Wire

BAND = 480.0
"""Height in pixels of the stretches by which lines are drawn, so that only those in sight are."""
ARROW = 4.0


def in_bands(wires: Iterable[Wire]) -> dict[tuple[float, float], tuple[QPainterPath, QPainterPath]]:
    """Lines and arrows by the stretch that they lie in: its top and bottom, then both."""
    sorted_in: dict[int, list[Wire]] = defaultdict(list)
    for wire in wires:
        sorted_in[int((wire.y0 + wire.y1) / 2 // BAND)].append(wire)
    return {(min(wire.y0 for wire in held), max(wire.y1 for wire in held)): curves(held) for held in sorted_in.values()}


def curves(wires: Iterable[Wire]) -> tuple[QPainterPath, QPainterPath]:
    """The lines, to be stroked, and their arrows, to be filled."""
    lines, arrows = QPainterPath(), QPainterPath()
    arrows.setFillRule(Qt.FillRule.WindingFill)  # some lie on each other
    trunks: set[tuple[float, float, float]] = set()
    for wire in wires:
        _add_line(wire, lines, trunks)
        if wire.ends:
            back = wire.y1 - ARROW - 2
            tip = [QPointF(wire.x1, wire.y1), QPointF(wire.x1 - ARROW, back), QPointF(wire.x1 + ARROW, back)]
            arrows.addPolygon(QPolygonF(tip))
    return lines, arrows


def _add_line(wire: Wire, lines: QPainterPath, trunks: set[tuple[float, float, float]]) -> None:
    """`trunks` are the straight beginnings that are drawn: lines that part later share one, and twice it would look
    thicker."""
    end = wire.y1 - ARROW if wire.ends else wire.y1
    trunk = (wire.x0, wire.y0, wire.bend)
    lines.moveTo(wire.x0, wire.bend if trunk in trunks else wire.y0)
    trunks.add(trunk)
    lines.lineTo(wire.x0, wire.bend)
    if abs(wire.x1 - wire.x0) < 0.5:
        lines.lineTo(wire.x1, end)
    else:
        half = (end - wire.bend) * 0.55
        lines.cubicTo(wire.x0, wire.bend + half, wire.x1, end - half, wire.x1, end)
