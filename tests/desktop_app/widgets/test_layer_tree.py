from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from desktop_app.widgets.layer_model import NAME, PARAMETERS, SHAPE, STATE
from desktop_app.widgets.layer_nodes import Node, grow
from desktop_app.widgets.layer_tree import LayerTree
from engine.events import Layer


def layer(name: str, parameters: int, kind: str = "Conv2d") -> Layer:
    return Layer(name, kind, name.count("."), (32, 112, 112), parameters, False, 3, 2)


LAYERS = (
    layer("features.0.0", 100),
    layer("features.0.1", 10, "BatchNorm2d"),
    layer("features.0.2", 0, "ReLU"),
    layer("features.1.conv.0", 200),
    layer("features.1.conv.1", 20, "BatchNorm2d"),
    layer("classifier.1", 50, "Linear"),
)


@pytest.fixture
def tree(qtbot: QtBot) -> LayerTree:
    tree = LayerTree()
    qtbot.addWidget(tree)
    tree.set_layers(LAYERS, ["classifier.1"])
    tree.resize(800, 600)
    return tree


def find(tree: LayerTree, title: str, parent: QModelIndex | None = None) -> QModelIndex:
    parent = parent or QModelIndex()
    for row in range(tree.model.rowCount(parent)):
        index = tree.model.index(row, NAME, parent)
        if tree.model.node(index).title == title:
            return index
        below = find(tree, title, index)
        if below.isValid():
            return below
    return QModelIndex()


def check(tree: LayerTree, title: str) -> Qt.CheckState:
    return tree.model.data(find(tree, title), Qt.ItemDataRole.CheckStateRole)


def tick(tree: LayerTree, title: str, ticked: bool) -> None:
    state = Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked
    assert tree.model.setData(find(tree, title), state, Qt.ItemDataRole.CheckStateRole)


def titles(node: Node) -> list[str]:
    return [child.title for child in node.children]


def test_blocks_come_from_dotted_names_in_execution_order() -> None:
    root = grow(LAYERS)
    assert titles(root) == ["features", "classifier.1"]  # a block of one layer is that layer
    assert titles(root.children[0]) == ["0", "1.conv"]
    assert root.children[0].parameters == 330
    assert root.children[0].owners == (0, 1, 2, 3)


def test_a_block_that_owns_parameters_itself_shows_them() -> None:
    root = grow((layer("", 5), layer("encoder", 7), layer("encoder.ln", 2), layer("head", 3)))
    assert titles(root) == ["own parameters", "encoder", "head"]
    assert titles(root.children[1]) == ["own parameters", "ln"]
    assert root.parameters == 17


