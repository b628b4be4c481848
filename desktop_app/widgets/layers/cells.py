"""What stands in the cells of the layer tree: how a layer, or a block of them, is worded, coloured and explained."""

from __future__ import annotations

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
"""Its name, size and colour."""
DIGIT_WIDE = "\u2007"  # figure space: as wide as a digit
SHARE_PLACES = 5  # of “100.0”


def quiet(_facts: LayerFacts, _node: Node) -> str:
    return "muted"


# --- what the layer is


def name(_facts: LayerFacts, node: Node) -> str:
    return node.title


def name_tip(_facts: LayerFacts, node: Node) -> str:
    if node.title == OWN:
        owner = node.name or "the model"
        return f"Parameters that {owner} owns itself, outside any layer: a class token or a position embedding, say"
    return node.name


def name_colour(_facts: LayerFacts, node: Node) -> str:
    return "" if node.owners else "muted"


def layer_type(_facts: LayerFacts, node: Node) -> str:
    if node.layer is None:
        return quantity(node.layers, "layer")
    return node.layer.type + (" (training only)" if node.layer.training_only else "")


def output_shape(_facts: LayerFacts, node: Node) -> str:
    return shape(node.output_shape)


def parameters(_facts: LayerFacts, node: Node) -> str:
    return count(node.parameters) if node.parameters else ""


def trainable(facts: LayerFacts, node: Node) -> str:
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


def trainable_colour(facts: LayerFacts, node: Node) -> str:
    return "" if facts.training(node)[1] else "muted"


def flops(_facts: LayerFacts, node: Node) -> str:
    """In millions, with one decimal."""
    if not node.flops:
        return ""
    millions = node.flops / 1e6
    if millions < 0.05:
        return f"<{THIN}0.1"
    whole, _, decimal = f"{millions:.1f}".partition(".")
    return f"{count(int(whole))}.{decimal}"


def flops_tip(_facts: LayerFacts, node: Node) -> str:
    return f"{count(node.flops)} multiply-adds for one photo" if node.flops else ""


def field(_facts: LayerFacts, node: Node) -> str:
    return _pixels(node, node.receptive_field)


def stride(_facts: LayerFacts, node: Node) -> str:
    return _pixels(node, node.stride)


def _pixels(node: Node, pixels: int | None) -> str:
    if node.training_only or pixels == 0:
        return ""
    return "all" if pixels is None else count(pixels)


def field_tip(_facts: LayerFacts, node: Node) -> str:
    if node.training_only or node.receptive_field == 0:
        return ""
    if node.receptive_field is None:
        return "Each output looks at the whole image"
    return f"Each output looks at {count(node.receptive_field)} pixels of the image, across"


def stride_tip(_facts: LayerFacts, node: Node) -> str:
    if node.training_only or not node.stride:
        return ""
    return f"Neighbouring outputs look {quantity(node.stride, 'pixel')} apart"


# --- whether and how it trains


def norm(facts: LayerFacts, node: Node) -> str:
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


def norm_tip(facts: LayerFacts, node: Node) -> str:
    statistics, affine = facts.norm(node)
    return f"{_STATISTICS[statistics]}; {_AFFINE[affine]}." if statistics else ""


def rate(facts: LayerFacts, node: Node) -> str:
    rates = facts.rate(node)
    if rates is None:
        return ""
    low, high = (f"{rate:.2g}" for rate in rates)
    return low if low == high else f"{low}–{high}"


def time_share(facts: LayerFacts, node: Node) -> str:
    share = facts.time_share(node)
    if not share:
        return ""
    return f"{share * 100:.1f}" if share >= 0.0005 else f"<{THIN}0.1"


def time_share_tip(facts: LayerFacts, node: Node) -> str:
    seconds = facts.seconds(node)
    if not seconds or not sum(seconds):
        return ""
    forward, backward = (f"{part * 1000:.2f} ms" for part in seconds)
    return f"{forward} forward and {backward} backward for one image, measured on this machine"


_STATE_WORDS = {FROZEN: "Frozen", TRAINS: "Trains", NOTHING: ""}


def state(facts: LayerFacts, node: Node) -> str:
    found = facts.state(node)
    if found == PARTLY:
        return f"{facts.training(node)[0]} of {len(node.owners)}"
    return _STATE_WORDS[found]


def state_tip(facts: LayerFacts, node: Node) -> str:
    if facts.state(node) != facts.ticked(node):
        return "As chosen for normalisation under Advanced"
    return f"{state(facts, node)} layers train" if facts.state(node) == PARTLY else ""


def state_colour(facts: LayerFacts, node: Node) -> str:
    if not node.owners:
        return "muted"
    return "frozen" if facts.state(node) == FROZEN else "trainable"


def state_icon(facts: LayerFacts, node: Node) -> Icon | None:
    if not node.owners:
        return None
    return ("snowflake", 16, "frozen") if facts.state(node) == FROZEN else ("flame", 16, "trainable")


# --- what the run proved

_PROOF_WORDS = {IDENTICAL: "Identical", CHANGED: "Changed", UNMOVED: "Not moved", BROKEN: "Differs"}
_PROOF_OF_SOME = {IDENTICAL: "identical", CHANGED: "changed", UNMOVED: "not moved", BROKEN: "differ"}
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


def proof(facts: LayerFacts, node: Node) -> str:
    found, worst = facts.proofs(node), _worst(facts, node)
    if not worst:
        return ""
    return _PROOF_WORDS[worst] if len(found) == 1 else f"{found[worst]} {_PROOF_OF_SOME[worst]}"


def proof_tip(facts: LayerFacts, node: Node) -> str:
    found = facts.proofs(node)
    if not found:
        return ""
    told = (
        f"{number} {_PROOF_TIPS[word]}" if node.layer is None else _PROOF_TIPS[word] for word, number in found.items()
    )
    return f"In the run that Review shows: {'; '.join(told)}"


def proof_icon(facts: LayerFacts, node: Node) -> Icon | None:
    return _PROOF_ICONS.get(_worst(facts, node))


def proof_colour(facts: LayerFacts, node: Node) -> str:
    icon = proof_icon(facts, node)
    return icon[2] if icon else ""
