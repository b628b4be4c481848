from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from desktop_app import theme
from desktop_app.settings import Settings
from desktop_app.widgets.layers.columns import COLUMNS
from desktop_app.widgets.layers.facts import LayerFacts
from desktop_app.widgets.layers.model import NAME, PARAMETERS, SHAPE, STATE
from desktop_app.widgets.layers.nodes import Node, grow, wrappers
from desktop_app.widgets.layers.nodes import find as nearest
from desktop_app.widgets.layers.tree import LayerTree
from engine.events import GraphNode, Layer, LayerTimed
from engine.models.tables import read_layers
from engine.runs import LayerProof


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
    assert tree.model.data(find(tree, "features").siblingAtColumn(STATE)) == "2 of 4"
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


# --- columns


def network() -> tuple[Layer, ...]:
    """Two stages of a convolution and a norm each, parameters of the root's own, and a head."""
    return (
        Layer("", "Net", 0, (2,), 6, False, None, None, 0),
        Layer("stage1.conv", "Conv2d", 1, (8, 16, 16), 600, False, 3, 2, 1, flops=1_500_000),
        Layer("stage1.bn", "BatchNorm2d", 1, (8, 16, 16), 16, False, 3, 2, 1, norm=True),
        Layer("stage2.conv", "Conv2d", 1, (8, 8, 8), 300, False, 7, 4, 2, flops=2_250_000),
        Layer("stage2.bn", "BatchNorm2d", 1, (8, 8, 8), 16, False, 7, 4, 2, norm=True),
        Layer("stage2.side", "Conv2d", 1, (4, 8, 8), 60, False, 5, 4, 2, flops=4_000),
        Layer("pool", "AvgPool2d", 0, (8, 1, 1), 0, False, None, None, 2),
        Layer("fc", "Linear", 0, (2,), 18, False, None, None, 3, flops=16),
    )


@pytest.fixture
def columns(qtbot: QtBot) -> LayerTree:
    tree = LayerTree()
    qtbot.addWidget(tree)
    tree.set_layers(network(), ["fc"])
    tree.resize(2000, 600)
    tree.show()
    return tree


def cell(tree: LayerTree, title: str, key: str, role: Qt.ItemDataRole = Qt.ItemDataRole.DisplayRole) -> object:
    place = next(place for place, column in enumerate(COLUMNS) if column.key == key)
    return tree.model.data(find(tree, title).siblingAtColumn(place), role)


def tip(tree: LayerTree, title: str, key: str) -> object:
    return cell(tree, title, key, Qt.ItemDataRole.ToolTipRole)


def columns_in_sight(tree: LayerTree) -> list[str]:
    return [column.key for place, column in enumerate(COLUMNS) if not tree.view.isColumnHidden(place)]


def test_a_block_sums_its_layers(columns: LayerTree) -> None:
    tick(columns, "stage2", True)
    assert [cell(columns, "stage2", key) for key in ("parameters", "flops", "field", "stride")] == [
        "376", "2.3", "7", "4",
    ]  # fmt: skip
    assert cell(columns, "stage2", "trainable") == "376 · 100.0\u202f%"
    assert cell(columns, "stage1", "trainable") == "–"
    assert cell(columns, "side", "flops") == "<\u202f0.1"
    assert cell(columns, "pool", "field") == "all"
    assert tip(columns, "pool", "field") == "Each output looks at the whole image"
    tick(columns, "side", False)
    assert cell(columns, "stage2", "trainable") == "316 · \u200784.0\u202f%"
    assert cell(columns, "stage2", "state") == "2 of 3"


def test_the_sums_of_the_blocks_are_the_models(columns: LayerTree) -> None:
    facts = columns.model.facts
    assert facts.root.parameters == sum(layer.parameters for layer in network())
    assert facts.root.flops == sum(layer.flops for layer in network())
    for node in facts.nodes:
        if node.children:
            assert node.parameters == sum(child.parameters for child in node.children)
            assert facts.training(node)[1] == sum(facts.training(child)[1] for child in node.children)


def test_what_a_block_of_branches_puts_out_is_told_by_its_last_operation(columns: LayerTree) -> None:
    assert cell(columns, "stage2", "shape") == "4 × 8 × 8"  # of the last layer, for want of better
    columns.set_graph((GraphNode(9, "stage2.cat", "cat", "merge", (7, 8), (12, 8, 8)),))
    assert cell(columns, "stage2", "shape") == "12 × 8 × 8"
    assert cell(columns, "conv", "shape") == "8 × 16 × 16"


def test_parameters_of_the_models_own_are_named_and_ticked(columns: LayerTree) -> None:
    assert cell(columns, "own parameters", "type") == "Net"
    assert cell(columns, "own parameters", "shape") == cell(columns, "own parameters", "field") == ""
    assert "the model owns itself" in str(tip(columns, "own parameters", "name"))
    tick(columns, "own parameters", True)
    assert columns.trainable() == ("", "fc")


