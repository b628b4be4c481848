"""The layer tree: complete, in order, and summing to the network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from engine.cli import cli
from engine.errors import ThawError
from engine.events import GraphNode, Layer, LayersFinished
from engine.models.build import build
from engine.models.catalog import CATALOG, find_model
from engine.models.freezing import owners
from engine.models.heads import HEADS
from engine.models.layers.tree import describe_layers
from engine.models.layers.tree_of import layers_of
from engine.models.tables import list_models
from tests.engine import tiny_model

SMALL = ("lenet5", "small_resnet", "mobilenet_v3_small", "squeezenet1_1", "shufflenet_v2_x0_5")
"""Of several kinds: plain, residual, squeezing, with a convolution for a head, with a shuffle of channels."""

REST = [pytest.param(name, marks=pytest.mark.long) for name in CATALOG if name not in SMALL]


def described(name: str, **options: object) -> tuple[list[Layer], list[GraphNode], LayersFinished]:
    *events, last = describe_layers(find_model(name), graph=True, **options)
    assert isinstance(last, LayersFinished)
    rows = [event for event in events if isinstance(event, Layer)]
    nodes = [event for event in events if isinstance(event, GraphNode)]
    assert events == [*rows, *nodes]
    return rows, nodes, last


@pytest.mark.parametrize("name", [*SMALL, *REST])
def test_the_rows_sum_to_the_network(name: str) -> None:
    rows, nodes, last = described(name, classes=5)
    with torch.device("meta"):
        network = build(find_model(name), 5)
    total = sum(parameter.numel() for parameter in network.parameters())
    assert sum(row.parameters for row in rows) == last.parameters == total
    assert {row.name for row in rows if row.parameters} == set(owners(network))
    assert sum(row.flops for row in rows) == last.flops > 0
    assert len({row.name for row in rows}) == len(rows)
    head = [row for row in rows if row.parameters and not row.training_only][-1]
    assert head.output_shape == (5,) and head.block == len(find_model(name).blocks) - 1
    _is_a_graph(nodes, {row.name for row in rows})


def _is_a_graph(nodes: list[GraphNode], rows: set[str]) -> None:
    assert [node.number for node in nodes] == list(range(len(nodes)))
    assert [node.kind for node in nodes if node.kind in ("input", "output")] == ["input", "output"]
    assert all(source < node.number for node in nodes for source in node.inputs)
    feeding = {source for node in nodes for source in node.inputs}
    assert feeding == set(range(len(nodes) - 1))  # all but the output lead somewhere
    assert all(node.inputs for node in nodes[1:])
    assert all(node.layer in rows for node in nodes if node.layer)


def test_auxiliary_classifiers_are_for_training_only() -> None:
    rows, nodes, _ = described("inception_v3", classes=7)
    aside = {row.name for row in rows if row.training_only}
    assert aside and all(name.startswith("AuxLogits.") for name in aside)
    assert not [node for node in nodes if node.layer in aside]
    (last,) = (row for row in rows if row.name == "AuxLogits.fc")
    assert last.parameters == (768 + 1) * 7
    assert sum(row.kept_bytes for row in rows if row.training_only) > 0


def test_execution_order_is_not_the_order_of_registration() -> None:
    names = [row.name for row in described("small_resnet")[0]]
    assert names.index("block2.shortcut.0") < names.index("block2.relu2")


@pytest.mark.parametrize("head", HEADS)
def test_any_head_is_described(head: str) -> None:
    rows, nodes, last = described("lenet5", classes=3, head=head, width=17)
    with torch.device("meta"):
        network = build(find_model("lenet5"), 3, head, 17)
    assert last.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert nodes[-1].output_shape == (3,)
    assert {row.name for row in rows if row.name.startswith("fc2")} == {
        name for name, part in network.named_modules() if name.startswith("fc2") and not list(part.children())
    }


def test_an_impossible_size_is_a_sentence() -> None:
    with pytest.raises(ThawError, match=r"LeNet-5 cannot take images of 64×64 pixels; use 28\."):
        list(describe_layers(find_model("lenet5"), 64))
    with pytest.raises(ThawError, match=r"Inception.* cannot take images of 40×40 pixels; use \d+ or more, best 299\."):
        list(describe_layers(find_model("inception_v3"), 40))


def test_a_larger_image_changes_shapes_and_products_and_not_parameters() -> None:
    small, large = described("small_resnet", image_size=32), described("small_resnet", image_size=64)
    assert small[2].parameters == large[2].parameters
    assert [row.receptive_field for row in small[0]] == [row.receptive_field for row in large[0]]
    assert small[0][0].output_shape == (16, 16, 16) and large[0][0].output_shape == (16, 32, 32)
    assert large[2].flops - 128 == 4 * (small[2].flops - 128)  # all but the head's 64×2


def test_a_strategy_marks_what_trains() -> None:
    *events, last = layers_of("lenet5", "last-blocks")
    trained = {event.name for event in events if isinstance(event, Layer) and event.trainable}
    assert trained == {"fc1", "fc2"}
    assert isinstance(last, LayersFinished) and last.trainable == 400_500 + 1_002
    with pytest.raises(ThawError, match="no strategy named"):
        list(layers_of("lenet5", "nonsense"))


def test_a_name_that_is_nothing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ThawError):
        list(layers_of(str(tmp_path / "nothing")))


def test_the_list_is_the_catalog() -> None:
    rows = list_models()
    assert {row.name for row in rows} >= set(CATALOG)
    assert all(row.parameters and row.summary and row.licence for row in rows if row.name in CATALOG)


def test_a_model_file_brings_its_classes_head_and_what_it_trained(tmp_path: Path) -> None:
    path = tmp_path / "three.thaw"
    architecture = {"name": "small_resnet", "head": "mlp", "head_width": 17}
    tiny_model.make(path, architecture=architecture, lineage={"frozen_layers": ["stem.0", "head.0"]})
    rows = {event.name: event for event in layers_of(str(path)) if isinstance(event, Layer)}
    assert rows["head.0"].output_shape == (17,) and rows["head.3"].output_shape == (3,)
    assert {name for name, row in rows.items() if row.parameters and not row.trainable} == {"stem.0", "head.0"}
    rows = {event.name: event for event in layers_of(str(path), "feature-extraction") if isinstance(event, Layer)}
    assert {name for name, row in rows.items() if row.trainable} == {"head.0", "head.3"}


@pytest.mark.parametrize("flags", [[], ["--graph"]])
def test_the_command_prints_layers_then_operations_then_sums(flags: list[str]) -> None:
    done = CliRunner().invoke(cli, ["layers", "lenet5", "--head", "mlp", "--head-width", "9", "--json", *flags])
    assert done.exit_code == 0, done.output
    names = [json.loads(line)["event"] for line in done.output.splitlines()]
    assert list(dict.fromkeys(names)) == ["layer", *(["graph_node"] if flags else []), "layers_finished"]
    plain = CliRunner().invoke(cli, ["layers", "lenet5", *flags])
    assert plain.exit_code == 0 and ("Operation" in plain.output) == bool(flags)
