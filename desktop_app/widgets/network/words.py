"""How the builder writes rows: their settings in few words, and networks beside each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from desktop_app.widgets.figures import THIN, count, percent
from desktop_app.widgets.setting_fields import WORDS
from engine.models.network.arithmetic import Analysis, analyse
from engine.models.network.files import name_of
from engine.models.network.presets import PRESETS
from engine.models.network.rows import (
    Activation,
    Conv,
    Dropout,
    Linear,
    Network,
    Norm,
    Pooling,
    Residual,
    Row,
    SpatialDropout,
    SqueezeExcitation,
)


def settings_in_words(row: Row | None, classes: int) -> str:
    """What a person would say of the row beside its kind; what is as usual is left out."""
    parts: list[str] = []
    match row:
        case None:
            parts = [f"linear, to {count(classes)} classes"]
        case Linear():
            parts = [f"{count(row.units)} units", *_unless(row.bias, "no bias")]
        case Conv():
            parts = [f"{count(row.channels)} channels", *_window(row.kernel, row.stride)]
            keeps_size = 2 * row.padding == (row.kernel - 1) * row.dilation
            parts += _unless(keeps_size, f"padding {row.padding}" if row.padding else "no padding")
            parts += _unless(row.groups == 1, f"{row.groups} groups")
            parts += _unless(row.dilation == 1, f"dilation {row.dilation}")
            parts += _unless(row.bias, "no bias")
        case Norm():
            parts = [_word(row.over), *_unless(row.over != "group", f"{row.groups} groups")]
        case Activation():
            parts = [_word(row.function)]
        case Pooling():
            parts = [_word(row.how), *_window(row.size, row.stride, usual=row.size)]
        case SqueezeExcitation():
            parts = [f"reduction {row.reduction}"]
        case Residual():
            parts = ["adds its input"]
        case Dropout() | SpatialDropout():
            parts = [percent(row.share).replace(f".0{THIN}%", f"{THIN}%")]
    return " · ".join(parts)


def in_millions(number: int) -> str:
    """9345920 is “9.3 million”; less than ten thousand is written out."""
    if number < 10_000:
        return count(number)
    return f"{number / 1e6:.1f} million" if number >= 1e6 else f"{number / 1e3:.0f} thousand"


def others_in_words(network: Network, classes: int) -> str:
    """The parameters of the presets for the same images; a preset that such images do not suit is left out."""
    same = {"input_size": network.input_size, "channels": network.channels}
    sizes = {preset.title: analyse(preset.model_copy(update=same), classes) for preset in PRESETS.values()}
    return " · ".join(f"{title} {count(sums.parameters)}" for title, sums in sizes.items() if not sums.refusal)


def reason_in_words(network: Network, analysis: Analysis, taken: Collection[str]) -> str:
    """Why the network cannot be saved as it is, "" where it can; `taken` are names of models that Thaw brings."""
    name = name_of(network.title)
    if not name:
        return "Give the network a name with letters or digits."
    if name in taken:
        return f"“{name}” is a model that Thaw brings; choose another name."
    for facts in analysis.rows:
        if facts.refusal:
            number = ".".join(str(part + 1) for part in facts.place)
            return facts.refusal if facts.row is None else f"Row {number} is impossible as it stands."
    return ""


def sees_in_words(network: Network, analysis: Analysis) -> str:
    """The receptive field of the last maps, beside the image."""
    if analysis.receptive_field is None:
        return "whole image"
    return f"{analysis.receptive_field} px of {network.input_size}"


def free_title(taken: Iterable[str]) -> str:
    """“My network”, with the first number that is free."""
    used = set(taken)
    titles = ["My network", *(f"My network {number}" for number in range(2, len(used) + 3))]
    return next(title for title in titles if title not in used)


def _window(side: int, stride: int, usual: int = 1) -> list[str]:
    return [f"{side} × {side}", *_unless(stride == usual, f"stride {stride}")]


def _unless(usual: bool, words: str) -> list[str]:
    return [] if usual else [words]


def _word(value: str) -> str:
    return str(WORDS.get(value, value))
