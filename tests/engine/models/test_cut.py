"""A network in two at the freeze boundary: the halves are the whole, and what trains or draws is in the second."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from engine.models.blocks import phase_layers
from engine.models.build import build
from engine.models.catalog import find_model
from engine.models.cut import Cut, cut
from engine.models.freezing import owners, set_trainable
from engine.models.spec import ModelSpec
from engine.models.strategies import find_strategy
from engine.models.timelines import plan

ROWS = (
    "lenet5",
    "mobilenet_v2",
    "resnet18",
    "densenet121",
    "squeezenet1_0",
    "googlenet",
    "shufflenet_v2_x0_5",
    "swin_t",
)


def frozen_but(spec: ModelSpec, strategy: str) -> nn.Module:
    """The network as it stands in the last phase of the strategy."""
    torch.manual_seed(0)
    network = build(spec, 3)
    phase = plan(find_strategy(strategy), len(spec.blocks), spec.last_blocks, 5)[-1]
    network.train()
    set_trainable(network, phase_layers(owners(network), spec.blocks, phase.blocks, None))
    return network


def example(spec: ModelSpec) -> torch.Tensor:
    side = (
        spec.input_size
        if spec.fixed_size or spec.family in ("Swin", "ViT", "Inception")
        else max(64, spec.smallest_size)
    )
    return torch.randn(3, spec.channels, side, side)


def made(network: nn.Module, inputs: torch.Tensor) -> Cut:
    found = cut(network, inputs)
    assert found is not None
    return found


def test_a_pooling_behind_the_cut_sums_as_in_the_whole() -> None:
    """Over channels that stand last in memory, as a run has them; SqueezeNet pools behind its dropout."""
    network = frozen_but(find_model("squeezenet1_0"), "feature-extraction").to(memory_format=torch.channels_last)
    found = made(network, torch.randn(3, 3, 64, 64).contiguous(memory_format=torch.channels_last))
    assert found.channels_last == (True,)


@pytest.mark.parametrize("strategy", ["feature-extraction", "last-blocks"])
@pytest.mark.parametrize("name", ROWS)
def test_the_halves_train_as_the_whole_does(name: str, strategy: str) -> None:
    spec = find_model(name)
    network, inputs = frozen_but(spec, strategy), example(spec)
    whole = copy.deepcopy(network)
    halves = made(network, inputs)
    with torch.inference_mode():
        rows = halves.joined(halves.frozen(inputs))
    assert rows.shape == (3, halves.values)
    for seed in (1, 2):  # whatever dropout draws, it draws alike
        torch.manual_seed(seed)
        halves.trained(*halves.parted(rows.clone())).square().sum().backward()
        torch.manual_seed(seed)
        answer = whole(inputs)
        (answer if isinstance(answer, torch.Tensor) else answer[0]).square().sum().backward()
    for (path, one), (_, other) in zip(network.named_parameters(), whole.named_parameters(), strict=True):
        assert (one.grad is None) == (other.grad is None), path
        if one.grad is not None and other.grad is not None:
            assert torch.allclose(one.grad, other.grad, rtol=1e-4, atol=1e-5 * float(other.grad.abs().max())), path


@pytest.mark.parametrize("name", ["mobilenet_v2", "squeezenet1_0"])
def test_the_modes_are_left_as_they_were(name: str) -> None:
    spec = find_model(name)
    network = frozen_but(spec, "last-blocks")
    before = {path: module.training for path, module in network.named_modules()}
    made(network, example(spec))
    assert {path: module.training for path, module in network.named_modules()} == before


def test_what_drops_at_random_runs_in_every_step() -> None:
    spec = find_model("alexnet")
    network = frozen_but(spec, "feature-extraction")  # the dropout before the head is in train mode
    network.classifier[3].train()  # type: ignore[index]
    halves = made(network, example(spec))
    assert any(isinstance(module, nn.Dropout) for module in halves.trained.modules())
    assert not any(module.training and isinstance(module, nn.Dropout) for module in halves.frozen.modules())


def test_a_pooling_before_the_head_is_computed_once() -> None:
    spec = find_model("resnet18")
    assert made(frozen_but(spec, "feature-extraction"), example(spec)).shapes == ((512,),)


def test_where_everything_trains_there_is_no_cut() -> None:
    spec = find_model("lenet5")
    assert cut(frozen_but(spec, "from-scratch"), example(spec)) is None


class Decides(nn.Module):
    """Does what Python finds in the numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Linear(4, 4), nn.Linear(4, 2)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        values = self.first(pixels)
        answer: torch.Tensor = self.head(values * 2 if values.sum() > 0 else values)
        return answer


class Doubles(nn.Module):
    """Does something else in training than afterwards, in a module that holds others: a graph has one of the two."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.head = nn.Conv2d(3, 4, 3), nn.Linear(4, 2)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        pooled = self.first(pixels).mean((2, 3))
        return self.head(pooled * 2 if self.training else pooled)


def test_a_network_that_answers_otherwise_than_it_trains_is_not_cut() -> None:
    network = Doubles()
    set_trainable(network, ("head",))
    assert cut(network, torch.randn(2, 3, 8, 8)) is None


def test_a_network_that_decides_by_its_numbers_is_not_cut() -> None:
    network = Decides().train()
    set_trainable(network, ["head"])
    assert cut(network, torch.randn(3, 4)) is None