def test_normalisation_follows_its_layer_or_the_switches(columns: LayerTree) -> None:
    assert cell(columns, "bn", "norm") == "fixed / frozen"
    tick(columns, "stage1", True)
    assert cell(columns, "stage1", "norm") == "updating / training"
    assert cell(columns, "stage2", "norm") == "fixed / frozen"
    columns.set_norm("follow", "frozen")
    assert cell(columns, "stage1", "norm") == "fixed / training"
    columns.set_norm("frozen", "follow")
    assert cell(columns, "stage1", "norm") == "updating / frozen"
    assert cell(columns, "stage1", "state") == "1 of 2" and check(columns, "stage1") == Qt.CheckState.Checked
    assert "600" in str(cell(columns, "stage1", "trainable"))
    columns.set_norm("trained", "follow")
    assert cell(columns, "stage2", "state") == "1 of 3" and check(columns, "stage2") == Qt.CheckState.Unchecked
    assert "650 train" in columns.summary.whole()


def test_the_switches_are_told_and_undone(columns: LayerTree, qtbot: QtBot) -> None:
    assert not columns.advanced.isHidden()
    columns.advanced.set_open(True)
    with qtbot.waitSignal(columns.norm_changed) as told:
        qtbot.keyClick(columns.switches.statistics, Qt.Key.Key_Down)
    assert told.args == ["follow", "frozen"] and columns.norm() == ("follow", "frozen")
    assert columns.advanced.button.text() == "Advanced · 1 changed"
    with qtbot.waitSignal(columns.norm_changed) as told:
        columns.undo_stack.undo()
    assert told.args == ["follow", "follow"]
    assert columns.switches.statistics.currentData() == "follow"


def test_without_normalisation_there_are_no_switches(columns: LayerTree) -> None:
    columns.set_layers((layer("conv", 5), layer("fc", 3, "Linear")))
    assert columns.advanced.isHidden()
    columns.set_layers((layer("conv", 5), layer("norm", 2, "LayerNorm")))
    assert not columns.advanced.isHidden() and columns.switches.statistics.isHidden()
    assert "norm" not in columns_in_sight(columns)


def test_rates_times_and_proof_have_columns_once_they_are_known(columns: LayerTree) -> None:
    assert not {"rate", "time", "proof"} & set(columns_in_sight(columns))
    columns.set_rates({0: 0.01, 1: 0.1, 2: 0.5, 3: 1.0})
    columns.set_times({"stage1.conv": LayerTimed("stage1.conv", 1e-3, 2e-3), "fc": LayerTimed("fc", 0.5e-3, 0.5e-3)})
    columns.set_proof({"stage1.conv": LayerProof(False, True), "stage1.bn": LayerProof(False, True),
                       "fc": LayerProof(True, False)})  # fmt: skip
    assert {"rate", "time", "proof"} <= set(columns_in_sight(columns))
    assert [cell(columns, title, "rate") for title in ("fc", "stage1")] == ["1", ""]  # frozen layers learn at no rate
    tick(columns, "stage1", True)
    assert cell(columns, "stage1", "rate") == "0.1"
    assert [cell(columns, title, "time") for title in ("stage1", "conv", "fc", "stage2")] == [
        "75.0",
        "75.0",
        "25.0",
        "",
    ]
    assert tip(columns, "conv", "time") == (
        "1.00 ms forward and 2.00 ms backward for one image, measured on this machine"
    )
    assert [cell(columns, title, "proof") for title in ("stage1", "fc", "stage2")] == ["Identical", "Changed", ""]
    assert tip(columns, "conv", "proof") == "In the run that Review shows: identical before and after, SHA-256"
    assert tip(columns, "fc", "proof") == "In the run that Review shows: changed, as it trained"
    columns.set_layers(network()[1:])  # another model
    assert not {"rate", "time", "proof"} & set(columns_in_sight(columns))


def test_a_frozen_layer_that_differs_is_never_hidden_in_its_block(columns: LayerTree) -> None:
    columns.set_proof({"stage1.conv": LayerProof(False, False), "stage1.bn": LayerProof(False, True)})
    assert cell(columns, "stage1", "proof") == "1 differ"
    icon = COLUMNS[-1].icon
    assert icon and icon(columns.model.facts, columns.model.node(find(columns, "stage1"))) == (
        "circle-alert",
        16,
        "wrong",
    )


def test_the_same_layers_keep_what_was_measured(columns: LayerTree) -> None:
    columns.set_times({"fc": LayerTimed("fc", 1.0, 1.0)})
    columns.set_norm("frozen", "frozen")
    columns.set_layers(network(), ["stage1.conv"])
    assert cell(columns, "fc", "time") == "100.0" and columns.norm() == ("frozen", "frozen")


