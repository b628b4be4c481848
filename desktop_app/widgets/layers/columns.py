"""The columns of the layer tree, as rows of data: how each writes, colours and explains a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from desktop_app.widgets.layers import cells
from desktop_app.widgets.layers.facts import LayerFacts
from desktop_app.widgets.layers.nodes import Node


def _nothing(_facts: LayerFacts, _node: Node) -> str:
    return ""


def _always(_facts: LayerFacts) -> bool:
    return True


@dataclass(frozen=True)
class LayerColumn:
    """`text` writes a row's cell; `tip` explains the column, and `row_tip` a cell. Numbers stand at the right.

    `gives_way` is the order in which columns are hidden where there is no room; 0 is never. `there` says whether there
    is anything to show: what was not measured or proved has no column yet.
    """

    key: str
    title: str
    width: int
    tip: str
    text: Callable[[LayerFacts, Node], str]
    row_tip: Callable[[LayerFacts, Node], str] = _nothing
    icon: Callable[[LayerFacts, Node], cells.Icon | None] | None = None
    colour: Callable[[LayerFacts, Node], str] = lambda _facts, _node: ""
    number: bool = False
    gives_way: int = 0
    there: Callable[[LayerFacts], bool] = _always


COLUMNS = (
    LayerColumn(
        "name", "Layer", 132, "Tick what trains; what is not ticked stays frozen",
        cells.name, cells.name_tip, colour=cells.name_colour,
    ),
    LayerColumn(
        "type", "Type", 108, "What the layer computes",
        cells.layer_type, cells.layer_type, colour=cells.quiet, gives_way=8,
    ),
    LayerColumn(
        "shape", "Output shape", 120, "Channels × height × width of what the layer puts out, for one photo",
        cells.output_shape, colour=cells.quiet, number=True, gives_way=7,
    ),
    LayerColumn(
        "parameters", "Parameters", 96, "Numbers that the layer has learned, or will learn",
        cells.parameters, number=True, gives_way=9,
    ),
    LayerColumn(
        "trainable", "Trainable", 152, "Parameters that train, and their share of the row's",
        cells.trainable, colour=cells.trainable_colour, number=True, gives_way=3,
    ),
    LayerColumn(
        "flops", "Multiply-adds (M)", 124, "Multiplications with an addition that one photo costs, in millions",
        cells.flops, cells.flops_tip, colour=cells.quiet, number=True, gives_way=5,
        there=lambda facts: facts.root.flops > 0,
    ),
    LayerColumn(
        "field", "Sees (px)", 76,
        "Receptive field: how many pixels of the photo, across, one output of the layer looks at",
        cells.field, cells.field_tip, colour=cells.quiet, number=True, gives_way=6,
    ),
    LayerColumn(
        "stride", "Stride (px)", 84, "How many pixels of the photo lie between two neighbouring outputs",
        cells.stride, cells.stride_tip, colour=cells.quiet, number=True, gives_way=1,
    ),
    LayerColumn(
        "norm", "Batch norm", 136, "Batch normalisation: its running statistics / its scale and shift",
        cells.norm, cells.norm_tip, colour=cells.quiet, gives_way=2, there=LayerFacts.has_statistics,
    ),
    LayerColumn(
        "rate", "Rate ×", 88, "What the learning rate is multiplied by in this layer's block",
        cells.rate, number=True, gives_way=4, there=lambda facts: bool(facts.rates),
    ),
    LayerColumn(
        "time", "Time (%)", 76, "Share of the time of a forward and a backward pass, measured on this machine",
        cells.time_share, cells.time_share_tip, number=True, gives_way=10,
        there=lambda facts: facts.time_share(facts.root) is not None,
    ),
    LayerColumn(
        "state", "State", 116, "Frozen layers keep their weights; trainable layers change",
        cells.state, cells.state_tip, cells.state_icon, cells.state_colour,
    ),
    LayerColumn(
        "proof", "Proof", 128, "Whether the layer is the same, bit for bit, before and after the run that Review shows",
        cells.proof, cells.proof_tip, cells.proof_icon, cells.proof_colour, gives_way=11,
        there=lambda facts: bool(facts.proof),
    ),
)  # fmt: skip
NAME, TYPE, SHAPE, PARAMETERS, TRAINABLE, FLOPS, FIELD, STRIDE, NORM, RATE, TIME, STATE, PROOF = range(len(COLUMNS))
WAYS = tuple(sorted((row.gives_way, place) for place, row in enumerate(COLUMNS) if row.gives_way))
"""Columns in the order in which they are hidden, as (order, place)."""
