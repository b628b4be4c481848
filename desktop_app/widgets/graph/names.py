"""Which box or group of a drawn network the name of a layer or block means."""

from __future__ import annotations

import itertools

from desktop_app.widgets.graph.fold import Part
from desktop_app.widgets.graph.freeze import Choice


def part_named(name: str, root: Part, choice: Choice) -> Part | None:
    """The group of this name, else the box that computes with this layer, else the first in this block."""
    parts = [part for part in root.walk() if part is not root]
    boxes = [part for part in parts if not part.children]
    owner = choice.names.index(name) if name in choice.names else -1
    return next(
        itertools.chain(
            (part for part in parts if part.name == name),
            (box for box in boxes if any(name in (node.layer, node.name) for node in box.nodes)),
            (box for box in boxes if owner in box.owners),
            (part for part in parts if part.name.startswith(f"{name}.")),
        ),
        None,
    )
