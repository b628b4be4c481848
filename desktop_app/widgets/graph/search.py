"""What a search finds in a network, and which match a person is at."""

from __future__ import annotations

from collections.abc import Container

from desktop_app.widgets.graph.faces import found_in_words
from desktop_app.widgets.graph.fold import Part


class GraphSearch:
    """Boxes with the text in the name or the kind of one of their operations, in execution order."""

    def __init__(self) -> None:
        self._text = ""
        self._matches: tuple[Part, ...] = ()
        self._place = -1

    def look(self, root: Part, text: str) -> None:
        """Search anew; no match is the current one."""
        self._text = text.strip().lower()
        boxes = (part for part in root.walk() if not part.children)
        self._matches = tuple(part for part in boxes if self._text and _holds(part, self._text))
        self._place = -1

    def step(self, by: int) -> Part | None:
        """The next match (1) or the one before (-1), round the end; None where there is none."""
        if not self._matches:
            return None
        at_first = 0 if by > 0 else len(self._matches) - 1
        self._place = at_first if self._place < 0 else (self._place + by) % len(self._matches)
        return self._matches[self._place]

    def seen_in(self, parts: Container[Part]) -> frozenset[Part]:
        """Those of `parts` that are a match, or hide one."""
        first = (next((one for one in (box, *box.above()) if one in parts), None) for box in self._matches)
        return frozenset(part for part in first if part is not None)

    def words(self) -> str:
        """How many were found, and at which one the person is; "" without a search."""
        return found_in_words(self._place + 1, len(self._matches)) if self._text else ""


def _holds(part: Part, words: str) -> bool:
    return any(words in text.lower() for node in part.nodes for text in (node.name, node.op, node.layer))
