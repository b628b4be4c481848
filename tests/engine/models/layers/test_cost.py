"""What training costs: the estimate against autograd's own account, and how it follows the choice of layers."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from engine.events import Layer, LayerTimed
from engine.models.blocks import trainable_layers
from engine.models.build import build
from engine.models.catalog import find_model
from engine.models.freezing import owners, set_trainable
from engine.models.layers.cost import estimate
from engine.models.strategies import Reach
from engine.models.tables import read_layers

BATCH = 4


def chosen(name: str, reach: Reach) -> tuple[str, ...]:
    spec = find_model(name)
    names = tuple(row.name for row in read_layers(name) if row.parameters)
    return trainable_layers(names, spec.blocks, spec.last_blocks, reach)


@pytest.mark.parametrize("reach", ["last-blocks", "all"])
@pytest.mark.parametrize("name", ["small_resnet", "mobilenet_v2", "resnet18"])
def test_activations_are_what_autograd_keeps(name: str, reach: Reach) -> None:
    spec = find_model(name)
    network = build(spec, 2).train()
    names = trainable_layers(owners(network), spec.blocks, spec.last_blocks, reach)
    set_trainable(network, names)
    own = {one.untyped_storage()._cdata for one in (*network.parameters(), *network.buffers())}
    kept: dict[Any, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage()._cdata, tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        network(torch.rand(BATCH, spec.channels, spec.input_size, spec.input_size))
    real = sum(one.untyped_storage().nbytes() for key, one in kept.items() if key not in own)
    told = estimate(read_layers(name), names, batch_size=BATCH, optimizer="adamw").activations_bytes
    assert told == pytest.approx(real, rel=0.05)


def test_weights_gradients_and_state() -> None:
    rows = read_layers("lenet5")
    total = sum(row.parameters for row in rows)
    everything = estimate(rows, chosen("lenet5", "all"), batch_size=BATCH, optimizer="adamw")
    assert (everything.weights_bytes, everything.gradients_bytes, everything.optimizer_bytes) == (
        4 * total,
        4 * total,
        8 * total,
    )
    head = estimate(rows, chosen("lenet5", "head"), batch_size=BATCH, optimizer="sgd")
    assert head.gradients_bytes == head.optimizer_bytes == 4 * (500 + 1) * 2
    parts = head.weights_bytes + head.gradients_bytes + head.optimizer_bytes + head.activations_bytes
    assert head.memory_bytes == parts + head.passing_bytes


def test_more_layers_cost_more() -> None:
    rows = read_layers("resnet152")
    names = [row.name for row in rows if row.parameters]
    costs = [
        estimate(rows, names[start:], batch_size=32, optimizer="adamw", images_per_second=10)
        for start in range(len(names), -1, -20)
    ]
    for fewer, more in itertools.pairwise(costs):
        assert fewer.memory_bytes < more.memory_bytes
        assert fewer.products < more.products
        assert fewer.seconds_per_image < more.seconds_per_image


def test_a_frozen_layer_in_the_middle_passes_gradients_on() -> None:
    rows = read_layers("lenet5")
    products = {row.name: row.flops for row in rows}
    cost = estimate(rows, ("conv1", "fc2"), batch_size=1, optimizer="sgd", images_per_second=100)
    forward = sum(products.values())
    backward = products["conv1"] + products["conv2"] + products["fc1"] + 2 * products["fc2"]
    assert cost.products == forward + backward
    assert cost.seconds_per_image == pytest.approx((forward + backward) / forward / 100)


def test_nothing_trained_costs_a_forward_pass() -> None:
    rows = read_layers("lenet5")
    cost = estimate(rows, (), batch_size=8, optimizer="adamw", images_per_second=50)
    assert cost.seconds_per_image == pytest.approx(1 / 50)
    assert cost.activations_bytes == cost.gradients_bytes == cost.optimizer_bytes == 0
    assert estimate(rows, (), batch_size=8, optimizer="adamw").seconds_per_image is None


def test_measured_times_take_the_place_of_products() -> None:
    rows: list[Layer] = [row for row in read_layers("lenet5") if row.parameters]
    times = {row.name: LayerTimed(row.name, 1.0, 2.0) for row in rows}
    names = [row.name for row in rows]
    everything = estimate(rows, names, batch_size=1, optimizer="sgd", times=times)
    assert everything.seconds_per_image == 4 + 3 * 2 + 1  # the first needs no gradient of the image
    last = estimate(rows, names[-1:], batch_size=1, optimizer="sgd", times=times)
    assert last.seconds_per_image == 4 + 1
    middle = estimate([replace(row) for row in rows], [names[0], names[2]], batch_size=1, optimizer="sgd", times=times)
    assert middle.seconds_per_image == 4 + 1 + 1 + 2 + 1
