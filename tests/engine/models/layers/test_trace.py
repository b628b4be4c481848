"""Tracing: every operation is there, joined as the network joins it, and counted as torchvision counts."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

from engine.models.layers.trace import Trace, trace

PUBLISHED = ("resnet18", "resnet50", "mobilenet_v2", "vgg16", "densenet121", "inception_v3", "vit_b_16", "swin_t")


def traced(network: nn.Module, *shape: int) -> Trace:
    return trace(network.eval(), torch.zeros(1, *shape))


def edges(found: Trace) -> set[tuple[str, str]]:
    """Which operation feeds which, by name."""
    return {(found.nodes[source].name, node.name) for node in found.nodes for source in node.inputs}


def multiply_adds(name: str) -> tuple[float, float]:
    """Counted and published, in billions."""
    weights = torchvision.models.get_model_weights(name).DEFAULT
    sizes = {"inception_v3": 299, "vit_h_14": 518}
    size = weights.transforms().crop_size[0] if name not in sizes else sizes[name]
    options = image_size(name, size)
    if name.startswith("regnet"):  # takes numbers out of tensors to decide what to build
        network = torchvision.models.get_model(name, weights=None).to("meta")
    else:
        with torch.device("meta"):
            network = torchvision.models.get_model(name, weights=None, **options)
    with torch.device("meta"):
        found = trace(network.eval(), torch.zeros(1, 3, size, size))
    return sum(found.flops.values()) / 1e9, weights.meta["_ops"]


def image_size(name: str, size: int) -> dict[str, Any]:
    return {"image_size": size} if name.startswith("vit") else {}


@pytest.mark.parametrize("name", PUBLISHED)
def test_multiply_adds_are_those_that_torchvision_publishes(name: str) -> None:
    counted, published = multiply_adds(name)
    assert counted == pytest.approx(published, rel=0.01, abs=0.001)  # published to three decimals


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(set(torchvision.models.list_models(module=torchvision.models)) - {*PUBLISHED}))
def test_multiply_adds_of_the_rest_of_torchvision(name: str) -> None:
    counted, published = multiply_adds(name)
    assert counted == pytest.approx(published, rel=0.01, abs=0.001)  # published to three decimals


class Joins(nn.Module):
    """Two branches that are added and joined, an activation in place, a module called twice, a tensor cut in two."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.twin = nn.Conv2d(4, 4, 1)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.relu(self.conv(images))
        added = self.twin(maps)
        added += maps
        left, right = self.relu(added).chunk(2, 1)
        return torch.cat([left, F.gelu(right)], 1).mean((2, 3))


def test_edges_follow_the_tensors() -> None:
    found = traced(Joins(), 3, 8, 8)
    names = [node.name for node in found.nodes]
    assert names == ["input", "conv", "relu", "twin", "add", "relu", "gelu", "cat", "mean", "output"]
    assert edges(found) == {
        ("input", "conv"),
        ("conv", "relu"),
        ("relu", "twin"),
        ("twin", "add"),
        ("relu", "add"),
        ("add", "relu"),
        ("relu", "gelu"),
        ("relu", "cat"),
        ("gelu", "cat"),
        ("cat", "mean"),
        ("mean", "output"),
    }
    assert [node.kind for node in found.nodes] == [
        "input", "conv", "activation", "conv", "merge", "activation", "activation", "merge", "pool", "output",
    ]  # fmt: skip


def test_what_leads_nowhere_is_not_drawn_and_what_is_never_called_not_seen() -> None:
    class Idle(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused, self.dead = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, values: Tensor) -> Tensor:
            self.dead(values)
            return self.used(values)

    found = traced(Idle(), 4)
    assert [node.name for node in found.nodes] == ["input", "used", "output"]
    assert "dead" in found.rows and "unused" not in found.seen


def test_attention_is_one_node_whose_parts_keep_their_rows() -> None:
    block = nn.Sequential(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True))
    found = traced(block, 5, 8)
    (node,) = [node for node in found.nodes if node.kind == "attention"]
    assert (node.name, node.op, node.layer, node.output_shape) == (
        "0.self_attn", "MultiheadAttention", "0.self_attn", (5, 8),
    )  # fmt: skip
    assert ("0.norm1", "0.self_attn") in edges(found)
    assert "0.self_attn.out_proj" in found.rows  # never called: its parameters are handed on
    # Linear layers on 5 tokens: 3 + 1 of 8×8, and 8×16 twice; two products of 5×5×8 numbers.
    assert sum(found.flops.values()) == 5 * (4 * 64 + 2 * 128) + 2 * 5 * 5 * 8


class Doubled(torch.autograd.Function):
    """A function that no mode of torch sees."""

    @staticmethod
    def forward(_ctx: Any, values: Tensor) -> Tensor:
        return values.clone().mul_(2)


def test_functions_that_torch_does_not_show_become_their_module() -> None:
    class Strange(nn.Module):
        def forward(self, values: Tensor) -> Tensor:
            return Doubled.apply(values)

    found = traced(nn.Sequential(nn.Linear(4, 4), Strange()), 4)
    assert [(node.name, node.inputs) for node in found.nodes][2:] == [("1", (1,)), ("output", (2,))]


def test_work_on_own_parameters_is_the_modules_own() -> None:
    class Normed(nn.LayerNorm):
        def __init__(self) -> None:
            super().__init__(4)
            self.act = nn.GELU()

        def forward(self, values: Tensor) -> Tensor:
            return self.act(F.layer_norm(values, (4,), self.weight, self.bias))

    found = traced(nn.Sequential(Normed()), 3, 4)
    assert [(node.name, node.op, node.kind, node.layer) for node in found.nodes[1:3]] == [
        ("0", "Normed", "norm", "0"),
        ("0.act", "GELU", "activation", "0.act"),
    ]


def test_what_does_not_depend_on_the_image_is_no_operation() -> None:
    class Biased(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Linear(2, 4)
            self.place = nn.Buffer(torch.ones(1, 2))
            self.work = nn.Linear(4, 4)

        def forward(self, values: Tensor) -> Tensor:
            return self.work(values) + self.table(self.place) + torch.zeros_like(values)

    found = traced(Biased(), 4)
    assert [node.name for node in found.nodes] == ["input", "work", "add", "add_1", "output"]
    assert found.seen["table"].constant and found.seen["table"].size_and_stride((8, 8)) == (0, None)


def test_hooks_are_gone_afterwards_and_numbers_stay() -> None:
    network = Joins().eval()
    images = torch.randn(2, 3, 8, 8)
    before = network(images)
    hooks = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules()]
    found = trace(network, images)
    assert torch.equal(network(images), before)
    assert hooks == [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules()]
    alone = trace(network, images[:1])
    assert found.flops == alone.flops
    assert [dataclasses.astuple(node) for node in found.nodes] == [dataclasses.astuple(node) for node in alone.nodes]
