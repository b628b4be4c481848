"""The shipped tables are what the networks are, and what they say of other heads is what the networks say."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import ThawError
from engine.events import GraphNode, Layer
from engine.models.catalog import CATALOG, find_model
from engine.models.heads import HEADS
from engine.models.layers import tables as layer_tables
from engine.models.layers.tree import describe_layers
from engine.models.make_tables import layer_table
from engine.models.tables import has_table, read_graph, read_layers, with_classes

SMALL = ("lenet5", "small_resnet", "mobilenet_v3_small", "squeezenet1_1", "shufflenet_v2_x0_5")
SIZE = 1_500_000
"""Bytes that all tables may take in an installer."""

REST = [pytest.param(name, marks=pytest.mark.long) for name in CATALOG if name not in SMALL]


@pytest.fixture
def no_memory() -> Iterator[None]:
    read_layers.cache_clear()
    yield
    read_layers.cache_clear()


@pytest.mark.parametrize("name", [*SMALL, *REST])
def test_the_shipped_table_is_true(name: str) -> None:
    """Mend with `make tables`, or `python -m engine.models.make_tables NAME`."""
    packed = (layer_tables.FOLDER / f"{name}.jsonl.gz").read_bytes()
    assert gzip.decompress(packed).decode() == layer_table(find_model(name))


def test_there_is_a_table_for_each_row_and_no_other() -> None:
    files = list(layer_tables.FOLDER.iterdir())
    assert {path.name for path in files} == {f"{name}.jsonl.gz" for name in CATALOG}
    assert sum(path.stat().st_size for path in files) < SIZE
    assert all(has_table(name) for name in CATALOG) and not has_table("timm/vit_tiny_patch16_224")


def _comparable(rows: list[Layer] | tuple[Layer, ...], head: str) -> list[Layer]:
    """Without what is known from a real head only: which of its tensors autograd keeps."""
    return [replace(row, kept_bytes=0) if row.name == head or row.name.startswith(head + ".") else row for row in rows]


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("name", ["lenet5", "squeezenet1_1"])
def test_any_head_is_what_the_network_says(name: str, head: str) -> None:
    _same_as_the_network(name, head)


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["inception_v3", "googlenet", "mobilenet_v3_small", "vit_b_32", "swin_t", "densenet121", "resnetv2_50"]
)
def test_a_head_of_others_is_what_the_network_says(name: str) -> None:
    _same_as_the_network(name, "batchnorm-mlp")


def _same_as_the_network(name: str, head: str) -> None:
    events = list(describe_layers(find_model(name), classes=7, head=head, width=19, graph=True))
    path = layer_tables.head_path(find_model(name))
    rows = [event for event in events if isinstance(event, Layer)]
    aside = {row.name for row in rows if row.training_only}
    told = with_classes(name, 7, head, 19)
    assert _comparable([row for row in told if row.name not in aside], path) == _comparable(
        [row for row in rows if row.name not in aside], path
    )
    assert {row.name: row.parameters for row in told} == {row.name: row.parameters for row in rows}
    assert list(read_graph(name, 7, head, 19)) == [event for event in events if isinstance(event, GraphNode)]


@pytest.mark.usefixtures("no_memory")
def test_missing_and_damaged_tables_are_sentences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = (layer_tables.FOLDER / "lenet5.jsonl.gz").read_bytes()
    monkeypatch.setattr(layer_tables, "FOLDER", tmp_path)
    with pytest.raises(ThawError, match="no table of the layers of lenet5"):
        read_layers("lenet5")
    for damage in (b"", b"no gzip", whole[:200], whole[:-40] + b"x" * 40, gzip.compress(b'{"event": "layer", ')):
        (tmp_path / "lenet5.jsonl.gz").write_bytes(damage)
        with pytest.raises(ThawError, match="damaged"):
            read_layers("lenet5")
