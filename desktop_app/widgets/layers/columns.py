"""The columns of the layer tree, as rows of data: how each writes, colours and explains a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from desktop_app.widgets.figures import THIN, count, percent, quantity, shape
from desktop_app.widgets.layers.facts import (
    BROKEN,
    CHANGED,
    FIXED,
    FROZEN,
    IDENTICAL,
    NOTHING,
    PARTLY,
    TRAINS,
    UNMOVED,
    UPDATING,
    LayerFacts,
)
from desktop_app.widgets.layers.nodes import OWN, Node

Icon = tuple[str, int, str]
DIGIT_WIDE = "\u2007"  # figure space: as wide as a digit
SHARE_PLACES = 5  # of “100.0”


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
    icon: Callable[[LayerFacts, Node], Icon | None] | None = None
    colour: Callable[[LayerFacts, Node], str] = lambda _facts, _node: ""
    number: bool = False
    gives_way: int = 0
    there: Callable[[LayerFacts], bool] = _always


def _quiet(_facts: LayerFacts, _node: Node) -> str:
    return "muted"


# --- what the layer is


def _name(_facts: LayerFacts, node: Node) -> str:
    return node.title


def _name_tip(_facts: LayerFacts, node: Node) -> str:
    if node.title == OWN:
        owner = node.name or "the model"
        return f"Parameters that {owner} owns itself, outside any layer: a class token or a position embedding, say"
    return node.name


def _name_colour(_facts: LayerFacts, node: Node) -> str:
    return "" if node.owners else "muted"


def _type(_facts: LayerFacts, node: Node) -> str:
    if node.layer is None:
        return quantity(node.layers, "layer")
    return node.layer.type + (" (training only)" if node.layer.training_only else "")


def _shape(_facts: LayerFacts, node: Node) -> str:
    return shape(node.output_shape)


def _parameters(_facts: LayerFacts, node: Node) -> str:
    return count(node.parameters) if node.parameters else ""


def _trainable(facts: LayerFacts, node: Node) -> str:
    """The count and its share of the row; the shares stand below each other."""
    if not node.owners:
        return ""
    _, training = facts.training(node)
    if not training:
        return "–"
    share = share_of(training, node.parameters).removesuffix(f"{THIN}%")
    return f"{count(training)} · {share:{DIGIT_WIDE}>{SHARE_PLACES}}{THIN}%"


def share_of(some: int, of: int) -> str:
    """In percent; what is little and yet something is not written as nothing."""
    share = some / of if of else 0.0
    return f"<{THIN}0.1{THIN}%" if 0 < share < 0.0005 else percent(share)


def _trainable_colour(facts: LayerFacts, node: Node) -> str:
    return "" if facts.training(node)[1] else "muted"


def _flops(_facts: LayerFacts, node: Node) -> str:
    """In millions, with one decimal."""
    if not node.flops:
        return ""
    millions = node.flops / 1e6
    if millions < 0.05:
        return f"<{THIN}0.1"
    whole, _, decimal = f"{millions:.1f}".partition(".")
    return f"{count(int(whole))}.{decimal}"


def _flops_tip(_facts: LayerFacts, node: Node) -> str:
    return f"{count(node.flops)} multiply-adds for one photo" if node.flops else ""


def _field(_facts: LayerFacts, node: Node) -> str:
    return _pixels(node, node.receptive_field)


def _stride(_facts: LayerFacts, node: Node) -> str:
    return _pixels(node, node.stride)


def _pixels(node: Node, pixels: int | None) -> str:
    if node.training_only or pixels == 0:
        return ""
    return "all" if pixels is None else count(pixels)


def _field_tip(_facts: LayerFacts, node: Node) -> str:
    if node.training_only or node.receptive_field == 0:
        return ""
    if node.receptive_field is None:
        return "Each output looks at the whole image"
    return f"Each output looks at {count(node.receptive_field)} pixels of the image, across"


def _stride_tip(_facts: LayerFacts, node: Node) -> str:
    if node.training_only or not node.stride:
        return ""
    return f"Neighbouring outputs look {quantity(node.stride, 'pixel')} apart"


# --- whether and how it trains


def _norm(facts: LayerFacts, node: Node) -> str:
    statistics, affine = facts.norm(node)
    return f"{statistics} / {affine}" if statistics else ""


_STATISTICS = {
    FIXED: "Running mean and variance stay as they are",
    UPDATING: "Running mean and variance follow the photos that train",
    "mixed": "Running mean and variance follow the photos in a part of the block",
}
_AFFINE = {
    FROZEN: "scale and shift are frozen",
    "training": "scale and shift train",
    "mixed": "scale and shift train in a part of the block",
}


def _norm_tip(facts: LayerFacts, node: Node) -> str:
    statistics, affine = facts.norm(node)
    return f"{_STATISTICS[statistics]}; {_AFFINE[affine]}." if statistics else ""


def _rate(facts: LayerFacts, node: Node) -> str:
    rates = facts.rate(node)
    if rates is None:
        return ""
    low, high = (f"{rate:.2g}" for rate in rates)
    return low if low == high else f"{low}–{high}"


def _time(facts: LayerFacts, node: Node) -> str:
    share = facts.time_share(node)
    if not share:
        return ""
    return f"{share * 100:.1f}" if share >= 0.0005 else f"<{THIN}0.1"


def _time_tip(facts: LayerFacts, node: Node) -> str:
    seconds = facts.seconds(node)
    if not seconds or not sum(seconds):
        return ""
    forward, backward = (f"{part * 1000:.2f} ms" for part in seconds)
    return f"{forward} forward and {backward} backward for one image, measured on this machine"


_STATE_WORDS = {FROZEN: "Frozen", TRAINS: "Trains", NOTHING: ""}


def _state(facts: LayerFacts, node: Node) -> str:
    state = facts.state(node)
    if state == PARTLY:
        return f"{facts.training(node)[0]} of {len(node.owners)}"
    return _STATE_WORDS[state]


def _state_tip(facts: LayerFacts, node: Node) -> str:
    if facts.state(node) != facts.ticked(node):
        return "As chosen for normalisation under Advanced"
    return f"{_state(facts, node)} layers train" if facts.state(node) == PARTLY else ""


def _state_colour(facts: LayerFacts, node: Node) -> str:
    if not node.owners:
        return "muted"
    return "frozen" if facts.state(node) == FROZEN else "trainable"


def _state_icon(facts: LayerFacts, node: Node) -> Icon | None:
    if not node.owners:
        return None
    return ("snowflake", 16, "frozen") if facts.state(node) == FROZEN else ("flame", 16, "trainable")


# --- what the run proved

_PROOF_WORDS = {IDENTICAL: "Identical", CHANGED: "Changed", UNMOVED: "Not moved", BROKEN: "Differs"}
_PROOF_TIPS = {
    IDENTICAL: "identical before and after, SHA-256",
    CHANGED: "changed, as it trained",
    UNMOVED: "trained, and yet identical before and after",
    BROKEN: "frozen, and yet not the same before and after",
}
_PROOF_ICONS: dict[str, Icon] = {
    IDENTICAL: ("lock", 16, "frozen"),
    CHANGED: ("flame", 16, "trainable"),
    UNMOVED: ("circle-help", 16, "muted"),
    BROKEN: ("circle-alert", 16, "wrong"),
}


def _worst(facts: LayerFacts, node: Node) -> str:
    found = facts.proofs(node)
    return next((word for word in (BROKEN, UNMOVED, CHANGED, IDENTICAL) if word in found), "")


def _proof(facts: LayerFacts, node: Node) -> str:
    found, worst = facts.proofs(node), _worst(facts, node)
    if not worst:
        return ""
    return _PROOF_WORDS[worst] if len(found) == 1 else f"{found[worst]} {_SHORT[worst]}"


_SHORT = {IDENTICAL: "identical", CHANGED: "changed", UNMOVED: "not moved", BROKEN: "differ"}


def _proof_tip(facts: LayerFacts, node: Node) -> str:
    found = facts.proofs(node)
    if not found:
        return ""
    if node.layer is not None:
        return f"In the last run: {_PROOF_TIPS[next(iter(found))]}"
    return "In the last run: " + "; ".join(f"{number} {_PROOF_TIPS[word]}" for word, number in found.items())


def _proof_icon(facts: LayerFacts, node: Node) -> Icon | None:
    return _PROOF_ICONS.get(_worst(facts, node))


def _proof_colour(facts: LayerFacts, node: Node) -> str:
    icon = _proof_icon(facts, node)
    return icon[2] if icon else ""


COLUMNS = (
    LayerColumn(
        "name", "Layer", 132, "Tick what trains; what is not ticked stays frozen", _name, _name_tip, colour=_name_colour
    ),
    LayerColumn("type", "Type", 108, "What the layer computes", _type, _type, colour=_quiet, gives_way=8),
    LayerColumn(
        "shape", "Output shape", 120, "Channels × height × width of what the layer puts out, for one photo",
        _shape, colour=_quiet, number=True, gives_way=7,
    ),
    LayerColumn(
        "parameters", "Parameters", 96, "Numbers that the layer has learned, or will learn",
        _parameters, number=True, gives_way=9,
    ),
    LayerColumn(
        "trainable", "Trainable", 152, "Parameters that train, and their share of the row's",
        _trainable, colour=_trainable_colour, number=True, gives_way=3,
    ),
    LayerColumn(
        "flops", "Multiply-adds (M)", 124, "Multiplications with an addition that one photo costs, in millions",
        _flops, _flops_tip, colour=_quiet, number=True, gives_way=5, there=lambda facts: facts.root.flops > 0,
    ),
    LayerColumn(
        "field", "Sees (px)", 76,
        "Receptive field: how many pixels of the photo, across, one output of the layer looks at",
        _field, _field_tip, colour=_quiet, number=True, gives_way=6,
    ),
    LayerColumn(
        "stride", "Stride (px)", 84, "How many pixels of the photo lie between two neighbouring outputs",
        _stride, _stride_tip, colour=_quiet, number=True, gives_way=1,
    ),
    LayerColumn(
        "norm", "Batch norm", 136, "Batch normalisation: its running statistics / its scale and shift",
        _norm, _norm_tip, colour=_quiet, gives_way=2, there=LayerFacts.has_statistics,
    ),
    LayerColumn(
        "rate", "Rate ×", 88, "What the learning rate is multiplied by in this layer's block",
        _rate, number=True, gives_way=4, there=lambda facts: bool(facts.rates),
    ),
    LayerColumn(
        "time", "Time (%)", 76, "Share of the time of a forward and a backward pass, measured on this machine",
        _time, _time_tip, number=True, gives_way=10,
        there=lambda facts: facts.time_share(facts.root) is not None,
    ),
    LayerColumn(
        "state", "State", 116, "Frozen layers keep their weights; trainable layers change",
        _state, _state_tip, _state_icon, _state_colour,
    ),
    LayerColumn(
        "proof", "Proof", 128, "Whether the layer is the same, bit for bit, before and after the last run",
        _proof, _proof_tip, _proof_icon, _proof_colour, gives_way=11, there=lambda facts: bool(facts.proof),
    ),
)  # fmt: skip
NAME, TYPE, SHAPE, PARAMETERS, TRAINABLE, FLOPS, FIELD, STRIDE, NORM, RATE, TIME, STATE, PROOF = range(len(COLUMNS))
WAYS = tuple(sorted((row.gives_way, place) for place, row in enumerate(COLUMNS) if row.gives_way))
"""Columns in the order in which they are hidden, as (order, place)."""
