"""From box to box with the arrow keys: along the lines, and sideways to what stands beside."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt

from desktop_app.widgets.graph.fold import Part, Seen
from desktop_app.widgets.graph.layout import Box, Layout

ARROWS = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right)


def step(layout: Layout, seen: Seen, part: Part, key: Qt.Key) -> Part | None:
    """Where an arrow key leads from `part`; None where it leads nowhere."""
    if part in layout.frames:
        return _out_of_frame(layout, part, key)
    box = layout.boxes[part]
    if key == Qt.Key.Key_Down:
        fed = [target for source, target in seen.edges if source is part]
        return _nearest(layout, box, fed) or _nearest(layout, box, _where(layout, lambda other: other.y >= box.bottom))
    if key == Qt.Key.Key_Up:
        feeding = [source for source, target in seen.edges if target is part]
        above = _where(layout, lambda other: other.bottom <= box.y)
        return _nearest(layout, box, feeding) or _nearest(layout, box, above)
    sign = 1 if key == Qt.Key.Key_Right else -1
    beside = _where(layout, lambda other: sign * (_middle(other) - _middle(box)) > 1 and _overlap(box, other))
    return min(beside, key=lambda other: abs(_middle(layout.boxes[other]) - _middle(box)), default=None)


def _out_of_frame(layout: Layout, frame: Part, key: Qt.Key) -> Part | None:
    box = layout.frames[frame]
    inside = [part for part in layout.boxes if frame in part.above()]
    if key == Qt.Key.Key_Down:
        return min(inside, key=lambda part: layout.boxes[part].y, default=None)
    if key == Qt.Key.Key_Up:
        return _nearest(layout, box, _where(layout, lambda other: other.bottom <= box.y))
    return None


def _where(layout: Layout, wanted: Callable[[Box], bool]) -> list[Part]:
    return [part for part, box in layout.boxes.items() if wanted(box)]


def _nearest(layout: Layout, box: Box, parts: Iterable[Part]) -> Part | None:
    """The next row first, then sideways."""

    def distance(part: Part) -> tuple[float, float]:
        other = layout.boxes[part]
        down = max(other.y - box.bottom, box.y - other.bottom)
        return round(down / 8), abs(_middle(other) - _middle(box))

    return min(parts, key=distance, default=None)


def _middle(box: Box) -> float:
    return box.x + box.width / 2


def _overlap(box: Box, other: Box) -> bool:
    return min(box.bottom, other.bottom) - max(box.y, other.y) > -box.height / 2
