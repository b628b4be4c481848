"""The layer tree: complete, in order, and the shipped tables are what the networks are."""

from __future__ import annotations

import pytest
import torch

from engine.errors import ThawError
from engine.events import Layer, LayersFinished
from engine.models.build import build, owners
from engine.models.catalog import CATALOG, ModelSpec, find_model
from engine.models.layers import describe_layers
from engine.models.make_tables import layer_table
from engine.models.tables import FOLDER, list_models, read_layers, with_classes

SPECS = pytest.mark.parametrize("spec", CATALOG.values(), ids=CATALOG)


@SPECS
def test_the_rows_sum_to_the_model(spec: ModelSpec) -> None:
    *rows, last = describe_layers(spec, classes=5)
    assert isinstance(last, LayersFinished)
    with torch.device("meta"):
        network = build(spec, 5)
    total = sum(parameter.numel() for parameter in network.parameters())
    assert sum(row.parameters for row in rows if isinstance(row, Layer)) == last.parameters == total
    assert {row.name for row in rows if isinstance(row, Layer) and row.parameters} == set(owners(network))


@SPECS
def test_the_shipped_table_is_true(spec: ModelSpec) -> None:
    """Mend with `python -m engine.models.make_tables`."""
    assert (FOLDER / "layers" / f"{spec.name}.jsonl").read_text(encoding="utf-8") == layer_table(spec)


@pytest.mark.parametrize(
    ("name", "layer", "field", "stride"),
    [
        ("resnet18", "layer4.1.conv2", 435, 32),  # Araujo et al. 2019 give 435 for ResNet-18's last convolution
        ("mobilenet_v2", "features.18.0", 491, 32),
        ("lenet5", "pool2", 16, 4),
    ],
)
def test_receptive_fields(name: str, layer: str, field: int, stride: int) -> None:
    row = next(row for row in read_layers(name) if row.name == layer)
    assert (row.receptive_field, row.stride) == (field, stride)


def test_squeeze_and_excitation_sees_the_whole_image() -> None:
    rows = {row.name: row for row in read_layers("mobilenet_v3_small")}
    assert rows["features.0.0"].receptive_field == 3
    assert rows["features.2.block.0.0"].receptive_field is None


def test_the_head_grows_with_the_classes() -> None:
    for name in CATALOG:
        *_, sums = describe_layers(find_model(name), classes=7)
        assert isinstance(sums, LayersFinished)
        assert sum(row.parameters for row in with_classes(name, 7)) == sums.parameters


def test_an_impossible_size_is_a_sentence() -> None:
    with pytest.raises(ThawError, match="LeNet-5 cannot take images of 64×64"):
        list(describe_layers(find_model("lenet5"), 64))


def test_the_list_is_the_catalog() -> None:
    rows = list_models()
    assert [row.name for row in rows] == list(CATALOG)
    assert all(row.parameters and row.summary and row.licence for row in rows)
    assert all(row.speed in ("fast", "medium", "slow") for row in rows)
