from __future__ import annotations

import itertools

import pytest

from desktop_app.widgets.graph.fold import Part, grow, seen
from desktop_app.widgets.graph.freeze import Choice, give_owners, height_of, stops
from desktop_app.widgets.graph.layout import Layout, lay_out
from engine.events import GraphNode
from tests.desktop_app.widgets.graph.sample_graphs import NAMES, OWNERS, RESIDUAL, node, owner

ALL = {"layer1", "layer1.0", "layer1.1"}


@pytest.fixture
def root() -> Part:
    root = grow(RESIDUAL)
    give_owners(root, OWNERS)
    return root


def drawn(root: Part, unfolded: set[str]) -> Layout:
    shown = seen(root, unfolded)
    return lay_out(root, shown, dict.fromkeys(shown.parts, (100.0, 40.0)))


def part(root: Part, name: str) -> Part:
    return next(part for part in root.walk() if part.name == name)


def test_every_owner_belongs_to_one_box(root: Part) -> None:
    boxes = [box for box in root.walk() if not box.children]
    owned = sorted(itertools.chain.from_iterable(box.owners for box in boxes))
    assert owned == list(range(len(OWNERS)))
    assert root.parameters == sum(layer.parameters for layer in OWNERS)
    assert part(root, "layer1.0").parameters == 450


def test_owners_that_no_operation_names_go_where_they_lie() -> None:
    nodes = (node(0, "input", "Input"), node(1, "block.attn", "Conv2d", 0), node(2, "fc", "Linear", 1))
    root = grow(nodes)
    layers = (owner(""), owner("block.attn"), owner("block.attn.qkv"), owner("aux.fc"), owner("fc"))
    # The class token and what only training calls are in no box, and go with their neighbours.
    assert give_owners(root, layers) == {0: 1, 3: 2}
    assert [box.owners for box in root.children] == [(), (1, 2), (4,)]
    boxes = drawn(root, set()).boxes
    found = stops(boxes, {0: 1, 3: 2})
    assert [stop.frozen for stop in found] == [frozenset(), frozenset({0, 1, 2, 3})]
    choice = Choice(layers, ["aux.fc", "fc"])
    assert height_of(choice, found, boxes) == found[1].y


def test_parameters_of_a_block_go_to_its_first_operation() -> None:
    nodes = (
        node(0, "input", "Input"),
        node(1, "block.conv", "Conv2d", 0),
        GraphNode(2, "block.mul", "mul", "other", (1,), (8,), "block"),
        node(3, "block.add", "add", 2, 0),
        node(4, "fc", "Linear", 3),
    )
    root = grow(nodes)
    give_owners(root, (owner("block.conv"), owner("block"), owner("fc")))  # the scale of a ConvNeXt block
    owners = {box.title: box.owners for box in root.walk() if not box.children}
    assert owners == {"input": (), "conv": (0,), "mul": (1,), "add": (), "fc": (2,)}


def test_the_states_of_boxes_and_groups(root: Part) -> None:
    choice = Choice(OWNERS, ["layer1.1.conv2", "fc"])
    states = {name: choice.state(part(root, name)) for name in ("layer1", "layer1.0", "layer1.1.conv2", "flatten")}
    assert states == {"layer1": "partly", "layer1.0": "frozen", "layer1.1.conv2": "trains", "flatten": ""}
    assert choice.share(part(root, "layer1.1")) == 0.5


def test_what_would_train(root: Part) -> None:
    choice = Choice(OWNERS, NAMES)
    assert choice.with_part(part(root, "layer1"), False) == {"stem.conv", "stem.bn", "fc"}
    assert choice.frozen_up_to(part(root, "layer1.0.add"), root) == {"layer1.1.conv1", "layer1.1.conv2", "fc"}
    assert choice.frozen_up_to(part(root, "input"), root) == set(NAMES)
    nothing = Choice(OWNERS, [])
    assert nothing.training_from(part(root, "layer1.1"), root) == {"layer1.1.conv1", "layer1.1.conv2", "fc"}
    assert nothing.training_from(part(root, "flatten"), root) == {"fc"}


@pytest.mark.parametrize("unfolded", [set(), {"layer1"}, ALL])
def test_the_line_parts_what_is_above_from_what_is_below(root: Part, unfolded: set[str]) -> None:
    layout = drawn(root, unfolded)
    found = stops(layout.boxes, {})
    assert found[0].frozen == frozenset()
    assert found[-1].frozen == set(range(len(OWNERS) - 1)), "at the lowest the head still trains"
    for stop in found:
        choice = Choice(OWNERS, Choice(OWNERS).below(stop.frozen))
        for box, place in layout.boxes.items():
            if box.owners:
                assert choice.state(box) == ("frozen" if place.middle < stop.y else "trains")
        assert height_of(choice, found, layout.boxes) == stop.y
        # Nothing frozen depends on what trains: the output of the frozen part is the same in each epoch.
        for tail, head in seen(root, unfolded).edges:
            assert not (choice.state(tail) == "trains" and choice.state(head) == "frozen")


def test_there_is_no_line_where_the_choice_is_no_cut(root: Part) -> None:
    layout = drawn(root, ALL)
    for names in ({"stem.conv", "fc"}, set(NAMES) - {"fc"}, {"layer1.0.downsample", "fc"}, set()):
        assert height_of(Choice(OWNERS, names), stops(layout.boxes, {}), layout.boxes) is None


def test_the_line_goes_through_a_folded_group_that_trains_from_its_middle(root: Part) -> None:
    layout = drawn(root, set())
    choice = Choice(OWNERS, ["layer1.1.conv1", "layer1.1.conv2", "fc"])
    y = height_of(choice, stops(layout.boxes, {}), layout.boxes)
    box = layout.boxes[part(root, "layer1")]
    assert y is not None and box.y < y < box.bottom


def test_a_layer_used_twice_is_frozen_when_both_uses_are_above() -> None:
    nodes = (
        node(0, "input", "Input"),
        node(1, "shared", "Linear", 0),
        node(2, "own", "Linear", 1),
        node(3, "shared_1", "Linear", 2),
        node(4, "fc", "Linear", 3),
    )
    again = GraphNode(3, "shared_1", "Linear", "linear", (2,), (8,), "shared")
    root = grow((*nodes[:3], again, nodes[4]))
    give_owners(root, (owner("shared"), owner("own"), owner("fc")))
    frozen = [stop.frozen for stop in stops(drawn(root, set()).boxes, {})]
    assert frozen == [frozenset(), frozenset({1}), frozenset({0, 1})]
