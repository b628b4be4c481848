"""Which layers lie in which block of a model, and which of them train where blocks do."""

from __future__ import annotations

from collections.abc import Collection

from engine.errors import ThawError
from engine.models.strategies import Reach
from engine.models.timelines import blocks_reached


def in_block(layer: str, prefixes: tuple[str, ...]) -> bool:
    """Whether the dotted name `layer` lies in the block of these prefixes."""
    return any(layer == prefix or layer.startswith(prefix + ".") for prefix in prefixes)


def block_of(layer: str, blocks: tuple[tuple[str, ...], ...]) -> int:
    """The number of the block, from 0, that holds `layer`; the longest prefix wins. Raises ThawError for none."""
    found = [
        (len(prefix), number)
        for number, prefixes in enumerate(blocks)
        for prefix in prefixes
        if in_block(layer, (prefix,))
    ]
    if not found:
        raise ThawError(f"The layer “{layer}” lies in no block of this model.")
    return max(found)[1]


def phase_layers(
    layers: tuple[str, ...],
    blocks: tuple[tuple[str, ...], ...],
    trained: Collection[int],
    chosen: tuple[str, ...] | None = None,
) -> tuple[str, ...]:
    """Which of `layers` (owners of parameters, dotted names) train in a phase that trains the blocks `trained`, in
    their order: those that lie there and, where the person has chosen, are `chosen` too.

    Raises ThawError where `chosen` names a layer that the model does not have, or nothing would train.
    """
    unknown = sorted(set(chosen or ()) - set(layers))
    if unknown:
        raise ThawError(f"The model has no layer named “{unknown[0]}”.")
    named = set(layers if chosen is None else chosen)
    found = tuple(layer for layer in layers if layer in named and block_of(layer, blocks) in trained)
    if not named:
        raise ThawError("No layer is ticked, so nothing would train; tick at least the head.")
    if not found:
        raise ThawError(
            "In one phase of this run no ticked layer would train; tick the head, or unfreeze blocks earlier."
        )
    return found


def trainable_layers(
    layers: tuple[str, ...],
    blocks: tuple[tuple[str, ...], ...],
    last_blocks: int,
    reach: Reach,
    chosen: tuple[str, ...] | None = None,
) -> tuple[str, ...]:
    """Which of `layers` train under `reach`, in their order.

    Raises ThawError where `chosen` names a layer that the model does not have, or none at all.
    """
    if reach == "chosen":
        return phase_layers(layers, blocks, range(len(blocks)), chosen or ())
    return phase_layers(layers, blocks, blocks_reached(reach, len(blocks), last_blocks))
