"""The layer trees and graphs of the catalog's rows, from tables made by `make tables`: no torch.

A table is a gzipped JSON-lines file: a Layer a line, then a GraphNode a line, then LayersFinished; at the row's own
image size, with a linear head for two classes. What other heads and classes change is worked out here.
"""

from __future__ import annotations

import dataclasses
import functools
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import resources
from engine.errors import ThawError
from engine.events import GraphNode, Layer
from engine.models.catalog import find_model
from engine.models.heads import describe_head, find_head
from engine.models.spec import ModelSpec

FOLDER = Path(resources.__file__).parent / "tables" / "layers"
CLASSES = 2
"""Classes of the tables' heads."""


def has_table(name: str) -> bool:
    """Whether the row ships with a table; else its layers need torch (`thaw layers NAME --graph`)."""
    return _path(name).is_file()


@functools.lru_cache(maxsize=16)
def read_layers(name: str) -> tuple[Layer, ...]:
    """The layer tree of a row at its own image size, with a head for two classes. Raises ThawError without a table."""
    return tuple(Layer(**fields) for fields in _lines(name, "layer"))


@functools.lru_cache(maxsize=16)
def read_graph(name: str, classes: int = CLASSES, head: str = "linear", width: int = 512) -> tuple[GraphNode, ...]:
    """The operations of a row at its own image size, in execution order. Raises ThawError without a table."""
    nodes = tuple(GraphNode(**fields) for fields in _lines(name, "graph_node"))
    path = head_path(find_model(name))
    place = next(number for number, node in enumerate(nodes) if node.layer == path)
    rows = [row for row in _head_rows(name, classes, head, width) if row.type != "Dropout"]  # not drawn, as elsewhere
    added = len(rows) - 1
    new = tuple(
        dataclasses.replace(
            nodes[place],
            number=place + step,
            name=row.name,
            op=row.type,
            kind={"Linear": "linear", "BatchNorm1d": "norm", "ReLU": "activation"}[row.type],
            inputs=nodes[place].inputs if step == 0 else (place + step - 1,),
            output_shape=row.output_shape,
            layer=row.name,
        )
        for step, row in enumerate(rows)
    )
    return (*nodes[:place], *new, *(_moved(node, place, added, classes) for node in nodes[place + 1 :]))


def with_classes(name: str, classes: int, head: str = "linear", width: int = 512) -> tuple[Layer, ...]:
    """The layer tree with a head of that kind (a row of `heads.HEADS`) for so many classes, and auxiliary classifiers
    for them."""
    spec = find_model(name)
    path = head_path(spec)
    rows: list[Layer] = []
    for row in read_layers(name):
        if row.name == path:
            rows.extend(_head_rows(name, classes, head, width))
        elif row.name in spec.head.auxiliary:
            rows.append(dataclasses.replace(row, parameters=row.parameters // CLASSES * classes))
        elif row.output_shape == (CLASSES,) and (row.name == "" or any(one.name.startswith(path) for one in rows)):
            rows.append(dataclasses.replace(row, output_shape=(classes,)))  # what follows the head
        else:
            rows.append(row)
    return tuple(rows)


def head_path(spec: ModelSpec) -> str:
    """The dotted name of the new head in the built network, whose input is the pooled feature vector."""
    container, _, index = spec.head.path.rpartition(".")
    if spec.head.kind == "conv":
        return f"{container}.{int(index) + 2}"
    return spec.head.path if spec.head.kind == "linear" else f"{spec.head.path}.1"


def _head_rows(name: str, classes: int, head: str, width: int) -> Iterator[Layer]:
    """The rows of the new head, like the tables' one linear layer but for what the kind says."""
    spec = find_model(name)
    path = head_path(spec)
    old = next(row for row in read_layers(name) if row.name == path)
    kind = find_head(head)
    size = spec.head.features
    for number, layer in enumerate(describe_head(kind, size, classes, width)):
        row_name = path if len(kind.parts) == 1 else f"{path}.{number}"
        products = size * layer.outputs if layer.type == "Linear" else 0
        yield dataclasses.replace(
            old,
            name=row_name,
            type=layer.type,
            depth=row_name.count("."),
            output_shape=(layer.outputs,),
            parameters=layer.parameters,
            norm=layer.type == "BatchNorm1d",
            flops=products,
        )
        size = layer.outputs


def _moved(node: GraphNode, place: int, added: int, classes: int) -> GraphNode:
    inputs = tuple(source + added if source >= place else source for source in node.inputs)
    shape = (classes,) if node.output_shape == (CLASSES,) else node.output_shape
    return dataclasses.replace(node, number=node.number + added, inputs=inputs, output_shape=shape)


def _path(name: str) -> Path:
    return FOLDER / f"{name}.jsonl.gz"


def _lines(name: str, event: str) -> Iterator[dict[str, Any]]:
    """The fields of each line of that event, lists as tuples."""
    start = f'{{"event": "{event}", '
    try:
        text = gzip.decompress(_path(find_model(name).name).read_bytes()).decode()
        if not text:
            raise ValueError("nothing in it")
        for line in text.splitlines():
            if line.startswith(start):
                fields = json.loads("{" + line[len(start) :])
                yield {key: tuple(item) if isinstance(item, list) else item for key, item in fields.items()}
    except FileNotFoundError:
        raise ThawError(f"There is no table of the layers of {name}; “thaw layers {name}” prints them.") from None
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ThawError(f"The table of layers of {name} is damaged; install Thaw again.") from error
