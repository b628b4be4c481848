"""How long it takes to open the largest residual network's tree and to estimate what a choice of its layers costs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pytest

from engine.models import tables
from engine.models.layers.cost import estimate

pytestmark = pytest.mark.bench

BUDGET = 0.1
"""Seconds."""


def median_seconds(work: Callable[[], object], repeats: int = 9) -> float:
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def test_the_tree_and_graph_of_resnet152_open_at_once() -> None:
    def open_it() -> None:
        tables.read_layers.cache_clear()
        tables.read_graph.cache_clear()
        tables.with_classes("resnet152", 5)
        tables.read_graph("resnet152", 5)

    seconds = median_seconds(open_it)
    print(f"tree and graph of ResNet-152 from its table: {seconds * 1e3:.0f} ms")  # noqa: T201
    assert seconds < BUDGET


def test_the_cost_of_a_choice_is_told_at_once() -> None:
    rows = tables.with_classes("resnet152", 5)
    names = {row.name for row in rows[100:] if row.parameters}
    seconds = median_seconds(lambda: estimate(rows, names, batch_size=32, optimizer="adamw", images_per_second=9.0))
    print(f"estimate for ResNet-152: {seconds * 1e3:.2f} ms")  # noqa: T201
    assert seconds < BUDGET / 10
