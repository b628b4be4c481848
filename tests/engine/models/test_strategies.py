"""Strategies as data: what trains in which phase, and for how long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ThawError
from engine.models.catalog import CATALOG, find_model
from engine.models.strategies import STRATEGIES, find_strategy, split_epochs, trainable_layers

BLOCKS = (("stem",), ("features.1",), ("features.10",), ("head",))
LAYERS = ("stem", "features.1.conv", "features.10.conv", "features.10.norm", "head.1")


@given(st.sampled_from(list(STRATEGIES.values())), st.integers(1, 500))
def test_the_phases_share_all_epochs(strategy: object, epochs: int) -> None:
    counts = split_epochs(strategy, epochs)  # type: ignore[arg-type]
    assert sum(counts) == epochs
    assert counts[-1] >= 1
    assert min(counts) >= (1 if epochs >= len(counts) else 0)


def test_reaches() -> None:
    assert trainable_layers(LAYERS, BLOCKS, 1, "head") == ("head.1",)
    assert trainable_layers(LAYERS, BLOCKS, 1, "last-blocks") == ("features.10.conv", "features.10.norm", "head.1")
    assert trainable_layers(LAYERS, BLOCKS, 2, "last-blocks")[0] == "features.1.conv"
    assert trainable_layers(LAYERS, BLOCKS, 1, "all") == LAYERS
    assert trainable_layers(LAYERS, BLOCKS, 1, "chosen", ("head.1", "stem")) == ("stem", "head.1")


def test_a_tick_on_nothing_or_on_what_is_not_there_is_a_sentence() -> None:
    with pytest.raises(ThawError, match="No layer is ticked"):
        trainable_layers(LAYERS, BLOCKS, 1, "chosen", ())
    with pytest.raises(ThawError, match="no layer named “tail”"):
        trainable_layers(LAYERS, BLOCKS, 1, "chosen", ("tail",))


def test_unknown_names_list_what_there_is() -> None:
    with pytest.raises(ThawError, match="feature-extraction, last-blocks"):
        find_strategy("magic")
    with pytest.raises(ThawError, match="mobilenet_v2"):
        find_model("magicnet")


def test_every_row_has_fewer_last_blocks_than_blocks() -> None:
    for spec in CATALOG.values():
        assert 1 <= spec.last_blocks < len(spec.blocks)
