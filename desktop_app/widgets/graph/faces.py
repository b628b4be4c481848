"""What a box says, and how large it is for that."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QFont, QFontMetricsF

from desktop_app import theme
from desktop_app.widgets.figures import THIN, count, quantity, shape
from desktop_app.widgets.graph.fold import Part

PAD = 8.0
STRIPE = 5.0
ICON = 14.0
STEP = 16
"""Widths are multiples of this, so that boxes below one another are mostly equally wide."""
NARROWEST, WIDEST = 128.0, 272.0
SHORT = {
    "BatchNorm2d": "BN",
    "BatchNormAct2d": "BN + activation",
    "LayerNorm": "LN",
    "LayerNorm2d": "LN",
    "GroupNorm": "GN",
    "ShiftedWindowAttention": "Window attention",
    "ShiftedWindowAttentionV2": "Window attention",
    "MultiheadAttention": "Attention",
    "adaptive_avg_pool2d": "AvgPool",
    "AdaptiveAvgPool2d": "AvgPool",
    "avg_pool2d": "AvgPool",
    "AvgPool2d": "AvgPool",
    "max_pool2d": "MaxPool",
    "MaxPool2d": "MaxPool",
    "relu": "ReLU",
}


@dataclass(frozen=True)
class Face:
    """The texts of a box: for a box of operations the `bands` at its top, each (text, kind, width) with a width in
    pixels, and `kind` that of its main operation; for a group its name as `heading`."""

    heading: str
    kind: str
    bands: tuple[tuple[str, str, float], ...]
    left: str
    right: str
    width: float
    height: float
    header: float


def title_of(part: Part) -> str:
    """A short name that can stand by itself: “layer1.0” where the last word is only a number."""
    above = part.parent.name.split(".") if part.parent and part.parent.name else []
    if not above or not part.title.partition(".")[0].isdecimal():
        return part.title
    first = max((place for place, word in enumerate(above) if not word.isdecimal()), default=0)
    return ".".join([*above[first:], part.title])


def short_op(op: str) -> str:
    """The operation as the field abbreviates it, so that a line of three fits on a box."""
    return SHORT.get(op, op)


def few_digits(number: int) -> str:
    """147968 is “148 k”, 25557032 is “25.6 M”."""
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size * 0.9995:
            return f"{number / size:.3g}{THIN}{sign}"
    return str(number)


def fonts() -> tuple[QFont, QFont]:
    """For the words of a box, and for its heading."""
    body, heading = theme.figures_font(), theme.figures_font()
    heading.setWeight(QFont.Weight.DemiBold)
    return body, heading


def layers_in(part: Part) -> int:
    """How many operations of note are in it: all but those that only give another shape."""
    return sum(node.kind not in ("shape", "input", "output") for node in part.nodes)


def face_of(part: Part) -> Face:
    body, heading = (QFontMetricsF(font) for font in fonts())
    line = body.height()
    right = shape(part.output_shape)
    if part.children:
        title = title_of(part)
        left = quantity(layers_in(part), "layer") + (f", {few_digits(part.parameters)}" if part.parameters else "")
        wanted = max(
            heading.horizontalAdvance(title) + 2 * ICON + 5 * PAD + body.horizontalAdvance("100.0 % trains"),
            body.horizontalAdvance(left) + body.horizontalAdvance(right) + 5 * PAD,
        )
        return Face(title, "", (), left, right, _stepped(wanted), 2 * (line + PAD) + 8, line + PAD)
    texts = [(short_op(node.op), node.kind) for node in part.nodes]
    bands = tuple((text, kind, body.horizontalAdvance(text) + 2 * PAD) for text, kind in texts)
    left = title_of(part)
    room = ICON + PAD if part.owners else 0.0
    wanted = max(
        sum(width for *_, width in bands) + STRIPE,
        body.horizontalAdvance(left) + body.horizontalAdvance(right) + room + 4 * PAD,
    )
    return Face("", part.main.kind, bands, left, right, _stepped(wanted), 2 * (line + PAD), line + PAD)


def _stepped(width: float) -> float:
    return min(WIDEST, max(NARROWEST, -(-width // STEP) * STEP))


def sentence(part: Part, state: str, share: float) -> str:
    """The whole of it for a tooltip and a screen reader."""
    what = quantity(layers_in(part), "layer") if part.children else ", ".join(node.op for node in part.nodes)
    words = [part.name or "the whole network", what]
    if part.parameters:
        words.append(quantity(part.parameters, "parameter"))
    if part.output_shape:
        words.append(f"output {shape(part.output_shape)}")
    if state == "partly":
        words.append(f"{share * 100:.1f}{THIN}% of the parameters train")
    elif state:
        words.append({"frozen": "frozen", "trains": "trains"}[state])
    return ", ".join(words)


def found_in_words(place: int, number: int) -> str:
    """“3 of 12”, “12 found”, “none found”."""
    if not number:
        return "none found"
    return f"{count(place)} of {count(number)}" if place else f"{count(number)} found"
