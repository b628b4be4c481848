"""Every optimizer: made from its row, kept by name, taken up to the same bits."""

from __future__ import annotations

import io
import typing
from typing import Any

import pytest
import torch
from torch import nn

from engine.config import TrainConfig, make_config
from engine.models.catalog import CATALOG
from engine.models.optimizers import OPTIMIZERS
from engine.models.recipes import choose_recipe, source_of
from engine.models.strategies import STRATEGIES
from engine.training.learner.optimizer import Place, extend_optimizer, make_optimizer, restore_state, state_by_name
from tests.engine.training.learner.learners import two_layers

KINDS = [(name, {}) for name in OPTIMIZERS] + [("sgd", {"momentum": 0.0}), ("sgd", {"nesterov": True})]


def settings(kind: str, **changes: Any) -> TrainConfig:
    return make_config({"optimizer": kind, "momentum": 0.9, "weight_decay": 0.01} | changes)


def place_of(layer: str) -> Place:
    return Place(0, 2) if layer == "0" else Place(1, 1)


def stepped(network: nn.Module, optimizer: torch.optim.Optimizer, steps: range) -> None:
    for step in steps:
        pixels = torch.rand(4, 3, generator=torch.Generator().manual_seed(step))
        for group in optimizer.param_groups:
            group["lr"] = 0.01
        optimizer.zero_grad()
        network(pixels).square().mean().backward()
        optimizer.step()


@pytest.mark.parametrize(("kind", "changes"), KINDS)
def test_saved_and_taken_up_it_goes_on_to_the_same_bits(kind: str, changes: dict[str, Any]) -> None:
    """The first layer joins later, so that its steps are others than the second's."""
    config, whole = settings(kind, **changes), two_layers()
    whole[0].requires_grad_(False)
    optimizer = make_optimizer(whole, config, 2, place_of)
    stepped(whole, optimizer, range(3))
    whole[0].requires_grad_(True)
    extend_optimizer(optimizer, whole, config, 2, place_of)
    stepped(whole, optimizer, range(3, 5))
    disk = io.BytesIO()
    torch.save({"network": whole.state_dict(), "optimizer": state_by_name(optimizer, whole)}, disk)
    saved = torch.load(io.BytesIO(disk.getvalue()), weights_only=True)
    resumed = two_layers()
    resumed.load_state_dict(saved["network"])
    anew = make_optimizer(resumed, config, 2, place_of)
    restore_state(anew, resumed, saved["optimizer"])
    stepped(whole, optimizer, range(5, 8))
    stepped(resumed, anew, range(5, 8))
    assert all(torch.equal(one, other) for one, other in zip(whole.parameters(), resumed.parameters(), strict=True))


@pytest.mark.parametrize(("kind", "changes"), KINDS)
def test_it_learns(kind: str, changes: dict[str, Any]) -> None:
    network, pixels = two_layers(), torch.rand(16, 3, generator=torch.Generator().manual_seed(9))
    before = float(network(pixels).detach().square().mean())
    stepped(network, make_optimizer(network, settings(kind, **changes), 2, place_of), range(20))
    assert float(network(pixels).detach().square().mean()) < before


def test_norms_and_biases_are_not_decayed_whatever_their_shape() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.LayerNorm([4, 6, 6]), nn.GroupNorm(2, 4), nn.BatchNorm2d(4))
    groups = make_optimizer(network, settings("adamw"), 2, lambda _layer: Place(0, 1)).param_groups
    decayed = [p for group in groups for p in group["params"] if group["decayed"]]
    assert [id(p) for p in decayed] == [id(network[0].weight)]
    assert all((group["weight_decay"] > 0) == group["decayed"] for group in groups)


def test_the_choices_of_the_setting_are_the_rows() -> None:
    (literal, _) = typing.get_args(TrainConfig.model_fields["optimizer"].annotation)
    assert set(typing.get_args(literal)) == set(OPTIMIZERS)


@pytest.mark.parametrize(
    ("name", "frozen", "scratch", "decay", "larger"),
    [
        ("adamw", 3e-3, 1e-3, 1e-2, 2),
        ("adam", 3e-3, 1e-3, 0, 2),
        ("lamb", 3.75e-3, 1.25e-3, 1e-2, 2),
        ("lion", 3e-4, 1e-4, 1e-1, 2),
        ("rmsprop", 1.2e-3, 5e-4, 1e-5, 4),
        ("sgd", 3e-2, 1.25e-2, 1e-4, 4),
    ],
)
def test_each_has_a_rate_and_a_decay_that_suit_it(
    name: str, frozen: float, scratch: float, decay: float, larger: int
) -> None:
    """Of a batch four times as large the rate is `larger` times as high."""
    for strategy, rate in (("feature-extraction", frozen), ("from-scratch", scratch)):
        for changes, factor in (({}, 1), ({"batch_size": 16, "accumulation": 8}, larger)):
            asked = make_config({"optimizer": name} | changes)
            made = choose_recipe(asked, CATALOG["resnet18"], STRATEGIES[strategy])
            assert (made.learning_rate, made.weight_decay) == pytest.approx((rate * factor, decay), rel=1e-3)
            assert source_of(asked, CATALOG["resnet18"], STRATEGIES[strategy])


def test_every_row_is_among_those_with_known_rates() -> None:
    assert set(OPTIMIZERS) == {"adamw", "adam", "lamb", "lion", "rmsprop", "sgd"}


def test_a_decay_that_is_ten_times_as_large_stays_a_share() -> None:
    made = choose_recipe(make_config({"optimizer": "lion"}), CATALOG["vit_b_16"], STRATEGIES["from-scratch"])
    assert made.weight_decay == 1
