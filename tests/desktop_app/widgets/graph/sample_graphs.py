"""Small networks as the trace tells them, and random ones."""

from __future__ import annotations

from hypothesis import strategies as st

from engine.events import GraphNode, Layer

KINDS = {
    "Input": "input",
    "Conv2d": "conv",
    "BatchNorm2d": "norm",
    "ReLU": "activation",
    "MaxPool2d": "pool",
    "add": "merge",
    "cat": "merge",
    "Linear": "linear",
    "flatten": "shape",
}


def node(number: int, name: str, op: str, *inputs: int) -> GraphNode:
    has_layer = op not in ("Input", "add", "cat", "flatten")
    layer = name if has_layer else name.rpartition(".")[0]
    return GraphNode(number, name, op, KINDS[op], inputs, (8, 14, 14), layer)


def owner(name: str, parameters: int = 100) -> Layer:
    return Layer(name, "Conv2d", name.count("."), (8, 14, 14), parameters, False, 3, 1)


RESIDUAL = (
    node(0, "input", "Input"),
    node(1, "stem.conv", "Conv2d", 0),
    node(2, "stem.bn", "BatchNorm2d", 1),
    node(3, "stem.relu", "ReLU", 2),
    node(4, "layer1.0.conv1", "Conv2d", 3),
    node(5, "layer1.0.relu", "ReLU", 4),
    node(6, "layer1.0.conv2", "Conv2d", 5),
    node(7, "layer1.0.downsample", "Conv2d", 3),
    node(8, "layer1.0.add", "add", 6, 7),
    node(9, "layer1.1.conv1", "Conv2d", 8),
    node(10, "layer1.1.conv2", "Conv2d", 9),
    node(11, "layer1.1.add", "add", 10, 8),
    node(12, "flatten", "flatten", 11),
    node(13, "fc", "Linear", 12),
)
OWNERS = tuple(
    owner(name, size)
    for name, size in (
        ("stem.conv", 100),
        ("stem.bn", 10),
        ("layer1.0.conv1", 200),
        ("layer1.0.conv2", 200),
        ("layer1.0.downsample", 50),
        ("layer1.1.conv1", 200),
        ("layer1.1.conv2", 200),
        ("fc", 40),
    )
)
NAMES = tuple(layer.name for layer in OWNERS)


@st.composite
def networks(draw: st.DrawFn) -> tuple[GraphNode, ...]:
    """Any network without circles: dotted names at random, each operation fed by some before it."""
    ops = ["Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d", "add", "Linear"]
    nodes = [node(0, "input", "Input")]
    for number in range(1, draw(st.integers(2, 24))):
        groups = draw(st.lists(st.sampled_from("ab"), max_size=3))
        inputs = draw(st.sets(st.integers(max(0, number - 6), number - 1), min_size=1, max_size=3))
        nodes.append(node(number, ".".join([*groups, f"op{number}"]), draw(st.sampled_from(ops)), *sorted(inputs)))
    return tuple(nodes)
