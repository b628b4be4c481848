"""The item model of the layer tree: which layers there are, and which of them train."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFont, QPixmap

from desktop_app import theme
from desktop_app.widgets.figures import THIN, count, quantity, shape
from desktop_app.widgets.layer_nodes import Node, grow, owners_of
from engine.events import Layer

NAME, TYPE, SHAPE, PARAMETERS, FIELD, STATE = range(6)
HEADERS = ("Layer", "Type", "Output", "Parameters", "Sees (px)", "State")
HEADER_TIPS = (
    "Tick what trains; what is not ticked stays frozen",
    "What the layer computes",
    "Channels × height × width of what the layer puts out, for one photo",
    "Numbers that the layer has learned, or will learn",
    "Receptive field: how many pixels of the photo, across, one output of the layer looks at",
    "Frozen layers keep their weights; trainable layers change",
)
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
FROZEN, TRAINS, PARTLY, NOTHING = "frozen", "trains", "partly", ""
Index = QModelIndex | QPersistentModelIndex


class LayerModel(QAbstractItemModel):
    """Rows are the nodes of `layer_nodes.grow`. Ticking asks through `ticked`; `set_trainable` makes it so."""

    ticked = Signal(object)  # frozenset[str]: what would train
    changed = Signal()

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._root = self._before = grow(())
        self._owners: tuple[str, ...] = ()
        self._layers: tuple[Layer, ...] = ()
        self._trains: list[bool] = []

    # --- what is in it

    def set_layers(self, layers: tuple[Layer, ...], trainable: Iterable[str] = ()) -> None:
        self.beginResetModel()
        self._layers = layers
        self._before, self._root = self._root, grow(layers)  # Qt may still hold the old nodes until the reset is over
        self._owners = owners_of(layers)
        wanted = set(trainable)
        self._trains = [name in wanted for name in self._owners]
        self.endResetModel()
        self.changed.emit()

    def owners(self) -> tuple[str, ...]:
        """The names of the layers with parameters, in execution order."""
        return self._owners

    def trainable(self) -> tuple[str, ...]:
        """The names of those that train, in execution order."""
        return tuple(name for name, trains in zip(self._owners, self._trains, strict=True) if trains)

    def set_trainable(self, names: Iterable[str]) -> None:
        wanted = set(names)
        self._trains = [name in wanted for name in self._owners]
        for node in [self._root, *self._root.walk()]:
            if node.children:
                first, last = self.createIndex(0, NAME, node.children[0]), self._index_of(node.children[-1], STATE)
                self.dataChanged.emit(first, last)
        self.changed.emit()

    def parameters(self) -> tuple[int, int]:
        """All parameters, and those that train."""
        sizes = [layer.parameters for layer in self._layers if layer.parameters]
        return sum(sizes), sum(size for size, trains in zip(sizes, self._trains, strict=True) if trains)

    def node(self, index: Index) -> Node:
        return index.internalPointer() if index.isValid() else self._root  # type: ignore[no-any-return]

    def state(self, node: Node) -> str:
        ticks = [self._trains[owner] for owner in node.owners]
        if not ticks:
            return NOTHING
        return TRAINS if all(ticks) else PARTLY if any(ticks) else FROZEN

    def names_with(self, nodes: Iterable[Node], trains: bool) -> frozenset[str]:
        """What would train if all layers in `nodes` were ticked, or unticked."""
        touched = {self._owners[owner] for node in nodes for owner in node.owners}
        now = frozenset(self.trainable())
        return now | touched if trains else now - touched

    def names_from(self, node: Node) -> frozenset[str]:
        """What would train if `node` and everything after it were ticked."""
        first = min(node.owners)
        return frozenset(self.trainable()) | frozenset(self._owners[first:])

    def names_without(self, node: Node) -> frozenset[str]:
        """What would train if `node` and everything before it were frozen."""
        last = max(node.owners)
        return frozenset(self.trainable()) & frozenset(self._owners[last + 1 :])

    # --- Qt's questions

    def _index_of(self, node: Node, column: int) -> QModelIndex:
        return self.createIndex(node.row, column, node)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        children = self.node(parent).children
        if 0 <= row < len(children) and 0 <= column < len(HEADERS):
            return self._index_of(children[row], column)
        return QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        above = self.node(index).parent if index.isValid() else None
        return QModelIndex() if above is None or above is self._root else self._index_of(above, NAME)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.column() > 0 else len(self.node(parent).children)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(HEADERS)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == NAME and self.node(index).owners:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole:
            return HEADER_TIPS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole and section in (SHAPE, PARAMETERS, FIELD):
            return RIGHT
        return HEADERS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        node, column = self.node(index), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(node, column)
        if role == Qt.ItemDataRole.CheckStateRole and column == NAME and node.owners:
            return _CHECKS[self.state(node)]
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (SHAPE, PARAMETERS, FIELD):
            return RIGHT
        if role == Qt.ItemDataRole.DecorationRole and column == STATE and node.owners:
            return theme.icon(*_ICONS[self.state(node)])
        if role == Qt.ItemDataRole.DecorationRole and column == NAME and not node.owners:
            return _blank()
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._colour(node, column)
        if role == Qt.ItemDataRole.FontRole and column == NAME and node.children:
            font = QFont()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(node, column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == NAME:
            return f"{node.name or node.title}, {self._text(node, STATE) or 'no parameters'}"
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not self.node(index).owners:
            return False
        self.ticked.emit(self.names_with([self.node(index)], Qt.CheckState(value) == Qt.CheckState.Checked))
        return True

    def _text(self, node: Node, column: int) -> str:
        layer = node.layer
        if column == NAME:
            return node.title
        if column == TYPE:
            training_only = " (training only)" if layer and layer.training_only else ""
            return layer.type + training_only if layer else quantity(node.layers, "layer")
        if column == SHAPE:
            return shape(node.last.output_shape) if node.last else ""
        if column == PARAMETERS:
            return count(node.parameters) if node.parameters else ""
        if column == FIELD:
            return _field(node.last)
        return self._state_text(node)

    def _state_text(self, node: Node) -> str:
        state = self.state(node)
        if state == PARTLY:
            return f"{sum(self._trains[owner] for owner in node.owners)} of {len(node.owners)} train"
        return {FROZEN: "Frozen", TRAINS: "Trains", NOTHING: ""}[state]

    def _colour(self, node: Node, column: int) -> Any:
        if column == STATE and node.owners:
            return theme.colour("frozen" if self.state(node) == FROZEN else "trainable")
        quiet = not node.owners or column in (TYPE, SHAPE, FIELD)
        return theme.colour("muted") if quiet else None

    def _tip(self, node: Node, column: int) -> str | None:
        if column == NAME:
            return node.name
        if column == STATE and node.layer and node.layer.norm:
            return "The running statistics of a frozen normalisation stay as they are, too."
        return HEADER_TIPS[FIELD] if column == FIELD else None


_CHECKS = {
    FROZEN: Qt.CheckState.Unchecked,
    TRAINS: Qt.CheckState.Checked,
    PARTLY: Qt.CheckState.PartiallyChecked,
}
_ICONS = {
    FROZEN: ("snowflake", 16, "frozen"),
    TRAINS: ("flame", 16, "trainable"),
    PARTLY: ("flame", 16, "trainable"),
}


@functools.cache
def _blank() -> QPixmap:
    """Takes the place of the tick, so that the names of layers without parameters stand in line with the others."""
    blank = QPixmap(14, 14)
    blank.fill(Qt.GlobalColor.transparent)
    return blank


def _field(layer: Layer | None) -> str:
    if layer is None or layer.training_only:
        return ""
    return f"all{THIN}" if layer.receptive_field is None else count(layer.receptive_field)