def test_columns_give_way_in_order_and_the_essential_ones_stay(columns: LayerTree) -> None:
    seen = []
    for width in range(1600, 240, -40):
        columns.resize(width, 600)
        seen.append(columns_in_sight(columns))
    assert all(set(narrow) <= set(wide) for wide, narrow in itertools.pairwise(seen))
    assert seen[0] == [column.key for column in COLUMNS if column.key not in ("rate", "time", "proof")]
    assert seen[-1] == ["name", "state"]
    order = [key for wide, narrow in itertools.pairwise(seen) for key in wide if key not in narrow]
    assert order == ["stride", "norm", "trainable", "flops", "field", "shape", "type", "parameters"]


def test_the_choice_of_columns_is_remembered(qtbot: QtBot, settings: Settings) -> None:
    for turn in (0, 1):
        tree = LayerTree(settings=settings)
        qtbot.addWidget(tree)
        tree.set_layers(network())
        tree.resize(2000, 600)
        tree.show()
        assert ("type" in columns_in_sight(tree)) == (turn == 0)
        menu = tree.view.columns_menu()
        next(action for action in menu.actions() if action.text() == "Type").setChecked(False)
        assert "type" not in columns_in_sight(tree)
    next(action for action in tree.view.columns_menu().actions() if action.text() == "Show all columns").trigger()
    assert "type" in columns_in_sight(tree) and settings.hidden_columns("layers") == ()


def test_a_column_without_room_says_so(columns: LayerTree) -> None:
    columns.resize(600, 600)
    texts = [action.text() for action in columns.view.columns_menu().actions()]
    assert "Stride (px) (no room now)" in texts and "Parameters" in texts
    assert not any(text.startswith(("Layer", "State", "Time")) for text in texts)


# --- what is in sight


def test_only_the_stages_show_at_first() -> None:
    deep = tuple(
        Layer(f"body.stages.{stage}.blocks.{number}.{part}", "Conv2d", 4, (8,), 9, False, 3, 2, stage)
        for stage in range(4)
        for number in range(30)
        for part in ("a", "b")
    )
    assert [node.name for node in wrappers(grow((*deep, layer("head", 5))))] == ["body.stages"]
    unnamed = tuple(dataclasses.replace(row, block=0) for row in deep)
    assert [node.name for node in wrappers(grow((*unnamed, layer("head", 5))))] == ["body.stages"]


@pytest.mark.parametrize("name", ["resnet152", "densenet201", "vit_b_16", "maxvit_t", "inception_v3"])
def test_the_stages_of_real_models_fit_a_screen(qtbot: QtBot, name: str) -> None:
    tree = LayerTree()
    qtbot.addWidget(tree)
    tree.set_layers(read_layers(name))
    assert 4 <= len(in_sight(tree)) <= 40


def test_moving_to_a_row_is_told_and_being_moved_is_not(columns: LayerTree, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(columns.selected):
        columns.select("stage2.conv")
    assert columns.view.currentIndex().data() == "conv"
    with qtbot.waitSignal(columns.selected) as told:
        qtbot.keyClick(columns.view, Qt.Key.Key_Down)
    assert told.args == ["stage2.bn"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("stage2", "stage2"), ("stage2.add", "stage2"), ("stage2.conv.weight", "stage2.conv"), ("", ""),
        ("fc", "fc"), ("nothing.here", None),
    ],
)  # fmt: skip
def test_the_nearest_row_is_found(wanted: str, found: str | None) -> None:
    node = nearest(grow(network()), wanted)
    assert (node.name if node else None) == found


def test_a_block_merged_with_what_it_holds_is_found() -> None:
    node = nearest(grow(LAYERS), "features.1")
    assert node and node.title == "1.conv"


def test_a_search_that_hides_what_is_selected_is_forgotten(columns: LayerTree) -> None:
    columns.search.setText("batchnorm")
    columns.select("stage2.bn")
    assert columns.search.text() == "batchnorm"
    columns.select("fc")
    assert columns.search.text() == "" and columns.view.currentIndex().data() == "fc"


@hypothesis_settings(deadline=None)
@given(st.sets(st.sampled_from([row.name for row in network()])), st.sampled_from(["follow", "frozen", "trained"]))
def test_states_follow_from_ticks_and_switches(names: set[str], affine: str) -> None:
    facts = LayerFacts(network(), names)
    facts.set_norm(affine, "follow")
    for node in facts.nodes:
        trained = [
            affine == "trained" if affine != "follow" and "bn" in name else name in names
            for name in (facts.owners[owner] for owner in node.owners)
        ]
        expected = "trains" if all(trained) else "partly" if any(trained) else "frozen"
        assert facts.state(node) == (expected if trained else "")
        assert facts.training(node)[0] == sum(trained)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cold_and_warm_follow_the_scheme(columns: LayerTree, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_SCHEME", scheme)
    colours = [cell(columns, title, "state", Qt.ItemDataRole.ForegroundRole) for title in ("conv", "fc")]
    assert colours == [theme.colour("frozen"), theme.colour("trainable")]
    assert theme.colour("frozen") != theme.colour("trainable")
    assert cell(columns, "conv", "state", Qt.ItemDataRole.DecorationRole) is not None  # and a sign
