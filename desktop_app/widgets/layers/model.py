"""The item model of the layer tree: which layers there are, and which of them train."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPixmap

from desktop_app import theme
from desktop_app.widgets.layers.columns import COLUMNS, NAME, PARAMETERS, SHAPE, STATE, TYPE
from desktop_app.widgets.layers.facts import FROZEN, NOTHING, PARTLY, TRAINS, LayerFacts
from desktop_app.widgets.layers.nodes import Node
from engine.events import GraphNode, Layer, LayerTimed
from engine.runs import LayerProof

__all__ = ["NAME", "PARAMETERS", "SHAPE", "STATE", "TYPE", "LayerModel"]

LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
TICK_WIDTH = 16
Index = QModelIndex | QPersistentModelIndex
_CHECKS = {
    FROZEN: Qt.CheckState.Unchecked,
    TRAINS: Qt.CheckState.Checked,
    PARTLY: Qt.CheckState.PartiallyChecked,
    NOTHING: None,
}


class LayerModel(QAbstractItemModel):
    """Rows are the nodes of `nodes.grow`. Ticking asks through `ticked`; `set_trainable` makes it so.

    `facts` answers all questions about a row.
    """

    ticked = Signal(object)  # frozenset[str]: what would train
    changed = Signal()
    columns_changed = Signal()
    """There are columns now that had nothing to show before, or the other way round."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self.facts = self._before = LayerFacts()
        self._roles = {
            Qt.ItemDataRole.DisplayRole: self._text,
            Qt.ItemDataRole.CheckStateRole: self._check,
            Qt.ItemDataRole.TextAlignmentRole: lambda _node, column: RIGHT if COLUMNS[column].number else LEFT,
            Qt.ItemDataRole.DecorationRole: self._icon,
            Qt.ItemDataRole.ForegroundRole: self._colour,
            Qt.ItemDataRole.FontRole: _font,
            Qt.ItemDataRole.ToolTipRole: self._tip,
            Qt.ItemDataRole.SizeHintRole: lambda _node, _column: QSize(0, theme.row()),
            Qt.ItemDataRole.AccessibleTextRole: self._accessible_text,
        }

    # --- what is in it

    @property
    def _root(self) -> Node:
        return self.facts.root

    @property
    def _layers(self) -> tuple[Layer, ...]:
        return self.facts.layers

    def set_layers(self, layers: tuple[Layer, ...], trainable: Iterable[str] = ()) -> None:
        """Show other layers. The switches of the normalisation stay; rates, times and proof go with the layers
        that they belong to, unless these have the same names."""
        self.beginResetModel()
        before, same = self.facts, tuple(row.name for row in layers) == tuple(row.name for row in self._layers)
        self._before, self.facts = before, LayerFacts(layers, trainable)  # Qt may hold old nodes until the end
        self.facts.set_norm(before.affine, before.statistics)
        if same:
            self.facts.take_over(before)
        self.endResetModel()
        self.columns_changed.emit()
        self.changed.emit()

    def owners(self) -> tuple[str, ...]:
        """The names of the layers with parameters, in execution order."""
        return self.facts.owners

    def trainable(self) -> tuple[str, ...]:
        """The names of those that are ticked, in execution order."""
        return tuple(name for name, ticked in zip(self.facts.owners, self.facts.ticks, strict=True) if ticked)

    def set_trainable(self, names: Iterable[str]) -> None:
        self.facts.set_ticks(names)
        self._tell()

    def set_norm(self, affine: str, statistics: str) -> None:
        self.facts.set_norm(affine, statistics)
        self._tell()

    def set_rates(self, rates: Mapping[int, float]) -> None:
        self.facts.rates = dict(rates)
        self._tell_columns()

    def set_times(self, times: Mapping[str, LayerTimed]) -> None:
        self.facts.set_times(times)
        self._tell_columns()

    def set_graph(self, nodes: Iterable[GraphNode]) -> None:
        self.facts.set_graph(nodes)
        self._tell()

    def set_proof(self, proof: Mapping[str, LayerProof]) -> None:
        self.facts.set_proof(proof)
        self._tell_columns()

    def parameters(self) -> tuple[int, int]:
        """All parameters, and those that train."""
        return self._root.parameters, self.facts.training(self._root)[1]

    def node(self, index: Index) -> Node:
        return index.internalPointer() if index.isValid() else self._root  # type: ignore[no-any-return]

    def state(self, node: Node) -> str:
        """How the tick of a node stands: frozen, trains, partly, or "" where nothing can train."""
        return self.facts.ticked(node)

    def names_with(self, nodes: Iterable[Node], trains: bool) -> frozenset[str]:
        """What would train if all layers in `nodes` were ticked, or unticked."""
        touched = {self.facts.owners[owner] for node in nodes for owner in node.owners}
        now = frozenset(self.trainable())
        return now | touched if trains else now - touched

    def names_from(self, node: Node) -> frozenset[str]:
        """What would train if `node` and everything after it were ticked."""
        return frozenset(self.trainable()) | frozenset(self.facts.owners[min(node.owners) :])

    def names_without(self, node: Node) -> frozenset[str]:
        """What would train if `node` and everything before it were frozen."""
        return frozenset(self.trainable()) & frozenset(self.facts.owners[max(node.owners) + 1 :])

    def _tell(self) -> None:
        for node in self.facts.nodes:
            if node.children:
                first = self.createIndex(0, NAME, node.children[0])
                self.dataChanged.emit(first, self.index_of(node.children[-1], len(COLUMNS) - 1))
        self.changed.emit()

    def _tell_columns(self) -> None:
        self._tell()
        self.columns_changed.emit()

    # --- Qt's questions

    def index_of(self, node: Node, column: int = NAME) -> QModelIndex:
        return self.createIndex(node.row, column, node)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        children = self.node(parent).children
        if 0 <= row < len(children) and 0 <= column < len(COLUMNS):
            return self.index_of(children[row], column)
        return QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        above = self.node(index).parent if index.isValid() else None
        return QModelIndex() if above is None or above is self._root else self.index_of(above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.column() > 0 else len(self.node(parent).children)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(COLUMNS)

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
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.tip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if column.number else LEFT
        return column.title if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        answer = self._roles.get(role)  # type: ignore[call-overload]
        return answer(self.node(index), index.column()) if answer and index.isValid() else None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not self.node(index).owners:
            return False
        self.ticked.emit(self.names_with([self.node(index)], Qt.CheckState(value) == Qt.CheckState.Checked))
        return True

    def _text(self, node: Node, column: int) -> str:
        return COLUMNS[column].text(self.facts, node)

    def _check(self, node: Node, column: int) -> Qt.CheckState | None:
        return _CHECKS[self.facts.ticked(node)] if column == NAME else None

    def _icon(self, node: Node, column: int) -> Any:
        if column == NAME:
            return None if node.owners else _blank()
        picture = COLUMNS[column].icon
        found = picture(self.facts, node) if picture else None
        return theme.icon(*found) if found else None

    def _colour(self, node: Node, column: int) -> Any:
        name = COLUMNS[column].colour(self.facts, node)
        return theme.colour(name) if name else None

    def _tip(self, node: Node, column: int) -> str | None:
        return COLUMNS[column].row_tip(self.facts, node) or None

    def _accessible_text(self, node: Node, column: int) -> str | None:
        if column != NAME:
            return None
        state = self._text(node, STATE) or "no parameters"
        return f"{node.name or node.title}, {state}{' train' if self.facts.state(node) == PARTLY else ''}"


def _font(node: Node, column: int) -> QFont | None:
    if COLUMNS[column].number:
        return theme.figures_font()
    if column == NAME and node.children:
        font = QFont()
        font.setWeight(QFont.Weight.DemiBold)
        return font
    if column == NAME and node.own:
        font = QFont()
        font.setItalic(True)
        return font
    return None


@functools.cache
def _blank() -> QPixmap:
    """Takes the place of the tick, so that the names of layers without parameters stand in line with the others."""
    blank = QPixmap(TICK_WIDTH, 16)
    blank.fill(Qt.GlobalColor.transparent)
    return blank
