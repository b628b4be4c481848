from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desktop_app.widgets.graph.faces import title_of
from desktop_app.widgets.graph.fold import Part, Seen, grow, seen, unfolded_at_first
from desktop_app.widgets.graph.layout import Layout, lay_out
from tests.desktop_app.widgets.graph.sample_graphs import RESIDUAL, networks, node


def groups_of(root: Part) -> list[str]:
    return [part.name for part in root.walk() if part.children and part is not root]


def reachable(edges: Iterable[tuple[Any, Any]], start: Any) -> set[Any]:
    out: dict[Any, list[Any]] = {}
    for tail, head in edges:
        out.setdefault(tail, []).append(head)
    found, waiting = {start}, [start]
    while waiting:
        for head in out.get(waiting.pop(), ()):
            if head not in found:
                found.add(head)
                waiting.append(head)
    return found


def titles(parts: Iterable[Part]) -> list[str]:
    return [part.title for part in parts]


@settings(max_examples=40, deadline=None)
@given(networks(), st.data())
def test_what_is_seen_is_the_quotient_of_the_network(nodes: Any, data: st.DataObject) -> None:
    root = grow(nodes)
    unfolded = data.draw(st.sets(st.sampled_from(groups_of(root)))) if groups_of(root) else set()
    shown = seen(root, unfolded)
    held = [one.number for part in shown.parts for one in part.nodes]
    assert sorted(held) == [one.number for one in nodes], "each operation is in one box"
    wires = [(number, one.number) for one in nodes for number in one.inputs]
    across = {(shown.of_node[tail], shown.of_node[head]) for tail, head in wires}
    assert set(shown.edges) == {(tail, head) for tail, head in across if tail is not head}
    assert all(tail is not head for tail, head in shown.edges)
    for tail, head in shown.edges:
        assert tail not in reachable(shown.edges, head), "something feeds itself"
    for one in nodes:
        below = {shown.of_node[number] for number in reachable(wires, one.number)}
        assert below <= reachable(shown.edges, shown.of_node[one.number])


@settings(max_examples=40, deadline=None)
@given(networks(), st.data())
def test_the_drawing_follows_the_network(nodes: Any, data: st.DataObject) -> None:
    root = grow(nodes)
    unfolded = data.draw(st.sets(st.sampled_from(groups_of(root)))) if groups_of(root) else set()
    shown = seen(root, unfolded)
    layout = lay_out(root, shown, {part: (60.0 + 30 * (len(part.name) % 4), 40.0) for part in shown.parts})
    check_boxes(layout)
    check_frames(layout)
    check_wires(layout, shown)


def check_boxes(layout: Layout) -> None:
    for one, other in itertools.combinations(layout.boxes.values(), 2):
        beside = one.x + one.width <= other.x + 0.01 or other.x + other.width <= one.x + 0.01
        assert beside or one.bottom <= other.y or other.bottom <= one.y, "two boxes lie on each other"


def check_frames(layout: Layout) -> None:
    for frame, area in layout.frames.items():
        for part, box in layout.boxes.items():
            inside = area.x <= box.x and box.x + box.width <= area.x + area.width
            inside = inside and area.y <= box.y and box.bottom <= area.bottom
            outside = box.x + box.width <= area.x or area.x + area.width <= box.x
            outside = outside or box.bottom <= area.y or area.bottom <= box.y
            assert inside if frame in part.above() else outside


def check_wires(layout: Layout, shown: Seen) -> None:
    """Each line can be followed, piece by piece, from the lower edge of its source to the upper edge of its target."""
    for source, target in shown.edges:
        pieces = [wire for wire in layout.wires if wire.source is source and target in wire.targets]
        start, end = layout.boxes[source], layout.boxes[target]
        places = {(round(start.x + start.width / 2, 2), round(start.bottom, 2))}
        for wire in sorted(pieces, key=lambda wire: wire.y0):
            assert wire.y0 <= wire.y1
            if any(abs(x - wire.x0) < 0.1 and y + 0.1 >= wire.y0 for x, y in places):
                places.add((wire.x1, wire.y1))
        assert any(abs(y - end.y) < 0.1 and end.x <= x <= end.x + end.width for x, y in places)


def test_convolution_normalisation_and_activation_are_one_box() -> None:
    root = grow(RESIDUAL)
    shown = seen(root, groups_of(root))
    assert [[one.op for one in part.nodes] for part in shown.parts[:4]] == [
        ["Input"],
        ["Conv2d", "BatchNorm2d", "ReLU"],
        ["Conv2d", "ReLU"],
        ["Conv2d"],
    ]
    assert shown.parts[1].title == "stem"  # a group of one box is that box


def test_a_box_ends_where_its_output_is_used_twice() -> None:
    nodes = (node(0, "a.conv", "Conv2d"), node(1, "a.bn", "BatchNorm2d", 0), node(2, "a.add", "add", 0, 1))
    root = grow(nodes)
    assert titles(seen(root, {"a"}).parts) == ["conv", "bn", "add"]


def test_activation_before_the_convolution_goes_with_it() -> None:
    nodes = (
        node(0, "input", "Input"),
        node(1, "norm1", "BatchNorm2d", 0),
        node(2, "relu1", "ReLU", 1),
        node(3, "conv1", "Conv2d", 2),
        node(4, "norm2", "BatchNorm2d", 3),
        node(5, "relu2", "ReLU", 4),
        node(6, "conv2", "Conv2d", 5),
    )
    assert titles(seen(grow(nodes), ()).parts) == ["input", "conv1", "conv2"]


def test_a_group_that_data_leaves_and_comes_back_to_is_no_group() -> None:
    nodes = (node(0, "a.one", "Conv2d"), node(1, "b", "MaxPool2d", 0), node(2, "a.two", "Conv2d", 1))
    root = grow(nodes)
    assert groups_of(root) == []
    assert titles(root.children) == ["a.one", "b", "a.two"]


def test_titles_can_stand_by_themselves() -> None:
    nodes = (
        node(0, "input", "Input"),
        node(1, "stage.0.layers.0", "Conv2d", 0),
        node(2, "stage.0.layers.1", "MaxPool2d", 1),
        node(3, "stage.1.conv", "Conv2d", 2),
        node(4, "stage.1.pool", "MaxPool2d", 3),
    )
    root = grow(nodes)
    (stage,) = (part for part in root.children if part.children)
    assert [title_of(part) for part in stage.children] == ["stage.0", "stage.1"]
    assert [title_of(part) for part in stage.children[0].children] == ["layers.0", "layers.1"]


def test_a_level_is_unfolded_while_few_boxes_are_seen() -> None:
    root = grow(RESIDUAL)
    assert unfolded_at_first(root, most=5) == frozenset()
    assert unfolded_at_first(root, most=6) == {"layer1"}
    assert unfolded_at_first(root) == {"layer1", "layer1.0", "layer1.1"}


def test_an_operation_that_takes_what_comes_after_it_is_refused() -> None:
    with pytest.raises(ValueError, match="“a” takes what comes after it"):
        grow((node(0, "a", "Conv2d", 1), node(1, "b", "Conv2d")))


def test_the_same_network_is_drawn_the_same_each_time() -> None:
    def places() -> list[tuple[str, float, float]]:
        root = grow(RESIDUAL)
        shown = seen(root, groups_of(root))
        layout = lay_out(root, shown, dict.fromkeys(shown.parts, (100.0, 40.0)))
        return [(part.name, box.x, box.y) for part, box in layout.boxes.items()]

    assert places() == places() == places()
