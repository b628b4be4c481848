"""The view of the layer tree: its columns give way where there is no room, and the person may choose among them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAccessible, QFont, QFontMetrics, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QMenu, QTreeView

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.layers.columns import COLUMNS, NAME, TYPE, WAYS
from desktop_app.widgets.layers.facts import TRAINS
from desktop_app.widgets.layers.model import LayerModel
from desktop_app.widgets.layers.nodes import Node, find, wrappers

INDENTATION = 20
BEFORE_NAME = 36
"""Pixels of a row before its name: the tick and what keeps it apart."""
WIDEST_NAME, WIDEST_STAGE = 320, 224
"""Pixels, at 100 % text: what the names get at most, and what other columns give way for at most."""
WIDER_TYPE = 40
"""What the types get where the names have enough: the longest of them stand there whole."""
REMEMBERED = "layers"


class LayerView(QTreeView):
    """`wanted` carries what would train, `selected` the name of the row that the person moved to.

    `hidden` are the keys of the columns that the person does not want; with `settings` they are remembered.
    """

    wanted = Signal(object)  # frozenset[str]
    selected = Signal(str)

    def __init__(self, model: LayerModel, settings: Settings | None = None) -> None:
        super().__init__()
        self._layers, self._settings = model, settings
        self.hidden = set(settings.hidden_columns(REMEMBERED)) if settings else set()
        self._quiet = False
        self._stage_width = theme.wide(COLUMNS[NAME].width)
        self.setModel(model)
        self.setAccessibleName("Layers")
        self.setUniformRowHeights(True)
        self.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setIndentation(INDENTATION)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu_requested)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self._set_header()
        self.selectionModel().currentChanged.connect(self._on_current_changed)
        model.columns_changed.connect(self._fit)

    def dataChanged(self, first: QModelIndex, last: QModelIndex, roles: Sequence[int] = ()) -> None:
        """No change moves a row, so painting again is enough; Qt's own looks for the place of each row, and takes
        longer than a tick may. A screen reader is told in Qt's way."""
        if QAccessible.isActive():
            super().dataChanged(first, last, list(roles))
        self.viewport().update()

    # --- columns

    def _set_header(self) -> None:
        header = self.header()
        header.setStretchLastSection(True)
        header.setSectionsMovable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(
            lambda position: self.columns_menu().popup(header.mapToGlobal(position))
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Hide columns one after the other until the names have room; the names take what is left."""
        facts = self._layers.facts
        there = {place for place, row in enumerate(COLUMNS) if row.there(facts) and row.key not in self.hidden}
        narrowest = self._stage_width
        room = self.viewport().width() - sum(theme.wide(COLUMNS[place].width) for place in there - {NAME})
        for _, place in WAYS:
            if room < narrowest and place in there:
                there.remove(place)
                room += theme.wide(COLUMNS[place].width)
        more = max(0, min(theme.wide(WIDER_TYPE), room - narrowest))
        widest = max(theme.wide(WIDEST_NAME), narrowest)
        for place, row in enumerate(COLUMNS):
            self.setColumnHidden(place, place not in there)
            self.header().resizeSection(place, theme.wide(row.width) + (more if place == TYPE else 0))
        self.header().resizeSection(NAME, max(theme.wide(COLUMNS[NAME].width) // 2, min(room - more, widest)))

    def columns_menu(self) -> QMenu:
        """Which columns to show; one that is wanted and has no room now says so."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for _, place in sorted((place, place) for _, place in WAYS):
            row = COLUMNS[place]
            if not row.there(self._layers.facts):
                continue
            no_room = self.isColumnHidden(place) and row.key not in self.hidden
            action = menu.addAction(f"{row.title} (no room now)" if no_room else row.title)
            action.setCheckable(True)
            action.setChecked(row.key not in self.hidden)
            action.setToolTip(row.tip)
            action.toggled.connect(lambda shown, key=row.key: self.show_column(key, shown))
        if self.hidden:
            menu.addSeparator()
            menu.addAction("Show all columns").triggered.connect(self.show_all_columns)
        return menu

    def show_column(self, key: str, shown: bool) -> None:
        self._set_hidden(self.hidden - {key} if shown else self.hidden | {key})

    def show_all_columns(self) -> None:
        self._set_hidden(set())

    def _set_hidden(self, hidden: set[str]) -> None:
        self.hidden = hidden
        if self._settings:
            self._settings.set_hidden_columns(REMEMBERED, sorted(hidden))
        self._fit()

    # --- what is in sight

    def show_matches(self, text: str) -> None:
        """Show only the layers whose dotted name or type holds the text, with the blocks they lie in."""
        wanted = text.strip().lower()
        facts = self._layers.facts
        shown = {node.number for node in facts.nodes if _matches(node, wanted)}
        for node in reversed(facts.nodes):
            if node.parent is not None and node.number in shown:
                shown.add(node.parent.number)
        for node in facts.nodes[1:]:
            self.setRowHidden(node.row, self._place(node.parent), node.number not in shown)
        if wanted:
            self.expandAll()
        else:
            self.show_stages()

    def show_stages(self) -> None:
        """Fold everything except what holds the stages of the model together."""
        self.collapseAll()
        unfolded = wrappers(self._layers.facts.root)
        for node in unfolded:
            self.expand(self._place(node))
        stages = [child for node in (self._layers.facts.root, *unfolded) for child in node.children]
        self._stage_width = self._width_for(stages)
        self._fit()
        first = self._layers.index(0, NAME)
        if first.isValid():
            self._go_to(first, QItemSelectionModel.SelectionFlag.NoUpdate)

    def _width_for(self, nodes: list[Node]) -> int:
        """What the names of `nodes` need, within bounds."""
        font = self.font()
        font.setWeight(QFont.Weight.DemiBold)
        metrics = QFontMetrics(font)
        before = theme.wide(BEFORE_NAME)
        widths = [before + INDENTATION * node.depth() + metrics.horizontalAdvance(node.title) for node in nodes]
        narrowest, widest = theme.wide(COLUMNS[NAME].width), theme.wide(WIDEST_STAGE)
        return min(max([narrowest, *widths]), widest)

    def select(self, name: str) -> bool:
        """Go to the layer or block of that name, unfold what it lies in, and say nothing; False where there is none
        in sight."""
        node = find(self._layers.facts.root, name)
        if node is None or self._is_put_away(node):
            return False
        index = self._place(node)
        flags = QItemSelectionModel.SelectionFlag
        self._go_to(index, flags.ClearAndSelect | flags.Rows)
        self.scrollTo(index)
        return True

    def _place(self, node: Node | None) -> QModelIndex:
        return QModelIndex() if node is None or node.parent is None else self._layers.index_of(node)

    def _is_put_away(self, node: Node) -> bool:
        """Whether a search hides the row."""
        return node.parent is not None and self.isRowHidden(node.row, self._place(node.parent))

    def _go_to(self, index: QModelIndex, flags: QItemSelectionModel.SelectionFlag) -> None:
        self._quiet = True
        self.selectionModel().setCurrentIndex(index, flags)
        self._quiet = False

    def _on_current_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid() and not self._quiet:
            self.selected.emit(self._layers.node(now).name)

    # --- what the person does

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            self._tick_selected()
        else:
            super().keyPressEvent(event)

    def _tick_selected(self) -> None:
        """Tick all that is selected, or untick it where all of it is ticked."""
        nodes = [node for node in self._selected() if node.owners]
        if nodes:
            states = {self._layers.state(node) for node in nodes}
            self.wanted.emit(self._layers.names_with(nodes, states != {TRAINS}))

    def _selected(self) -> list[Node]:
        indexes = self.selectionModel().selectedRows(NAME) or [self.currentIndex()]
        return [self._layers.node(index) for index in indexes if index.isValid()]

    def _on_menu_requested(self, position: QPoint) -> None:
        index = self.indexAt(position)
        node = self._layers.node(index) if index.isValid() else None
        if node and node.owners:
            self.menu_for(node).popup(self.viewport().mapToGlobal(position))

    def menu_for(self, node: Node) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        changes = (
            ("Freeze up to here", "snowflake", "frozen", self._layers.names_without(node)),
            ("Train from here", "flame", "trainable", self._layers.names_from(node)),
        )
        for text, icon, colour, names in changes:
            action = menu.addAction(theme.icon(icon, 16, colour), text)
            action.triggered.connect(lambda _=False, names=names: self.wanted.emit(names))
        return menu


def _matches(node: Node, text: str) -> bool:
    return not text or text in node.name.lower() or bool(node.layer and text in node.layer.type.lower())
