"""The network that is in the view: which of its groups are unfolded, and the drawing that follows from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QPointF, Signal

from desktop_app.widgets.graph.faces import Face, face_of
from desktop_app.widgets.graph.fold import Part, Seen, seen, unfolded_at_first
from desktop_app.widgets.graph.freeze import Choice, give_owners
from desktop_app.widgets.graph.layout import Layout, lay_out
from desktop_app.widgets.graph.painter import Drawing
from desktop_app.widgets.graph.view import GraphView
from desktop_app.worker import Background
from engine.events import Layer

AT_ONCE = 300
"""Lines between boxes up to which the layout is made at once: that many take about 30 ms."""


@dataclass(frozen=True, eq=False)
class _Wish:
    """A layout to be made; `kept` is a group and where it stood, so that what a person looks at stays in place, and
    `wanted` is what they shall see."""

    root: Part
    seen: Seen
    faces: dict[Part, Face]
    kept: tuple[Part, QPointF] | None
    wanted: Part | None

    def work(self) -> Layout:
        return lay_out(self.root, self.seen, {part: (f.width, f.height) for part, f in self.faces.items()})


class ShownNetwork(QObject):
    """Lays the network out, a large one in a thread, and shows it; of layouts that were asked for only the newest."""

    waits = Signal()
    """A layout was begun that takes a while."""
    drawn = Signal()
    """A new drawing is in the view."""

    def __init__(self, view: GraphView) -> None:
        super().__init__(view)
        self._view = view
        self.root, self.choice = Part("", ""), Choice()
        self.unfolded: frozenset[str] = frozenset()
        self._goes_with: dict[int, int] = {}
        self._newest: _Wish | None = None
        self._at_start = True
        self._background = Background(_Wish.work, threads=1)
        self._background.done.connect(self._on_laid_out)

    # --- which network

    def set_root(self, root: Part, is_new: bool) -> None:
        """Take another network, to be laid out when asked; what is unfolded stays where it is not new."""
        self.root = root
        self._goes_with = give_owners(root, self.choice.layers)
        self.unfolded = unfolded_at_first(root) if is_new else self.unfolded
        self._at_start = self._at_start or is_new
        self._view.set_selected(None)

    def set_owners(self, owners: Sequence[Layer]) -> None:
        self.choice = Choice(owners, self.choice.trainable())
        self._goes_with = give_owners(self.root, owners)
        self.lay_out()

    def set_trainable(self, names: Collection[str]) -> None:
        self.choice = self.choice.with_trainable(names)
        self._view.set_choice(self.choice)

    def clear(self) -> None:
        self.root, self._newest = Part("", ""), None
        self._view.show_drawing(Drawing(Layout(), {}, self.choice), Seen((), (), {}), {})

    # --- folding

    def set_unfolded(self, names: Collection[str], kept: Part | None = None, wanted: Part | None = None) -> None:
        """Unfold these groups and no others; `kept` stays where it is in the view, `wanted` is brought into it."""
        self.unfolded = frozenset(names)
        self.lay_out(kept, wanted)

    def toggle(self, part: Part) -> None:
        """Fold or unfold a group; a box folds the group that it lies in."""
        group = part if part.children else part.parent
        if group is None or group is self.root:
            return
        is_open = group.name in self.unfolded
        self._view.set_selected(group)
        self.set_unfolded(self.unfolded - {group.name} if is_open else self.unfolded | {group.name}, group)

    def unfold_a_level(self) -> None:
        """Unfold all folded groups that are seen."""
        self.set_unfolded(self.unfolded | {part.name for part in self._view.drawing.layout.boxes if part.children})

    def fold_a_level(self) -> None:
        """Fold all unfolded groups that hold no other unfolded group."""
        frames = self._view.drawing.layout.frames
        outer = {above for part in frames for above in part.above()}
        self.set_unfolded(self.unfolded - {part.name for part in frames if part not in outer})

    def bring(self, part: Part) -> None:
        """Bring a box or a group into sight, and unfold what hides it."""
        hidden = {above.name for above in part.above() if above is not self.root} - self.unfolded
        if hidden:
            self.set_unfolded(self.unfolded | hidden, wanted=part)
        else:
            self._view.show_part(part)

    # --- laying out

    def lay_out(self, kept: Part | None = None, wanted: Part | None = None) -> None:
        """Draw what is seen now; soon where that takes a while."""
        if not self.root.children:
            return
        parts = seen(self.root, self.unfolded)
        shown = {*parts.parts, *(above for part in parts.parts for above in part.above())}
        wish = _Wish(self.root, parts, {part: face_of(part) for part in shown}, self._place_of(kept), wanted)
        self._newest = wish
        if len(parts.edges) <= AT_ONCE:
            self._on_laid_out(wish, wish.work())
        else:
            self.waits.emit()
            self._background.ask(wish)

    def _place_of(self, part: Part | None) -> tuple[Part, QPointF] | None:
        layout = self._view.drawing.layout
        if part is None or (part not in layout.boxes and part not in layout.frames):
            return None
        return part, self._view.place_of(part)

    def _on_laid_out(self, wish: _Wish, layout: Layout | Exception) -> None:
        if wish is not self._newest:
            return
        if isinstance(layout, Exception):
            raise layout
        selected = self._view.drawing.selected
        drawing = Drawing(layout, wish.faces, self.choice)
        drawing.selected = wish.seen.in_sight(selected) if selected else None
        self._view.show_drawing(drawing, wish.seen, self._goes_with)
        self.drawn.emit()
        if self._at_start:
            self._at_start = False
            self._view.show_start()
        elif wish.kept:
            self._view.keep_at(*wish.kept)
        if wish.wanted in layout.boxes:
            self._view.show_part(wish.wanted)
