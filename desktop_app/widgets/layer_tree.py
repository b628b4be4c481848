"""The layer tree: what a model is made of, and which of it trains."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, QRectF, QSize, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QResizeEvent,
    QUndoCommand,
    QUndoStack,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QSizePolicy,
    QToolButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from desktop_app import theme
from desktop_app.widgets.figures import count, percent
from desktop_app.widgets.layer_model import FIELD, NAME, PARAMETERS, SHAPE, STATE, TYPE, LayerModel
from desktop_app.widgets.layer_nodes import Node
from desktop_app.widgets.search_field import SearchField
from engine.events import Layer

WIDTHS = {TYPE: 108, SHAPE: 116, PARAMETERS: 92, FIELD: 80, STATE: 128}
GIVES_WAY = (FIELD, SHAPE, TYPE)
"""Columns hidden one after the other where there is no room; what a layer is called and whether it trains stay."""
NARROWEST_NAME, WIDEST_NAME = 132, 320


class LayerTree(QWidget):
    """Header line, search, and the tree itself.

    `origin` is a word of the owner's for why the ticks are as they are (a strategy's name, say); ticking by hand makes
    it "". Undo brings back the ticks and the origin.
    """

    trainable_changed = Signal(tuple)  # tuple[str, ...]: the layers that train, in execution order

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.origin = ""
        self.undo_stack = QUndoStack(self)
        self.model = LayerModel(self)
        self.summary = QLabel()
        self.summary.setAccessibleName("Parameters")
        self.bar = ShareBar()
        self.search = SearchField("Search layers")
        self.view = _View(self.model)
        self._lay_out()
        self.model.ticked.connect(self._on_ticked)
        self.model.changed.connect(self._on_changed)
        self.search.textChanged.connect(self.view.show_matches)
        self.view.wanted.connect(self._on_ticked)

    def set_layers(self, layers: tuple[Layer, ...], trainable: Iterable[str] = (), origin: str = "") -> None:
        """Show another model; what could be undone before is forgotten."""
        self.undo_stack.clear()
        self.origin = origin
        self.model.set_layers(layers, trainable)
        self.view.show_first_level()

    def trainable(self) -> tuple[str, ...]:
        return self.model.trainable()

    def set_trainable(self, names: Iterable[str], origin: str = "", text: str = "ticks") -> None:
        """Tick these layers and no others; undo brings back what was."""
        after = (frozenset(names), origin)
        before = (frozenset(self.model.trainable()), self.origin)
        if after != before:
            self.undo_stack.push(_Tick(self, before, after, text))

    def _apply(self, names: frozenset[str], origin: str) -> None:
        self.origin = origin
        self.model.set_trainable(names)
        self.trainable_changed.emit(self.model.trainable())

    def _on_ticked(self, names: frozenset[str]) -> None:
        self.set_trainable(names)

    def _on_changed(self) -> None:
        everything, trains = self.model.parameters()
        share = trains / everything if everything else 0.0
        self.summary.setText(f"{count(everything)} parameters, {count(trains)} train ({percent(share)})")
        self.bar.set_share(share)

    def _lay_out(self) -> None:
        tools = QHBoxLayout(spacing=theme.GRID)
        tools.addWidget(self.search)
        undo = self.undo_stack.createUndoAction(self, "Undo")
        undo.setShortcut(QKeySequence.StandardKey.Undo)
        redo = self.undo_stack.createRedoAction(self, "Redo")
        redo.setShortcut(QKeySequence.StandardKey.Redo)
        unfold = QAction("Unfold all", self, triggered=self.view.expandAll)
        fold = QAction("Fold all", self, triggered=self.view.collapseAll)
        icons = ("undo-2", "redo-2", "unfold-vertical", "fold-vertical")
        for action, icon in zip((undo, redo, unfold, fold), icons, strict=True):
            tools.addWidget(_tool(action, icon))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            self.addAction(action)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GRID)
        layout.addWidget(self.summary)
        layout.addWidget(self.bar)
        layout.addLayout(tools)
        layout.addWidget(self.view, 1)
        self.setFocusProxy(self.view)


class _Tick(QUndoCommand):
    """One change of the ticks."""

    def __init__(
        self, tree: LayerTree, before: tuple[frozenset[str], str], after: tuple[frozenset[str], str], text: str
    ) -> None:
        super().__init__(text)
        self._tree, self._before, self._after = tree, before, after

    def redo(self) -> None:
        self._tree._apply(*self._after)

    def undo(self) -> None:
        self._tree._apply(*self._before)


def _tool(action: QAction, icon: str) -> QToolButton:
    action.setIcon(theme.icon(icon))
    button = QToolButton(autoRaise=True)
    button.setDefaultAction(action)
    button.setIconSize(QSize(16, 16))
    button.setFixedSize(32, 32)
    button.setAccessibleName(action.text())
    return button


class _Matches(QSortFilterProxyModel):
    """Layers whose dotted name or type holds the text, with the blocks they lie in."""

    def filterAcceptsRow(self, row: int, parent: QModelIndex) -> bool:
        text = self.filterRegularExpression().pattern()
        model: LayerModel = self.sourceModel()  # type: ignore[assignment]
        node = model.node(model.index(row, NAME, parent))
        return not text or text in node.name.lower() or bool(node.layer and text in node.layer.type.lower())


class _View(QTreeView):
    wanted = Signal(object)  # frozenset[str]: what would train

    def __init__(self, model: LayerModel) -> None:
        super().__init__()
        self._layers = model
        self._matches = _Matches(self)
        self._matches.setSourceModel(model)
        self._matches.setRecursiveFilteringEnabled(True)
        self.setModel(self._matches)
        self.setAccessibleName("Layers")
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(False)
        self.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setIndentation(20)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu_requested)
        header = self.header()
        header.setStretchLastSection(True)
        header.setSectionsMovable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        for column, width in WIDTHS.items():
            header.resizeSection(column, theme.wide(width))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room, narrowest = self.viewport().width() - sum(map(theme.wide, WIDTHS.values())), theme.wide(NARROWEST_NAME)
        for column in GIVES_WAY:
            narrow = room < narrowest
            self.setColumnHidden(column, narrow)
            room += theme.wide(WIDTHS[column]) if narrow else 0
        self.header().resizeSection(NAME, max(narrowest // 2, min(room, theme.wide(WIDEST_NAME))))

    def show_matches(self, text: str) -> None:
        self._matches.setFilterFixedString("")
        self._matches.setFilterRegularExpression(text.strip().lower().replace("\\", ""))
        if text:
            self.expandAll()
        else:
            self.show_first_level()

    def show_first_level(self) -> None:
        """Unfold the outermost blocks, so that the stages of the model can be seen, and the rest stay folded."""
        self.collapseAll()
        self.expandToDepth(0)
        first = self._matches.index(0, NAME)
        if first.isValid():
            self.selectionModel().setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)

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
            self.wanted.emit(self._layers.names_with(nodes, states != {"trains"}))

    def _selected(self) -> list[Node]:
        indexes = self.selectionModel().selectedRows(NAME) or [self.currentIndex()]
        return [self._layers.node(self._matches.mapToSource(index)) for index in indexes if index.isValid()]

    def _on_menu_requested(self, position: QPoint) -> None:
        index = self.indexAt(position)
        node = self._layers.node(self._matches.mapToSource(index)) if index.isValid() else None
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


class ShareBar(QWidget):
    """How much of the model trains: a thin bar, cold for what is frozen and warm for what trains."""

    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0
        self.setFixedHeight(6)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_share(self, share: float) -> None:
        self._share = share
        self.setToolTip(f"{percent(1 - share)} frozen, {percent(share)} trainable")
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), 3, 3)
        painter.setClipPath(outline)
        warm = self.width() * self._share
        if 0 < self._share < 1:
            warm = min(max(warm, 3.0), self.width() - 3.0)
        painter.fillRect(self.rect(), theme.colour("frozen"))
        painter.fillRect(QRectF(self.width() - warm, 0, warm, self.height()), theme.colour("trainable"))
