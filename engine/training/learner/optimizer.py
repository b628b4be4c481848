"""The optimizer's parameter groups, and its state by the names of the parameters."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from engine.config import TrainConfig
from engine.models.freezing import is_norm
from engine.models.optimizers import OPTIMIZERS
from engine.models.timelines import block_rates

STEP = "step"


@dataclass(frozen=True)
class Place:
    """Where the parameters of a layer stand: the number of their block, and the epoch in which they began to train."""

    block: int
    begun: int


def make_optimizer(
    network: nn.Module, config: TrainConfig, blocks: int, place_of: Callable[[str], Place]
) -> torch.optim.Optimizer:
    """An optimizer over what has a gradient, and nothing else; `place_of` takes the dotted name of a layer.

    There is a group for the weights of each block and one for its norms and biases, which are not decayed. A group's
    `rate` multiplies the learning rate, its `begun` is the epoch in which it began, `decayed` says which of both it is.
    """
    groups = list(_new_groups(network, config, blocks, place_of, set()))
    row = OPTIMIZERS[config.optimizer or "adamw"]
    module, _, name = row.maker.partition(":")
    taken = {setting: getattr(config, setting) for setting in row.takes}
    made: torch.optim.Optimizer = getattr(importlib.import_module(module), name)(groups, lr=0.0, **taken, **row.fixed)
    return made


def extend_optimizer(
    optimizer: torch.optim.Optimizer,
    network: nn.Module,
    config: TrainConfig,
    blocks: int,
    place_of: Callable[[str], Place],
) -> None:
    """Add what has a gradient now and had none before; the state of the others (AdamW's moments) is kept."""
    known = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    for group in _new_groups(network, config, blocks, place_of, known):
        optimizer.add_param_group(group)


def _new_groups(
    network: nn.Module, config: TrainConfig, blocks: int, place_of: Callable[[str], Place], known: set[int]
) -> Iterator[dict[str, Any]]:
    rates = block_rates(config.block_lr_ratio or 1.0, blocks)
    found: dict[tuple[Place, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad and id(parameter) not in known:
            layer = name.rpartition(".")[0]
            # a norm over several dimensions has as many in its scale
            decayed = parameter.ndim > 1 and not is_norm(network.get_submodule(layer))
            found.setdefault((place_of(layer), decayed), []).append(parameter)
    for (place, decayed), parameters in found.items():
        yield {
            "params": parameters,
            "weight_decay": config.weight_decay if decayed else 0.0,
            "rate": rates[place.block],
            "begun": place.begun,
            "decayed": decayed,
        }


def set_learning_rate(optimizer: torch.optim.Optimizer, rate_of: Callable[[int], float]) -> None:
    """`rate_of(begun)` is the learning rate of what began to train in that epoch; a block's multiplier comes on top."""
    for group in optimizer.param_groups:
        group["lr"] = rate_of(group["begun"]) * group["rate"]


def state_by_name(optimizer: torch.optim.Optimizer, network: nn.Module) -> dict[str, Any]:
    """The optimizer's state, each parameter's under its own name: so it fits whatever the groups are later. LAMB counts
    its steps by group; what stands in a group stands here under the names of its parameters too."""
    states = optimizer.state_dict()["state"]
    names = _names_in_order(optimizer, network)
    counted = [group.get(STEP) for group in optimizer.param_groups for _ in group["params"]]
    saved = {"by_name": {names[number]: state for number, state in states.items()}}
    steps = {name: step for name, step in zip(names, counted, strict=True) if step is not None}
    return saved | ({"steps": steps} if steps else {})


def restore_state(optimizer: torch.optim.Optimizer, network: nn.Module, saved: dict[str, Any]) -> None:
    """Take back what `state_by_name` gave, or what earlier versions of Thaw wrote: two groups, by number."""
    by_name = saved["by_name"] if "by_name" in saved else _named(saved, network)
    names = _names_in_order(optimizer, network)
    state = {number: by_name[name] for number, name in enumerate(names) if name in by_name}
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    name_of = dict(zip((id(p) for group in optimizer.param_groups for p in group["params"]), names, strict=True))
    for group in optimizer.param_groups:
        step = saved.get("steps", {}).get(name_of[id(group["params"][0])])
        if step is not None:
            group[STEP] = torch.as_tensor(step).clone()


def _names_in_order(optimizer: torch.optim.Optimizer, network: nn.Module) -> list[str]:
    name_of = {id(parameter): name for name, parameter in network.named_parameters()}
    return [name_of[id(parameter)] for group in optimizer.param_groups for parameter in group["params"]]


def _named(saved: dict[str, Any], network: nn.Module) -> dict[str, Any]:
    trained = [(name, parameter) for name, parameter in network.named_parameters() if parameter.requires_grad]
    names = [name for name, p in trained if p.ndim > 1] + [name for name, p in trained if p.ndim <= 1]
    return {names[number]: state for number, state in saved["state"].items()}
