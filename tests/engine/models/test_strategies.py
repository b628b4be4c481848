"""Strategies as data: which blocks train from which epoch on, and at what rates."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import ThawError
from engine.models.blocks import phase_layers, trainable_layers
from engine.models.catalog import CATALOG, find_model
from engine.models.strategies import STRATEGIES, Strategy, find_strategy
from engine.models.timelines import block_rates, plan, reached_timeline, split_epochs, stages, timeline, timeline_of

BLOCKS = (("stem",), ("features.1",), ("features.10",), ("head",))
LAYERS = ("stem", "features.1.conv", "features.10.conv", "features.10.norm", "head.1")

rows = st.sampled_from(list(STRATEGIES.values()))
block_counts = st.integers(2, 60)
epoch_counts = st.integers(1, 200)


@st.composite
def timelines(draw: st.DrawFn) -> tuple[tuple[int, ...], int]:
    """(a timeline in which something trains from the first epoch on, epochs)"""
    epochs = draw(epoch_counts)
    starts = draw(st.lists(st.integers(0, epochs), min_size=2, max_size=30))
    starts[draw(st.integers(0, len(starts) - 1))] = 1
    return tuple(starts), epochs


@given(rows, epoch_counts)
def test_the_phases_of_a_row_share_all_epochs(strategy: Strategy, epochs: int) -> None:
    counts = split_epochs(strategy, epochs)
    assert sum(counts) == epochs
    assert counts[-1] >= 1
    assert min(counts) >= (1 if epochs >= len(counts) else 0)


@given(rows, block_counts, st.data(), epoch_counts)
def test_a_plan_covers_all_epochs_and_what_trains_never_freezes_again(
    strategy: Strategy, blocks: int, data: st.DataObject, epochs: int
) -> None:
    last_blocks = data.draw(st.integers(1, blocks - 1))
    phases = plan(strategy, blocks, last_blocks, epochs)
    covered = [epoch for phase in phases for epoch in range(phase.first_epoch, phase.first_epoch + phase.epochs)]
    assert covered == list(range(1, epochs + 1))
    assert all(set(earlier.blocks) < set(later.blocks) for earlier, later in itertools.pairwise(phases))
    assert all(blocks - 1 in phase.blocks for phase in phases), "the head trains in every phase"
    assert timeline_of(phases, blocks) == timeline(strategy, blocks, last_blocks, epochs)


@given(rows, timelines())
def test_an_edited_timeline_is_what_the_plan_says(strategy: Strategy, edited: tuple[tuple[int, ...], int]) -> None:
    starts, epochs = edited
    phases = plan(strategy, len(starts), 1, epochs, starts)
    assert sum(phase.epochs for phase in phases) == epochs and phases[0].first_epoch == 1
    assert timeline_of(phases, len(starts)) == starts
    assert plan(strategy, len(starts), 1, epochs, timeline_of(phases, len(starts))) == phases


@given(rows, timelines(), st.data())
def test_a_plan_seen_from_any_epoch_is_the_same(
    strategy: Strategy, edited: tuple[tuple[int, ...], int], data: st.DataObject
) -> None:
    """What validation has decided by an epoch, and nothing later, makes the phases up to it."""
    starts, epochs = edited
    in_stages = stages(strategy, len(starts), 1, epochs, starts)
    begun = sorted(data.draw(st.sets(st.integers(2, max(2, epochs)), max_size=len(in_stages) - 1)))
    stage_epochs = (1, *(epoch for epoch in begun if epoch <= epochs))
    whole = plan(strategy, len(starts), 1, epochs, reached_timeline(in_stages, stage_epochs, len(starts)))
    for known in range(1, len(stage_epochs) + 1):
        part = plan(strategy, len(starts), 1, epochs, reached_timeline(in_stages, stage_epochs[:known], len(starts)))
        assert [(p.first_epoch, p.blocks) for p in part] == [(p.first_epoch, p.blocks) for p in whole[:known]]


@given(rows, block_counts, epoch_counts)
def test_the_stages_are_the_blocks_that_ever_train_each_once(strategy: Strategy, blocks: int, epochs: int) -> None:
    in_stages = stages(strategy, blocks, 1, epochs)
    flat = [block for stage in in_stages for block in stage]
    assert sorted(flat) == [block for block, start in enumerate(timeline(strategy, blocks, 1, epochs)) if start]
    assert blocks - 1 in in_stages[0]


def test_what_the_rows_say() -> None:
    def lines(name: str, epochs: int = 10) -> tuple[int, ...]:
        return timeline(find_strategy(name), 4, 1, epochs)

    assert lines("feature-extraction") == (0, 0, 0, 1)
    assert lines("last-blocks") == (0, 0, 1, 1)
    assert lines("fine-tuning") == (3, 3, 3, 1)
    assert lines("fine-tuning", 1) == (1, 1, 1, 1)
    assert lines("progressive") == (7, 5, 3, 1)
    assert lines("progressive", 2) == (2, 2, 2, 1)
    assert {lines(name) for name in ("discriminative", "from-scratch", "continue", "custom")} == {(1, 1, 1, 1)}
    titles = [phase.title for phase in plan(find_strategy("progressive"), 4, 1, 10)]
    assert titles == ["Head", "Head and 1 block", "Head and 2 blocks", "Everything"]
    assert [phase.lr_scale for phase in plan(find_strategy("fine-tuning"), 4, 1, 10)] == [1.0, 0.1]


@given(st.floats(1e-6, 1), block_counts)
def test_rates_are_geometric_up_to_the_head(ratio: float, blocks: int) -> None:
    rates = block_rates(ratio, blocks)
    assert rates[0] == pytest.approx(ratio) and rates[-1] == 1
    steps = [later / earlier for earlier, later in itertools.pairwise(rates)]
    assert all(step == pytest.approx(steps[0]) for step in steps)


def test_rates_of_fastais_slice() -> None:
    assert block_rates(0.01, 3) == pytest.approx((0.01, 0.1, 1.0))


@pytest.mark.parametrize(
    ("starts", "words"),
    [((1, 1), "lists 2 epochs, and the model has 4 blocks"), ((2, 2, 3, 0), "In the first epoch no block would train")],
)
def test_a_timeline_that_does_not_fit_is_a_sentence(starts: tuple[int, ...], words: str) -> None:
    with pytest.raises(ThawError, match=words):
        plan(find_strategy("progressive"), 4, 1, 10, starts)


def test_reaches() -> None:
    assert trainable_layers(LAYERS, BLOCKS, 1, "head") == ("head.1",)
    assert trainable_layers(LAYERS, BLOCKS, 1, "last-blocks") == ("features.10.conv", "features.10.norm", "head.1")
    assert trainable_layers(LAYERS, BLOCKS, 2, "last-blocks")[0] == "features.1.conv"
    assert trainable_layers(LAYERS, BLOCKS, 1, "all") == LAYERS
    assert trainable_layers(LAYERS, BLOCKS, 1, "chosen", ("head.1", "stem")) == ("stem", "head.1")


def test_a_layer_trains_when_it_is_ticked_and_its_block_does() -> None:
    assert phase_layers(LAYERS, BLOCKS, (2, 3)) == ("features.10.conv", "features.10.norm", "head.1")
    assert phase_layers(LAYERS, BLOCKS, (2, 3), ("stem", "features.10.norm")) == ("features.10.norm",)
    with pytest.raises(ThawError, match="no ticked layer would train"):
        phase_layers(LAYERS, BLOCKS, (3,), ("stem",))


def test_a_tick_on_nothing_or_on_what_is_not_there_is_a_sentence() -> None:
    with pytest.raises(ThawError, match="No layer is ticked"):
        trainable_layers(LAYERS, BLOCKS, 1, "chosen", ())
    with pytest.raises(ThawError, match="no layer named “tail”"):
        trainable_layers(LAYERS, BLOCKS, 1, "chosen", ("tail",))


def test_unknown_names_list_what_there_is() -> None:
    with pytest.raises(ThawError, match="feature-extraction, last-blocks"):
        find_strategy("magic")
    with pytest.raises(ThawError, match="no model named “magicnet”"):
        find_model("magicnet")


def test_every_row_has_fewer_last_blocks_than_blocks() -> None:
    for spec in CATALOG.values():
        assert 1 <= spec.last_blocks < len(spec.blocks)
