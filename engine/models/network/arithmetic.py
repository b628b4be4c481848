"""What rows give, without building them: shapes, parameters, receptive fields, multiply-adds, and why a row cannot be.

All of it is exact: tests hold it against torch over random rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from engine.models.network.rows import Activation, Linear, Network, Residual, Row
from engine.models.network.steps import Impossible, Signal, Step, join, step_of

LARGEST_BYTES = 2**31 - 1
"""A model file holds one ONNX graph, a protocol buffer, which cannot be larger; a parameter is four bytes."""


@dataclass(frozen=True)
class RowFacts:
    """What one row gives. `place` is its index, and that within its residual block; the head's `row` is None.

    `name` is the dotted name of its module. `output` is channels × height × width, or the length of a flat output; ()
    where a row before it cannot be. A residual block's counts hold its inner rows and its projection. `receptive_field`
    and `stride` are pixels of the input, None where the whole image is seen. `refusal` is one sentence, "" where the
    row is possible.
    """

    name: str
    place: tuple[int, ...]
    row: Row | None
    output: tuple[int, ...] = ()
    parameters: int = 0
    multiply_adds: int = 0
    receptive_field: int | None = None
    stride: int | None = None
    refusal: str = ""


@dataclass(frozen=True)
class Analysis:
    """All rows in execution order, a residual block before its inner rows, the head last; and the sums.

    `receptive_field` is that of the last maps before they are made flat, None where the whole image is seen there, or
    where there are no maps. `refusal` is that of the first impossible row, "" where the network can be built.
    """

    rows: tuple[RowFacts, ...]
    parameters: int
    multiply_adds: int
    receptive_field: int | None
    refusal: str

    @property
    def head(self) -> RowFacts:
        return self.rows[-1]


def analyse(network: Network, classes: int = 2, image_size: int | None = None) -> Analysis:
    """The facts of every row, with a head for `classes` classes, for images of `image_size` (its own size, if None)."""
    size = image_size or network.input_size
    walk = _Walk(Signal((network.channels, size, size)))
    names = row_names(network.rows)
    for place, row in enumerate(network.rows):
        walk.take(names[place], (place,), row)
    walk.add_head(classes, len(network.rows))
    refusal = next((facts.refusal for facts in walk.rows if facts.refusal), "")
    maps = walk.last_maps
    return Analysis(tuple(walk.rows), walk.parameters, walk.multiply_adds, maps.field if maps else None, refusal)


class _Walk:
    """Goes through the rows; after the first that cannot be, nothing more is known of those that follow."""

    def __init__(self, signal: Signal) -> None:
        self.rows: list[RowFacts] = []
        self.parameters = self.multiply_adds = 0
        self.last_maps: Signal | None = None
        self._signal: Signal | None = signal

    def take(self, name: str, place: tuple[int, ...], row: Row) -> None:
        first = len(self.rows)
        self.rows.append(RowFacts(name, place, row))
        before = self._signal
        inner = row.rows if isinstance(row, Residual) else ()
        sums = self.parameters, self.multiply_adds
        for number, (inner_name, inner_row) in enumerate(zip(row_names(inner), inner, strict=True)):
            self.take(f"{name}.{inner_name}", (*place, number), inner_row)
        if before is None or self._signal is None:
            return
        try:
            step = join(before, self._signal, inner) if isinstance(row, Residual) else step_of(row, before)
            self._check_size(step)
        except Impossible as impossible:
            self.rows[first] = dataclasses.replace(self.rows[first], refusal=str(impossible))
            self._signal = None
            return
        self._go(step)
        self.rows[first] = self._facts(self.rows[first], step.signal, *sums)

    def add_head(self, classes: int, place: int) -> None:
        facts = RowFacts("head", (place,), None)
        if self._signal is not None:
            try:
                step = step_of(Linear(units=classes), self._signal)
                sums = self.parameters, self.multiply_adds
                self._go(step)
                facts = self._facts(facts, step.signal, *sums)
            except Impossible:
                sentence = "The head needs a flat input: end with Flatten or Global average pooling."
                facts = dataclasses.replace(facts, refusal=sentence)
        self.rows.append(facts)

    def _facts(self, facts: RowFacts, signal: Signal, parameters: int, multiply_adds: int) -> RowFacts:
        return dataclasses.replace(
            facts,
            output=signal.shape,
            parameters=self.parameters - parameters,
            multiply_adds=self.multiply_adds - multiply_adds,
            receptive_field=signal.field,
            stride=None if signal.whole else signal.stride,
        )

    def _go(self, step: Step) -> None:
        self._signal = step.signal
        self.parameters += step.parameters
        self.multiply_adds += step.multiply_adds
        if not step.signal.is_flat:
            self.last_maps = step.signal

    def _check_size(self, step: Step) -> None:
        if 4 * (self.parameters + step.parameters) > LARGEST_BYTES:
            size = 4 * (self.parameters + step.parameters) / 2**30
            raise Impossible(f"With this row the network takes {size:.1f} GiB; a model file holds at most 2.")


_WORDS: dict[str, str] = {
    "squeeze-excitation": "se",
    "spatial-dropout": "spatial_dropout",
    "global-pooling": "global_pool",
    "pooling": "pool",
}


def row_names(rows: Sequence[Row]) -> tuple[str, ...]:
    """The names of the modules of `rows`, unique among them: conv1, norm1, relu1, …"""
    seen: dict[str, int] = {}
    names = []
    for row in rows:
        kind = str(getattr(row, "kind", ""))
        word = row.function.replace("-", "_") if isinstance(row, Activation) else _WORDS.get(kind, kind)
        seen[word] = seen.get(word, 0) + 1
        names.append(f"{word}{seen[word]}")
    return tuple(names)
