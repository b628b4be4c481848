"""From a row of the catalog to a network: its head replaced, its weights read, its frozen part frozen."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import torchvision
from safetensors import SafetensorError
from torch import Tensor, nn

from engine.errors import WeightsError
from engine.models.catalog import ModelSpec
from engine.models.lenet import LeNet5
from engine.models.small_resnet import SmallResNet

_THAWS_OWN = {"lenet5": LeNet5, "small_resnet": SmallResNet}
GREY_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's convert("L")


class Classifier(nn.Module):
    """What trains and what is exported: preprocessing and network in one module.

    Takes uint8 N×H×W×3 as `photos.read` makes it; returns logits, float32 N×classes.
    """

    scale: Tensor
    offset: Tensor
    grey: Tensor

    def __init__(self, network: nn.Module, spec: ModelSpec) -> None:
        super().__init__()
        self.network = network
        self.channels = spec.channels
        mean, std = torch.tensor(spec.mean), torch.tensor(spec.std)
        self.register_buffer("scale", (1 / (255 * std)).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("offset", (-mean / std).view(1, -1, 1, 1), persistent=False)
        self.register_buffer("grey", torch.tensor(GREY_WEIGHTS).view(1, 3, 1, 1), persistent=False)

    def normalised(self, photos: Tensor) -> Tensor:
        """uint8 N×H×W×3 to what the network takes, float32 N×C×H×W (channels last in memory)."""
        pixels = photos.permute(0, 3, 1, 2).float()
        if self.channels == 1:
            pixels = (pixels * self.grey).sum(1, keepdim=True)
        return pixels * self.scale + self.offset

    def forward(self, photos: Tensor) -> Tensor:
        logits: Tensor = self.network(self.normalised(photos))
        return logits


def build(spec: ModelSpec, classes: int) -> nn.Module:
    """The network with random weights and a head for `classes` classes; takes normalised N×C×H×W float32."""
    network = _bare(spec)
    replace_head(network, spec, classes)
    return network


def build_pretrained(spec: ModelSpec, classes: int, weights: Path) -> nn.Module:
    """The network with the backbone's weights read from `weights` and a new head. Raises WeightsError."""
    network = _bare(spec)
    replace_head(network, spec, classes)
    load_backbone(network, spec, read_state_dict(weights), weights.name)
    return network


def _bare(spec: ModelSpec) -> nn.Module:
    if spec.source == "thaw":
        return _THAWS_OWN[spec.name]()
    network: nn.Module = torchvision.models.get_model(spec.name, weights=None)
    return network


def head_path(spec: ModelSpec) -> str:
    """The dotted name of the new linear layer, whose input is the pooled feature vector."""
    container, _, index = spec.head.path.rpartition(".")
    return spec.head.path if spec.head.kind == "linear" else f"{container}.{int(index) + 2}"


def replace_head(network: nn.Module, spec: ModelSpec, classes: int) -> None:
    """Put a new head in. nn.Linear's own initialisation, ±1/√features: larger heads cost points in short runs."""
    container_path, _, name = spec.head.path.rpartition(".")
    container = network.get_submodule(container_path)
    new = nn.Linear(spec.head.features, classes)
    if spec.head.kind == "linear":
        setattr(container, name, new)
        return
    kept = list(container.children())[: int(name)]
    parent_path, _, container_name = container_path.rpartition(".")
    pooled = nn.Sequential(*kept, nn.AdaptiveAvgPool2d(1), nn.Flatten(), new)
    setattr(network.get_submodule(parent_path), container_name, pooled)


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors of a .safetensors or torch file, never running code from it.

    A nested `state_dict` and a `module.` prefix are unwrapped. Raises WeightsError for anything that holds no tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch has to say of odd files is said below, in one sentence
            loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise WeightsError(f"{path} holds more than weights and could run code, so it was not opened.") from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, SafetensorError) as error:
        raise WeightsError(f"{path} is damaged or incomplete; get it again.") from error
    if isinstance(loaded, dict) and isinstance(loaded.get("state_dict"), dict):
        loaded = loaded["state_dict"]
    if not isinstance(loaded, dict) or not loaded or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise WeightsError(f"{path} is no state dict: it holds no named tensors.")
    return {str(name).removeprefix("module."): value for name, value in loaded.items()}


def load_backbone(network: nn.Module, spec: ModelSpec, state: dict[str, Tensor], file_name: str) -> None:
    """Copy everything but the head. Raises WeightsError where a tensor is missing or of another shape."""
    head_container = spec.head.path if spec.head.kind == "linear" else spec.head.path.rpartition(".")[0]
    backbone = {
        name: tensor
        for name, tensor in network.state_dict().items()
        if not name.startswith(head_container + ".") and not name.endswith("num_batches_tracked")
    }
    unfit = [name for name, tensor in backbone.items() if name not in state or state[name].shape != tensor.shape]
    if unfit:
        raise WeightsError(
            f"{file_name} does not fit {spec.title}: {len(unfit)} of {len(backbone)} tensors are missing or of another "
            f"shape (the first is {unfit[0]}). Choose weights made for {spec.name}."
        )
    network.load_state_dict({name: state[name].float() for name in backbone}, strict=False)


def owners(network: nn.Module) -> tuple[str, ...]:
    """The dotted names of the modules that own parameters, in order of registration: what freezing speaks of."""
    return tuple(
        name for name, module in network.named_modules() if next(module.parameters(recurse=False), None) is not None
    )


def set_trainable(network: nn.Module, names: Collection[str]) -> None:
    """Freeze all but the owners `names`: no gradient, and eval mode for the whole frozen part.

    Call after every `network.train()`. Batch norm that trains also keeps statistics; frozen batch norm does neither.
    """
    chosen = set(names)
    for name, module in network.named_modules():
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(name in chosen)
    for name, module in network.named_modules():
        module.training = _trains(network, name, module)


def _trains(network: nn.Module, name: str, module: nn.Module) -> bool:
    """Whether a module is in train mode: when something in it trains.

    What owns nothing (dropout, stochastic depth) follows the layers after it in its container, or those before it
    where none follow: so everything before the first trainable layer is deterministic, and the dropout before a
    trainable head drops.
    """
    if _has_parameters(module):
        return _has_gradient(module)
    while name:
        name, _, leaf = name.rpartition(".")
        siblings = list(network.get_submodule(name).named_children())
        place = next(index for index, (child, _) in enumerate(siblings) if child == leaf)
        after = [sibling for _, sibling in siblings[place + 1 :] if _has_parameters(sibling)]
        before = [sibling for _, sibling in siblings[:place] if _has_parameters(sibling)]
        if after or before:
            return _has_gradient(after[0] if after else before[-1])
    return False


def _has_parameters(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


def _has_gradient(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())
