"""The lines of a drawn network as curves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainterPath, QPolygonF

from desktop_app.widgets.graph_layout import Wire

BAND = 480.0
"""Height in pixels of the stretches by which lines are drawn, so that only those in sight are."""
ARROW = 4.0


def in_bands(wires: Iterable[Wire]) -> dict[tuple[float, float], tuple[QPainterPath, QPainterPath]]:
    """Lines and arrows by the stretch that they lie in: its top and bottom, then both."""
    sorted_in: dict[int, list[Wire]] = defaultdict(list)
    for wire in wires:
        sorted_in[int((wire.y0 + wire.y1) / 2 // BAND)].append(wire)
    bands = {}
    for held in sorted_in.values():
        lines, arrows = QPainterPath(), arrows_path()
        for wire in held:
            add_wire(wire, lines, arrows)
        bands[min(wire.y0 for wire in held), max(wire.y1 for wire in held)] = (lines, arrows)
    return bands


def arrows_path() -> QPainterPath:
    """For arrows, some of which lie on each other."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    return path


def add_wire(wire: Wire, lines: QPainterPath, arrows: QPainterPath) -> None:
    end = wire.y1 - ARROW if wire.ends else wire.y1
    lines.moveTo(wire.x0, wire.y0)
    if abs(wire.x1 - wire.x0) < 0.5:
        lines.lineTo(wire.x1, end)
    else:
        lines.lineTo(wire.x0, wire.bend)
        half = (end - wire.bend) * 0.55
        lines.cubicTo(wire.x0, wire.bend + half, wire.x1, end - half, wire.x1, end)
    if wire.ends:
        tip = [QPointF(wire.x1, wire.y1), QPointF(wire.x1 - ARROW, end - 2), QPointF(wire.x1 + ARROW, end - 2)]
        arrows.addPolygon(QPolygonF(tip))
