"""The layer tree: what a model is made of, and which of it trains."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QUndoStack
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.figures import count
from desktop_app.widgets.fold import Fold
from desktop_app.widgets.labels import ElidedLabel
from desktop_app.widgets.layers.cells import share_of
from desktop_app.widgets.layers.facts import FOLLOW
from desktop_app.widgets.layers.model import LayerModel
from desktop_app.widgets.layers.norm_switches import NormSwitches
from desktop_app.widgets.layers.undo import Change, is_applying, tool_button, undo_buttons
from desktop_app.widgets.layers.view import LayerView
from desktop_app.widgets.search_field import SearchField
from desktop_app.widgets.share_bar import ShareBar
from engine.events import GraphNode, Layer, LayerTimed
from engine.runs import LayerProof


class LayerTree(QWidget):
    """Header line, search, the tree itself, and the switches of the normalisation.

    `origin` is a word of the owner's for why the ticks are as they are (a strategy's name, say); ticking by hand makes
    it "". Undo brings back the ticks and the origin. With `settings` the choice of columns is remembered.
    """

    trainable_changed = Signal(tuple)  # tuple[str, ...]: the layers that are ticked, in execution order
    norm_changed = Signal(str, str)  # scale and shift: follow, frozen, trained; statistics: follow, frozen
    selected = Signal(str)  # the layer or block that the person moved to

    def __init__(self, parent: QWidget | None = None, settings: Settings | None = None) -> None:
        super().__init__(parent)
        self.origin = ""
        self.undo_stack = QUndoStack(self)
        self.model = LayerModel(self)
        self.summary = ElidedLabel(mode=Qt.TextElideMode.ElideRight)
        self.bar = ShareBar()
        self.search = SearchField("Search layers")
        self.view = LayerView(self.model, settings)
        self.switches = NormSwitches()
        self.advanced = Fold("Advanced", self.switches)
        self._lay_out()
        self.model.ticked.connect(self._on_ticked)
        self.model.changed.connect(self._on_changed)
        self.search.textChanged.connect(self.view.show_matches)
        self.view.wanted.connect(self._on_ticked)
        self.view.selected.connect(self.selected)
        self.switches.chosen.connect(self._on_norm_chosen)
        self._on_changed()

    # --- what is shown

    def set_layers(self, layers: tuple[Layer, ...], trainable: Iterable[str] = (), origin: str = "") -> None:
        """Show another model; what could be undone before is forgotten, and so are rates, times and proof unless the
        layers have the same names."""
        self.undo_stack.clear()
        self.origin = origin
        self.model.set_layers(layers, trainable)
        self.view.show_stages()

    def trainable(self) -> tuple[str, ...]:
        return self.model.trainable()

    def set_trainable(self, names: Iterable[str], origin: str = "", text: str = "ticks") -> None:
        """Tick these layers and no others; undo brings back what was. What follows from another change of the same
        stack is only shown, since it comes and goes with that."""
        after = (frozenset(names), origin)
        before = (frozenset(self.model.trainable()), self.origin)
        if is_applying(self.undo_stack):
            self.show_trainable(*after)
        elif after != before:
            redo, undo = (lambda: self._apply(*after)), (lambda: self._apply(*before))
            self.undo_stack.push(Change(self.undo_stack, text, redo, undo))

    def show_trainable(self, names: Iterable[str], origin: str = "") -> None:
        """The same without saying it and without a step for undo: for ticks that follow from something else."""
        self.origin = origin
        self.model.set_trainable(names)

    def set_norm(self, affine: str, statistics: str) -> None:
        """Show what becomes of the normalisation, without saying it: `affine` is follow, frozen or trained,
        `statistics` follow or frozen."""
        self.switches.choose(affine, statistics)
        self.model.set_norm(affine, statistics)

    def norm(self) -> tuple[str, str]:
        return self.model.facts.affine, self.model.facts.statistics

    def set_rates(self, rates: Mapping[int, float]) -> None:
        """The learning-rate multiplier of each block, by Layer.block; nothing takes the column away."""
        self.model.set_rates(rates)

    def set_times(self, times: Mapping[str, LayerTimed]) -> None:
        """What was measured on this machine, by the layer's name; nothing takes the column away."""
        self.model.set_times(times)

    def set_graph(self, nodes: Iterable[GraphNode]) -> None:
        """The operations of the same model: they tell what a block of branches puts out."""
        self.model.set_graph(nodes)

    def set_proof(self, proof: Mapping[str, LayerProof]) -> None:
        """What the hashes before and after a run say, by the layer's name; nothing takes the column away."""
        self.model.set_proof(proof)

    def select(self, name: str) -> None:
        """Go to the layer or block of that dotted name, or to what is nearest to it, and say nothing. A search that
        hides it is forgotten."""
        if not self.view.select(name) and self.search.text():
            self.search.clear()
            self.view.select(name)

    # --- what the person does

    def _apply(self, names: frozenset[str], origin: str) -> None:
        self.show_trainable(names, origin)
        self.trainable_changed.emit(self.model.trainable())

    def _apply_norm(self, affine: str, statistics: str) -> None:
        self.set_norm(affine, statistics)
        self.norm_changed.emit(affine, statistics)

    def _on_ticked(self, names: frozenset[str]) -> None:
        self.set_trainable(names)

    def _on_norm_chosen(self, affine: str, statistics: str) -> None:
        before, after = self.norm(), (affine, statistics)
        if before != after:
            redo, undo = (lambda: self._apply_norm(*after)), (lambda: self._apply_norm(*before))
            self.undo_stack.push(Change(self.undo_stack, "normalisation", redo, undo))

    def _on_changed(self) -> None:
        everything, trains = self.model.parameters()
        words = f"{count(everything)} parameters, {count(trains)} train ({share_of(trains, everything)})"
        self.summary.set_whole(words)
        self.bar.set_share(trains / everything if everything else 0.0)
        changed = sum(choice != FOLLOW for choice in self.norm())
        self.advanced.set_title(f"Advanced · {changed} changed" if changed else "Advanced")
        self.advanced.setVisible(self.model.facts.has_norm())
        self.switches.set_has_statistics(self.model.facts.has_statistics())

    # --- how it is made

    def _lay_out(self) -> None:
        tools = QHBoxLayout(spacing=theme.GRID)
        tools.addWidget(self.search, 1)
        for button in self._tools():
            tools.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GRID)
        layout.addWidget(self.summary)
        layout.addWidget(self.bar)
        layout.addLayout(tools)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.advanced)
        self.setFocusProxy(self.view)

    def _tools(self) -> list[QToolButton]:
        buttons = undo_buttons(self.undo_stack, self)
        for name, icon, do in (
            ("Unfold all", "unfold-vertical", self.view.expandAll),
            ("Fold all", "fold-vertical", self.view.collapseAll),
            ("Columns", "table-2", self._show_columns_menu),
        ):
            action = QAction(name, self)
            action.triggered.connect(do)
            buttons.append(tool_button(action, icon, name))
        self._columns = buttons[-1]
        return buttons

    def _show_columns_menu(self) -> None:
        menu = self.view.columns_menu()
        below = self._columns.rect().bottomRight() - QPoint(menu.sizeHint().width(), 0)
        menu.popup(self._columns.mapToGlobal(below))