def test_the_model_keeps_qts_rules(tree: LayerTree) -> None:
    QAbstractItemModelTester(tree.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    tick(tree, "features", True)
    tree.set_layers(LAYERS[3:])
    tree.set_layers(())


def test_parents_have_three_states(tree: LayerTree) -> None:
    assert check(tree, "features") == Qt.CheckState.Unchecked
    tick(tree, "1.conv", True)
    assert check(tree, "features") == Qt.CheckState.PartiallyChecked
    assert check(tree, "1.conv") == Qt.CheckState.Checked
    tick(tree, "features", True)
    assert check(tree, "0") == Qt.CheckState.Checked
    assert tree.trainable() == tuple(row.name for row in LAYERS if row.parameters)


def test_a_layer_without_parameters_has_no_checkbox(tree: LayerTree) -> None:
    relu = find(tree, "2")
    assert tree.model.data(relu, Qt.ItemDataRole.CheckStateRole) is None
    assert not tree.model.flags(relu) & Qt.ItemFlag.ItemIsUserCheckable


def test_texts_of_the_columns(tree: LayerTree) -> None:
    index = find(tree, "features")
    assert tree.model.data(index.siblingAtColumn(SHAPE)) == "32 × 112 × 112"
    assert tree.model.data(index.siblingAtColumn(PARAMETERS)) == "330"
    tick(tree, "0", True)
    assert tree.model.data(find(tree, "features").siblingAtColumn(STATE)) == "2 of 4 train"
    assert tree.model.data(find(tree, "0").siblingAtColumn(STATE)) == "Trains"
    assert tree.model.data(find(tree, "1.conv").siblingAtColumn(STATE)) == "Frozen"


def test_the_header_line_follows_at_once(tree: LayerTree) -> None:
    assert tree.summary.whole() == "380 parameters, 50 train (13.2\u202f%)"
    tick(tree, "0", True)
    assert tree.summary.whole() == "380 parameters, 160 train (42.1\u202f%)"


def test_ticks_are_told_undone_and_done_again(tree: LayerTree, qtbot: QtBot) -> None:
    with qtbot.waitSignal(tree.trainable_changed) as told:
        tick(tree, "1.conv", True)
    after = ("features.1.conv.0", "features.1.conv.1", "classifier.1")
    assert told.args == [after]
    tree.undo_stack.undo()
    assert tree.trainable() == ("classifier.1",)
    tree.undo_stack.redo()
    assert tree.trainable() == after


def test_undo_brings_back_the_origin(tree: LayerTree) -> None:
    tree.set_trainable([row.name for row in LAYERS if row.parameters], origin="fine-tuning")
    tick(tree, "classifier.1", False)
    assert tree.origin == ""
    tree.undo_stack.undo()
    assert tree.origin == "fine-tuning"


def test_freeze_up_to_and_train_from_here(tree: LayerTree) -> None:
    menu = tree.view.menu_for(tree.model.node(find(tree, "1.conv")))
    freeze, train = menu.actions()
    train.trigger()
    assert tree.trainable() == ("features.1.conv.0", "features.1.conv.1", "classifier.1")
    tree.view.menu_for(tree.model.node(find(tree, "1.conv"))).actions()[0].trigger()
    assert tree.trainable() == ("classifier.1",)
    assert freeze.text() == "Freeze up to here"
    menu.close()


def test_space_ticks_what_is_selected(tree: LayerTree, qtbot: QtBot) -> None:
    tree.view.expandAll()
    tree.view.setCurrentIndex(tree.view.model().index(0, NAME))
    qtbot.keyClick(tree.view, Qt.Key.Key_Space)
    assert check(tree, "features") == Qt.CheckState.Checked
    qtbot.keyClick(tree.view, Qt.Key.Key_Space)
    assert check(tree, "features") == Qt.CheckState.Unchecked


def in_sight(tree: LayerTree) -> list[str]:
    """The titles of all rows that are unfolded and not put away by a search, from top to bottom."""
    found, index = [], tree.view.model().index(0, NAME)
    while index.isValid():
        if not tree.view.isRowHidden(index.row(), index.parent()):
            found.append(index.data())
        index = tree.view.indexBelow(index)
    return found


def test_search_shows_layers_and_their_blocks(tree: LayerTree) -> None:
    tree.search.setText("batchnorm")
    assert in_sight(tree) == ["features", "0", "1", "1.conv", "1"]
    tree.search.setText("(")
    assert in_sight(tree) == []
    tree.search.clear()
    assert in_sight(tree) == ["features", "0", "1.conv", "classifier.1"]


def test_a_tree_as_large_as_resnet152_is_quick(tree: LayerTree) -> None:
    layers = tuple(
        layer(f"layer{stage}.{block}.{part}{number}", 0 if part == "relu" else 1000)
        for stage, blocks in ((1, 3), (2, 8), (3, 36), (4, 3))
        for block in range(blocks)
        for number in range(3)
        for part in ("conv", "bn", "relu")
    )
    start = time.perf_counter()
    tree.set_layers(layers)
    tree.view.expandAll()
    for ticked in (True, False) * 5:
        tick(tree, "layer3", ticked)
    assert time.perf_counter() - start < 2.0
