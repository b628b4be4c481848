"""A network from rows as a row of the catalog, and back from there to its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.errors import ThawError
from engine.models.network.arithmetic import Analysis, analyse
from engine.models.network.files import read_network
from engine.models.network.presets import PRESETS
from engine.models.network.rows import (
    LARGEST_INPUT,
    SMALLEST_INPUT,
    Conv,
    Dropout,
    Linear,
    Network,
    Norm,
    Pooling,
    Residual,
    Row,
    SpatialDropout,
)
from engine.models.network.steps import skip_stride
from engine.models.spec import IMAGENET_MEAN, IMAGENET_STD, Head, ModelSpec

COUNTED_CLASSES = 10
"""The catalog's parameters are counted with a head of this size."""
GREY_MEAN, GREY_STD = (0.45,), (0.225,)


def spec_of(network: Network, name: str, definition: Path | None = None, **more: Any) -> ModelSpec:
    """The row of the catalog; `definition` is the file it was read from, `more` are fields of ModelSpec that say more.

    Raises ThawError where a row cannot be.
    """
    analysis = check(network, COUNTED_CLASSES)
    colour = network.channels == 3
    fields: dict[str, Any] = {
        "family": "Own",
        "summary": f"A network of your own, from {len(network.rows)} rows.",
        "year": 0,
        "licence": "",
        "curated": False,
        "fixed_size": not _takes_any_size(network, analysis.parameters),
    } | more
    return ModelSpec(
        name=name,
        title=network.title,
        source="rows",
        parameters=analysis.parameters,
        flops=analysis.multiply_adds,
        input_size=network.input_size,
        smallest_size=network.input_size if fields["fixed_size"] else _smallest_size(network, analysis.parameters),
        channels=network.channels,
        mean=IMAGENET_MEAN if colour else GREY_MEAN,
        std=IMAGENET_STD if colour else GREY_STD,
        head=Head("head", "linear", _features(analysis, network)),
        blocks=_blocks(analysis),
        last_blocks=1,
        maps=_last_maps(analysis),
        definition=definition,
        **fields,
    )


def network_of(spec: ModelSpec) -> Network:
    """The rows behind a spec of source "rows". Raises ThawError where its file is gone or damaged."""
    return read_network(spec.definition) if spec.definition else PRESETS[spec.name]


def check(network: Network, classes: int = 2) -> Analysis:
    """The analysis of a network that can be built. Raises ThawError with the reason of the first impossible row."""
    analysis = analyse(network, classes)
    for facts in analysis.rows:
        if facts.refusal:
            row = "The end" if facts.row is None else f"Row {'.'.join(str(number + 1) for number in facts.place)}"
            raise ThawError(f"{row} of “{network.title}” is impossible: {facts.refusal}")
    return analysis


def _features(analysis: Analysis, network: Network) -> int:
    """The length of what the head takes."""
    before = [facts for facts in analysis.rows if len(facts.place) == 1][-2:-1]
    return before[0].output[0] if before else network.channels


def _blocks(analysis: Analysis) -> tuple[tuple[str, ...], ...]:
    """A block begins with each layer that weighs its inputs; normalisation and the like belong to the one before."""
    blocks: list[list[str]] = []
    for facts in analysis.rows:
        if facts.row is None or len(facts.place) > 1 or not facts.parameters:
            continue
        if not blocks or isinstance(facts.row, Conv | Linear | Pooling | Residual):
            blocks.append([])
        blocks[-1].append(facts.name)
    return (*(tuple(block) for block in blocks), ("head",))


def _last_maps(analysis: Analysis) -> str:
    """The module whose output is the last feature map before it is pooled or made flat, "" where nothing made one."""
    found, made = "", False
    for facts in analysis.rows:
        if len(facts.place) > 1 or len(facts.output) != 3:
            continue
        made = made or isinstance(facts.row, Conv | Residual)
        if made and not _passes_on(facts.row):
            found = facts.name
    return found


def _passes_on(row: Row | None) -> bool:
    """Whether the row only thins out or leaves as they are the maps of the row before."""
    return isinstance(row, Pooling | Dropout | SpatialDropout) or (isinstance(row, Norm) and row.over == "none")


def _takes_any_size(network: Network, parameters: int) -> bool:
    """Whether what is learned at one image size works at others.

    Convolutions do not care; the length of a flat output does, and so may the sizes that meet in a residual block,
    which repeat with the product of all strides.
    """
    inner = [row.rows if isinstance(row, Residual) else (row,) for row in network.rows]
    period = min(skip_stride([row for rows in inner for row in rows]), LARGEST_INPUT)
    return all(_fits(network, network.input_size + more, parameters) for more in range(1, period + 1))


def _smallest_size(network: Network, parameters: int) -> int:
    size = network.input_size
    while size > SMALLEST_INPUT and _fits(network, size - 1, parameters):
        size -= 1
    return size


def _fits(network: Network, image_size: int, parameters: int) -> bool:
    analysis = analyse(network, COUNTED_CLASSES, image_size)
    return not analysis.refusal and analysis.parameters == parameters
