"""The graph pane: the network as operations and lines, what is frozen cold and what trains warm."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QStackedLayout, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.widgets.graph import export as graph_export
from desktop_app.widgets.graph.bar import GraphBar
from desktop_app.widgets.graph.fold import Part, grow
from desktop_app.widgets.graph.freeze import TRAINS, Stop, changes_for
from desktop_app.widgets.graph.names import part_named
from desktop_app.widgets.graph.search import GraphSearch
from desktop_app.widgets.graph.shown import ShownNetwork
from desktop_app.widgets.graph.view import GraphView
from desktop_app.widgets.page_frame import EmptyState
from engine.errors import ThawError
from engine.events import GraphNode, Layer


class LayerGraph(QWidget):
    """Shows what it is told and tells what a person wants; to freeze is the owner's part, through `set_trainable`."""

    selected = Signal(str)
    """The name of the layer or block that a person chose."""
    wanted = Signal(object)
    """frozenset[str]: the owners of parameters that would train."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view, self.bar, self.empty = GraphView(), GraphBar(), EmptyState()
        self._network = ShownNetwork(self.view)
        self._title = ""
        self._found = GraphSearch()
        self._lay_out()
        self._connect()
        self.clear()

    @property
    def _root(self) -> Part:
        return self._network.root

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
        self._network.set_root(root, is_new=title != self._title)
        self._title = title
        self.view.setAccessibleName(f"Graph of {title}")
        self._search(self.bar.search.text())
        self._stack.setCurrentWidget(self.view)
        self.bar.set_usable(True)
        self._network.lay_out()

    def set_owners(self, layers: tuple[Layer, ...]) -> None:
        """The owners of parameters in execution order; those without are left out."""
        self._network.set_owners([layer for layer in layers if layer.parameters])

    def set_trainable(self, names: Collection[str]) -> None:
        self._network.set_trainable(names)

    def select(self, layer_name: str) -> None:
        """Mark the box of this layer, or the group of this name, or the folded group that hides it."""
        part = part_named(layer_name, self._root, self._network.choice) if layer_name else None
        part = self.view.seen.in_sight(part) if part else None
        if part is not None and part is not self.view.drawing.selected:
            self.view.set_selected(part)
            self.view.show_part(part)

    def clear(self, sentence: str = "Choose a model to see its graph.") -> None:
        """Show no network, and `sentence` instead."""
        self._show_sentence(sentence, "network")

    def show_error(self, sentence: str) -> None:
        self._show_sentence(sentence, "circle-alert")

    def _show_sentence(self, sentence: str, icon: str) -> None:
        self._title = ""
        self._network.clear()
        self.empty.set(sentence, "", icon)
        self._stack.setCurrentWidget(self.empty)
        self.bar.set_usable(False)

    # --- folding

    def unfolded(self) -> frozenset[str]:
        """The names of the groups that are unfolded."""
        return self._network.unfolded

    def set_unfolded(self, names: Collection[str]) -> None:
        """Unfold these groups and no others."""
        self._network.set_unfolded(names)

    def toggle(self, part: Part) -> None:
        """Fold or unfold a group; a box folds the group that it lies in."""
        self._network.toggle(part)

    def unfold_a_level(self) -> None:
        """Unfold all folded groups that are seen."""
        self._network.unfold_a_level()

    def fold_a_level(self) -> None:
        """Fold all unfolded groups that hold no other unfolded group."""
        self._network.fold_a_level()

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
        self._show_found()
        self._network.bring(part)

    # --- what the person wants

    def _choose(self, part: Part) -> None:
        self.view.set_selected(part)
        self.selected.emit(part.name if part.children else part.main.layer or part.main.name)

    def _want(self, names: frozenset[str]) -> None:
        self.wanted.emit(names)
        # What was tried while a line was dragged counts only when it is taken up.
        self.view.set_choice(self._network.choice)

    def _on_line_dropped(self, stop: Stop) -> None:
        self._want(self._network.choice.below(stop.frozen))

    def _on_freeze_wanted(self, part: Part) -> None:
        if part.owners:
            self._want(self._network.choice.with_part(part, self._network.choice.state(part) != TRAINS))

    def menu_for(self, part: Part) -> QMenu:
        """What can be done with a box or a group."""
        menu = QMenu(self)
        for text, icon, colour, names in changes_for(self._network.choice, part, self._root):
            action = menu.addAction(theme.icon(icon, 16, colour), text)
            action.triggered.connect(lambda _=False, names=names: self._want(names))
        if part.children:
            menu.addSeparator()
            text, icon = ("Fold", "fold-vertical") if part.name in self.unfolded() else ("Unfold", "unfold-vertical")
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

    # --- how it is made

    def _connect(self) -> None:
        self._network.waits.connect(lambda: self.bar.say("Laying out…"))
        self._network.drawn.connect(self._show_found)
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
