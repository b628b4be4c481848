"""What of a network trains, by its layers; the rest is frozen: no gradient, and in eval mode."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from torch import nn


def auxiliary_classifiers(network: nn.Module) -> tuple[str, ...]:
    """The dotted names of the classifiers that only training calls, in execution order."""
    names: tuple[str, ...] = getattr(network, "auxiliary", ())
    return names


def owners(network: nn.Module) -> tuple[str, ...]:
    """The dotted names of the modules that own parameters, in order of registration: what freezing speaks of. The root
    module's name is ""."""
    return tuple(
        name for name, module in network.named_modules() if next(module.parameters(recurse=False), None) is not None
    )


def is_norm(module: nn.Module) -> bool:
    """Whether a module is a normalisation: torch's, torchvision's or timm's (LayerNorm2d, BatchNormAct2d, RmsNorm)."""
    return re.search(r"norm(act)?([123]d)?(fp32)?$", type(module).__name__, re.IGNORECASE) is not None


def set_trainable(
    network: nn.Module, names: Collection[str], *, norm_affine: str = "follow", norm_statistics: str = "follow"
) -> None:
    """Freeze all but the owners `names`: no gradient, and eval mode for the whole frozen part.

    Call after every `network.train()`. Scale and shift of the norms follow `names`, or are "frozen" everywhere, or
    "trained" everywhere; running statistics are kept where the norm is in `names`, or nowhere ("frozen"): in the frozen
    part they never move. A network with auxiliary classifiers is itself in train mode only while one of them trains.
    """
    chosen = set(names)
    alive = set(_with_parents(chosen))
    for name, module in network.named_modules():
        trains = name in chosen
        if is_norm(module) and norm_affine != "follow":
            trains = norm_affine == "trained"
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(trains)
    ends = _ends(owners(network))
    for name, module in network.named_modules():
        module.training = name in alive if name in ends else _follows(network, name, ends, chosen)
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and norm_statistics == "frozen":
            module.training = False
    auxiliary = auxiliary_classifiers(network)
    if auxiliary and not alive.intersection(auxiliary):
        network.training = False


def _with_parents(names: Collection[str]) -> Iterator[str]:
    """Yield each dotted name and all that it lies in, the root's "" included."""
    for name in names:
        yield name
        while name:
            name = name.rpartition(".")[0]
            yield name


def _ends(layers: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The first and the last owner in each module that holds any."""
    ends: dict[str, tuple[str, str]] = {}
    for layer in layers:
        for name in _with_parents((layer,)):
            ends[name] = (ends.get(name, (layer,))[0], layer)
    return ends


def _follows(network: nn.Module, name: str, ends: dict[str, tuple[str, str]], chosen: set[str]) -> bool:
    """Whether a module that owns nothing (dropout, stochastic depth) is in train mode.

    It follows the layer after it in its container, or the one before it where none follows: so everything before the
    first trainable layer is deterministic, and the dropout before a trainable head drops. What keeps statistics follows
    the layer before it, whose output it counts.
    """
    counts = isinstance(network.get_submodule(name), nn.modules.batchnorm._BatchNorm)
    while name:
        container, _, leaf = name.rpartition(".")
        siblings = [child for child, _ in network.get_submodule(container).named_children()]
        place = siblings.index(leaf)
        full = [f"{container}.{child}" if container else child for child in siblings]
        after = [ends[sibling][0] for sibling in full[place + 1 :] if sibling in ends]
        before = [ends[sibling][1] for sibling in full[:place] if sibling in ends]
        if after or before:
            return (before[-1] if before and (counts or not after) else after[0]) in chosen
        name = container
    return False
