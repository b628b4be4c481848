"""The graph pane: the network as operations and lines, what is frozen cold and what trains warm."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QPoint, QPointF, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedLayout, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.widgets.graph import export as graph_export
from desktop_app.widgets.graph.bar import GraphBar
from desktop_app.widgets.graph.faces import Face, face_of
from desktop_app.widgets.graph.fold import Part, Seen, grow, seen, unfolded_at_first
from desktop_app.widgets.graph.freeze import TRAINS, Choice, Stop, changes_for, give_owners
from desktop_app.widgets.graph.layout import Layout, lay_out
from desktop_app.widgets.graph.painter import Drawing
from desktop_app.widgets.graph.search import GraphSearch
from desktop_app.widgets.graph.view import GraphView
from desktop_app.widgets.page_frame import EmptyState
from desktop_app.worker import Background
from engine.errors import ThawError
from engine.events import GraphNode, Layer

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


class LayerGraph(QWidget):
    """Shows what it is told and tells what a person wants; to freeze is the owner's part, through `set_trainable`."""

    selected = Signal(str)
    """The name of the layer or block that a person chose."""
    wanted = Signal(object)
    """frozenset[str]: the owners of parameters that would train."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view, self.bar, self.empty = GraphView(), GraphBar(), EmptyState()
        self._title, self._root = "", Part("", "")
        self._choice = Choice()
        self._goes_with: dict[int, int] = {}
        self._unfolded: frozenset[str] = frozenset()
        self._newest: _Wish | None = None
        self._at_start = True
        self._found = GraphSearch()
        self._background = Background(_Wish.work, threads=1)
        self._background.done.connect(self._on_laid_out)
        self._lay_out()
        self._connect()
        self.clear()

    # --- what the owner tells

    def set_graph(self, nodes: tuple[GraphNode, ...], title: str) -> None:
        """Show another network. What is unfolded stays where it has the same title."""
        try:
            root = grow(nodes)
        except ValueError as error:
            self.show_error(f"The graph of {title} cannot be drawn: {error}.")
            return
        if not root.children:
            self.clear()
            return
        is_new = title != self._title
        self._title, self._root = title, root
        self._goes_with = give_owners(root, self._choice.layers)
        self._unfolded = unfolded_at_first(root) if is_new else self._unfolded
        self._at_start = self._at_start or is_new
        self.view.set_selected(None)
        self.view.setAccessibleName(f"Graph of {title}")
        self._search(self.bar.search.text())
        self._refresh()

    def set_owners(self, layers: tuple[Layer, ...]) -> None:
        """The owners of parameters in execution order; those without are left out."""
        owners = [layer for layer in layers if layer.parameters]
        self._choice = Choice(owners, self._choice.trainable())
        self._goes_with = give_owners(self._root, owners)
        self._refresh()

    def set_trainable(self, names: Collection[str]) -> None:
        self._choice = self._choice.with_trainable(names)
        self.view.set_choice(self._choice)

    def select(self, layer_name: str) -> None:
        """Mark the box of this layer, or the group of this name, or the folded group that hides it."""
        part = self._named(layer_name) if layer_name else None
        part = self._shown(part, self.view.seen) if part else None
        if part is not None and part is not self.view.drawing.selected:
            self.view.set_selected(part)
            self.view.show_part(part)

    def clear(self, sentence: str = "Choose a model to see its graph.") -> None:
        """Show no network, and `sentence` instead."""
        self._show_sentence(sentence, "network")

    def show_error(self, sentence: str) -> None:
        self._show_sentence(sentence, "circle-alert")

    def _show_sentence(self, sentence: str, icon: str) -> None:
        self._title, self._root, self._newest = "", Part("", ""), None
        self.view.show_drawing(Drawing(Layout(), {}, self._choice), Seen((), (), {}), {})
        self.empty.set(sentence, "", icon)
        self._stack.setCurrentWidget(self.empty)
        self.bar.set_usable(False)

    # --- folding

    def unfolded(self) -> frozenset[str]:
        """The names of the groups that are unfolded."""
        return self._unfolded

    def set_unfolded(self, names: Collection[str], kept: Part | None = None, wanted: Part | None = None) -> None:
        """Unfold these groups and no others; `kept` stays where it is in the view, `wanted` is brought into it."""
        self._unfolded = frozenset(names)
        self._refresh(kept, wanted)

    def toggle(self, part: Part) -> None:
        """Fold or unfold a group; a box folds the group that it lies in."""
        group = part if part.children else part.parent
        if group is None or group is self._root:
            return
        is_open = group.name in self._unfolded
        self.view.set_selected(group)
        self.set_unfolded(self._unfolded - {group.name} if is_open else self._unfolded | {group.name}, group)

    def unfold_a_level(self) -> None:
        """Unfold all folded groups that are seen."""
        self.set_unfolded(self._unfolded | {part.name for part in self.view.drawing.layout.boxes if part.children})

    def fold_a_level(self) -> None:
        """Fold all unfolded groups that hold no other unfolded group."""
        frames = self.view.drawing.layout.frames
        outer = {above for part in frames for above in part.above()}
        self.set_unfolded(self._unfolded - {part.name for part in frames if part not in outer})

    def _refresh(self, kept: Part | None = None, wanted: Part | None = None) -> None:
        if not self._root.children:
            return
        parts = seen(self._root, self._unfolded)
        shown = {*parts.parts, *(above for part in parts.parts for above in part.above())}
        place = self._place_of(kept)
        wish = _Wish(self._root, parts, {part: face_of(part) for part in shown}, place, wanted)
        self._newest = wish
        self._stack.setCurrentWidget(self.view)
        self.bar.set_usable(True)
        if len(parts.edges) <= AT_ONCE:
            self._on_laid_out(wish, wish.work())
        else:
            self.bar.say("Laying out…")
            self._background.ask(wish)

    def _place_of(self, part: Part | None) -> tuple[Part, QPointF] | None:
        layout = self.view.drawing.layout
        if part is None or (part not in layout.boxes and part not in layout.frames):
            return None
        return part, self.view.place_of(part)

    def _on_laid_out(self, wish: _Wish, layout: Layout | Exception) -> None:
        if wish is not self._newest:
            return
        if isinstance(layout, Exception):
            raise layout
        selected = self.view.drawing.selected
        drawing = Drawing(layout, wish.faces, self._choice)
        drawing.selected = self._shown(selected, wish.seen) if selected else None
        self.view.show_drawing(drawing, wish.seen, self._goes_with)
        self._show_found()
        if self._at_start:
            self._at_start = False
            self.view.show_start()
        elif wish.kept:
            self.view.keep_at(*wish.kept)
        if wish.wanted in layout.boxes:
            self.view.show_part(wish.wanted)

    # --- search

    def _search(self, text: str) -> None:
        self._found.look(self._root, text)
        self._show_found()

    def _show_found(self) -> None:
        self.view.set_found(self._found.seen_in(self.view.drawing.layout.boxes))
        self.bar.say(self._found.words())

    def step_match(self, by: int = 1) -> None:
        """Go to the next match, or the one before (-1), and unfold what hides it."""
        part = self._found.step(by)
        if part is None:
            return
        self._choose(part)
        hidden = {above.name for above in part.above() if above is not self._root} - self._unfolded
        if hidden:
            self.set_unfolded(self._unfolded | hidden, wanted=part)
        else:
            self.view.show_part(part)
            self._show_found()

    # --- what the person wants

    def _choose(self, part: Part) -> None:
        self.view.set_selected(part)
        self.selected.emit(part.name if part.children else part.main.layer or part.main.name)

    def _want(self, names: frozenset[str]) -> None:
        self.wanted.emit(names)
        self.view.set_choice(self._choice)  # what was tried while a line was dragged counts only when it is taken up

    def _on_line_dropped(self, stop: Stop) -> None:
        self._want(self._choice.below(stop.frozen))

    def _on_freeze_wanted(self, part: Part) -> None:
        if part.owners:
            self._want(self._choice.with_part(part, self._choice.state(part) != TRAINS))

    def menu_for(self, part: Part) -> QMenu:
        """What can be done with a box or a group."""
        menu = QMenu(self)
        for text, icon, colour, names in changes_for(self._choice, part, self._root):
            action = menu.addAction(theme.icon(icon, 16, colour), text)
            action.triggered.connect(lambda _=False, names=names: self._want(names))
        if part.children:
            menu.addSeparator()
            text, icon = ("Fold", "fold-vertical") if part.name in self._unfolded else ("Unfold", "unfold-vertical")
            menu.addAction(theme.icon(icon), text).triggered.connect(lambda: self.toggle(part))
        return menu

    def _on_menu_wanted(self, part: Part, place: QPoint) -> None:
        menu = self.menu_for(part)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(place)

    # --- files

    def export(self, path: Path) -> None:
        """Write the graph as it is folded now, as SVG or PNG by the ending. Raises ThawError where that fails."""
        graph_export.write(self.view.drawing, path, self._title)

    def _on_export_wanted(self, ending: str) -> None:
        title = "".join(sign if sign.isalnum() or sign in "-_" else "-" for sign in self._title)
        kind = f"{ending.upper()} (*.{ending})"
        chosen, _ = QFileDialog.getSaveFileName(self, "Save the graph", f"{title}.{ending}", kind)
        if chosen:
            path = Path(chosen)
            try:
                self.export(path if path.suffix.lower() == f".{ending}" else path.with_name(f"{path.name}.{ending}"))
            except ThawError as error:
                dialogs.show_error(self, error)

    # --- names

    def _named(self, name: str) -> Part | None:
        """The group of this name, else the box that computes with this layer, else the first in this block."""
        parts = [part for part in self._root.walk() if part is not self._root]
        boxes = [part for part in parts if not part.children]
        owner = self._choice.names.index(name) if name in self._choice.names else -1
        return next(
            itertools.chain(
                (part for part in parts if part.name == name),
                (box for box in boxes if any(name in (node.layer, node.name) for node in box.nodes)),
                (box for box in boxes if owner in box.owners),
                (part for part in parts if part.name.startswith(f"{name}.")),
            ),
            None,
        )

    def _shown(self, part: Part, parts: Seen) -> Part | None:
        """The part itself where it is in sight, or the folded group that hides it."""
        if any(part in one.above() for one in parts.parts):
            return part
        return next((one for one in (part, *part.above()) if one in parts.parts), None)

    # --- how it is made

    def _connect(self) -> None:
        self.view.part_chosen.connect(self._choose)
        self.view.fold_wanted.connect(self.toggle)
        self.view.freeze_wanted.connect(self._on_freeze_wanted)
        self.view.menu_wanted.connect(self._on_menu_wanted)
        self.view.line_dropped.connect(self._on_line_dropped)
        self.view.zoomed.connect(self.bar.show_zoom)
        self.bar.search.textChanged.connect(self._search)
        self.bar.step_wanted.connect(self.step_match)
        self.bar.zoom_wanted.connect(lambda factor: self.view.set_zoom(self.view.zoom() * factor))
        self.bar.fit_wanted.connect(self.view.fit)
        self.bar.unfold_wanted.connect(self.unfold_a_level)
        self.bar.fold_wanted.connect(self.fold_a_level)
        self.bar.export_wanted.connect(self._on_export_wanted)

    def _lay_out(self) -> None:
        body = QWidget()
        self._stack = QStackedLayout(body)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GRID)
        column.addWidget(self.bar)
        column.addWidget(body, 1)
        self.setFocusProxy(self.view)
