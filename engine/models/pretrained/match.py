"""Whose names a file of weights has: its tensors matched to a network's, by name and shape.

A name may carry what a wrapper put before it. Where a file has the names of the other library, the two libraries'
forms of the architecture are laid side by side, tensor by tensor, which is allowed only where every one is of the same
kind and shape: anything less could put the right shapes in the wrong places.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from engine.models.spec import ModelSpec

PREFIXES = ("module", "_orig_mod", "model", "backbone", "network", "encoder", "net", "base_model", "encoder_q")
"""What wrappers put before every name: DataParallel, torch.compile, Lightning modules, self-supervised training."""

TIMM_FORMS = {
    "mobilenet_v2": "mobilenetv2_100",
    "efficientnet_b0": "efficientnet_b0",
    "efficientnet_b1": "efficientnet_b1",
    "efficientnet_b2": "efficientnet_b2",
    "efficientnet_b3": "efficientnet_b3",
    "efficientnet_b4": "efficientnet_b4",
    "mnasnet0_5": "mnasnet_050",
    "mnasnet0_75": "mnasnet_075",
    "mnasnet1_0": "mnasnet_100",
}
"""torchvision's name to timm's, where the two are the same function with other names: a test compares their answers.
EfficientNet-B5 to B7 and V2 have the same shapes too, but other constants in their norms, and so are not here."""

TIMM_HEAD = "classifier."
"""Where all of these have their head in timm."""

COUNTER = "num_batches_tracked"
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Match:
    """`renamed` maps names in the network to names in the file, for what is in both with one shape, and for the head
    that the library gives it, of any shape.

    `missing` and `reshaped` (name, shape in the file, shape in the network) speak of the backbone alone, `unexpected`
    of the file. `wanted` is how many tensors the backbone has, `prefix` what was taken off the file's names, `form` the
    library whose names they are, "" where they are the network's own.
    """

    renamed: dict[str, str]
    missing: tuple[str, ...]
    reshaped: tuple[tuple[str, Shape, Shape], ...]
    unexpected: tuple[str, ...]
    wanted: int
    prefix: str = ""
    form: str = ""

    @property
    def fits(self) -> bool:
        return not self.missing and not self.reshaped

    @property
    def matched(self) -> int:
        return self.wanted - len(self.missing) - len(self.reshaped)


def match(
    spec: ModelSpec, network: Mapping[str, Tensor], backbone: Collection[str], file: Mapping[str, Tensor]
) -> Match:
    """The best match of the file's tensors with the state dict of a network, in its order.

    `backbone` names what must be there; of the rest (counters, the head of auxiliary classifiers) is taken what fits.
    """
    wanted = frozenset(backbone)
    own_head = {name: name for name in _head_of(spec)}
    plain = _by_name(network, wanted, file, own_head | {name: name for name in network}, own_head, "")
    form = {} if plain.fits else _names_in_timm(spec, network, wanted)
    if not form:
        return plain
    other = _by_name(network, wanted, file, form, own_head, "timm")
    return other if other.matched > plain.matched else plain


def _by_name(
    network: Mapping[str, Tensor],
    backbone: frozenset[str],
    file: Mapping[str, Tensor],
    names: Mapping[str, str],
    head: Collection[str],
    form: str,
) -> Match:
    """`names` maps the network's names to those looked for in the file, which stand behind the prefix that most fit."""
    return max(
        (_behind(prefix, network, backbone, file, names, head, form) for prefix in prefixes_of(file)), key=_matched
    )


def _matched(match: Match) -> tuple[int, int]:
    return match.matched, -len(match.missing)


def _behind(
    prefix: str,
    network: Mapping[str, Tensor],
    backbone: frozenset[str],
    file: Mapping[str, Tensor],
    names: Mapping[str, str],
    head: Collection[str],
    form: str,
) -> Match:
    inside = {ours: prefix + theirs for ours, theirs in names.items() if prefix + theirs in file}
    same = {
        ours: theirs
        for ours, theirs in inside.items()
        if ours in head or (ours in network and file[theirs].shape == network[ours].shape)
    }
    return Match(
        renamed=same,
        missing=tuple(name for name in network if name in backbone and name not in inside),
        reshaped=tuple(
            (name, tuple(file[inside[name]].shape), tuple(network[name].shape))
            for name in network
            if name in backbone and name in inside and name not in same
        ),
        unexpected=tuple(sorted(set(file) - set(inside.values()))),
        wanted=len(backbone),
        prefix=prefix,
        form=form,
    )


def prefixes_of(file: Mapping[str, object]) -> tuple[str, ...]:
    """What may stand before the file's names, in any number: "" first, then “module.”, “module.model.” and so on."""
    found = {"": None}
    for name in file:
        parts = name.split(".")
        for count, part in enumerate(parts[:-1], 1):
            if part not in PREFIXES:
                break
            found[".".join(parts[:count]) + "."] = None
    return tuple(found)


def without_prefix(file: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The file's tensors without what stands before all of their names."""
    shared = [prefix for prefix in prefixes_of(file) if all(name.startswith(prefix) for name in file)]
    longest = max(shared, key=len)
    return {name.removeprefix(longest): tensor for name, tensor in file.items()}


def fill(network: nn.Module, match: Match, file: Mapping[str, Tensor]) -> None:
    """Copy what matched into the network, whatever number type the file has."""
    state = network.state_dict()  # with what torchvision's own loading wants to know beside the tensors
    for name, theirs in match.renamed.items():
        if name in state and state[name].shape == file[theirs].shape:
            state[name] = file[theirs].to(state[name].dtype)
    network.load_state_dict(state)


def classes_in(spec: ModelSpec, match: Match, file: Mapping[str, Tensor]) -> int | None:
    """How many classes the file's own head has, None where it has no head."""
    theirs = match.renamed.get(f"{spec.head.path}.weight")
    return int(file[theirs].shape[0]) if theirs and file[theirs].ndim else None


def _head_of(spec: ModelSpec) -> tuple[str, str]:
    return f"{spec.head.path}.weight", f"{spec.head.path}.bias"


def _names_in_timm(spec: ModelSpec, network: Mapping[str, Tensor], backbone: frozenset[str]) -> dict[str, str]:
    """The network's names to timm's, where its form of the architecture is the same tensor by tensor; else nothing."""
    if spec.source != "torchvision" or spec.library_name not in TIMM_FORMS:
        return {}
    theirs = [row for row in _timm_form(TIMM_FORMS[spec.library_name]) if not row[0].startswith(TIMM_HEAD)]
    ours = [(name, network[name].shape) for name in network if name in backbone or name.endswith(COUNTER)]
    same = len(ours) == len(theirs) and all(
        name.rpartition(".")[2] == other.rpartition(".")[2] and shape == other_shape
        for (name, shape), (other, other_shape) in zip(ours, theirs, strict=True)
    )
    if not same:
        return {}
    head = {name: TIMM_HEAD + name.rpartition(".")[2] for name in _head_of(spec)}
    return {name: other for (name, _), (other, _) in zip(ours, theirs, strict=True)} | head


@functools.cache
def _timm_form(name: str) -> tuple[tuple[str, torch.Size], ...]:
    with torch.device("meta"):  # timm is loaded when needed: it takes a second
        network = importlib.import_module("timm").create_model(name, pretrained=False)
    return tuple((key, tensor.shape) for key, tensor in network.state_dict().items())
