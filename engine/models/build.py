"""From a row of the catalog to a network: its head replaced, its weights read."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

from engine.errors import ThawError, WeightsError
from engine.models.freezing import auxiliary_classifiers
from engine.models.heads import HeadKind, find_head
from engine.models.lenet import LeNet5
from engine.models.network.module import build_rows
from engine.models.network.spec import network_of
from engine.models.pretrained.match import fill, match
from engine.models.pretrained.state_file import read_state_dict
from engine.models.small_resnet import SmallResNet
from engine.models.spec import ModelSpec

_THAWS_OWN = {"lenet5": LeNet5, "small_resnet": SmallResNet}
GREY_WEIGHTS = (0.299, 0.587, 0.114)  # ITU-R BT.601, as Pillow's convert("L")


class Classifier(nn.Module):
    """What trains and what is exported: preprocessing and network in one module.

    Takes uint8 N×H×W×3 as `photos.read` makes it; returns logits, float32 N×classes. While an auxiliary classifier
    trains it returns (logits, *auxiliary logits), whose losses count `auxiliary_weight` times; in eval mode never.
    With `one_vs_all`, it was trained class by class against all others, and in eval mode its logits are `log_shares`.
    """

    scale: Tensor
    offset: Tensor
    grey: Tensor

    def __init__(self, network: nn.Module, spec: ModelSpec, one_vs_all: bool = False) -> None:
        super().__init__()
        self.network = network
        self.one_vs_all = one_vs_all
        self.channels = spec.channels
        self.auxiliary_weight = spec.head.auxiliary_weight
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

    def forward(self, photos: Tensor) -> Tensor | tuple[Tensor, ...]:
        answer: Tensor | tuple[Tensor, ...] = self.network(self.normalised(photos))
        if isinstance(answer, Tensor):
            return log_shares(answer) if self.one_vs_all and not self.training else answer
        deepest_first = reversed(auxiliary_classifiers(self.network))  # torchvision returns them in this order
        trained = [
            logits
            for logits, name in zip(answer[1:], deepest_first, strict=True)
            if _has_gradient(self.network.get_submodule(name))
        ]
        return (answer[0], *trained) if trained else answer[0]


def log_shares(logits: Tensor) -> Tensor:
    """Logits of one sigmoid a class as logits of one softmax: the logarithms of the sigmoids (N×C).

    The softmax of them is each class's sigmoid by the sum of all, which is the class's probability where each sigmoid
    is; the softmax of the logits themselves would be sharper. The order of the classes stays.
    """
    return -F.softplus(-logits)


def build(
    spec: ModelSpec, classes: int, head: str = "linear", width: int = 512, dropout: float | None = None
) -> nn.Module:
    """The network with random weights and a head for `classes` classes; takes normalised N×C×H×W float32.

    `head` is a row of `heads.HEADS`, `width` the values between its two layers, `dropout` the share it drops (None: the
    row's own). Raises ThawError where a builder file of the person's own cannot be used.
    """
    kind = find_head(head)
    network = _bare(spec, classes)
    if spec.head.path:
        replace_head(network, spec, new_head(spec.head.features, classes, kind, width, dropout), classes)
    return network


def build_pretrained(
    spec: ModelSpec,
    classes: int,
    weights: Path,
    head: str = "linear",
    width: int = 512,
    dropout: float | None = None,
) -> nn.Module:
    """The network with the backbone's weights read from `weights` and a new head. Raises WeightsError."""
    network = build(spec, classes, head, width, dropout)
    load_backbone(network, spec, read_state_dict(weights), weights.name)
    return network


def _bare(spec: ModelSpec, classes: int) -> nn.Module:
    """The network as its library builds it, with random weights."""
    network: nn.Module
    if spec.source == "thaw":
        network = _THAWS_OWN[spec.library_name]()
    elif spec.source == "torchvision":
        # The two with auxiliary classifiers: their own initialisation takes minutes, torch's default a second.
        options = {"aux_logits": True, "init_weights": False} if spec.head.auxiliary else {}
        with _regnet_counted_on_the_cpu():
            network = torchvision.models.get_model(spec.library_name, weights=None, **options)
    elif spec.source == "timm":  # loaded when needed: it takes a second
        network = importlib.import_module("timm").create_model(spec.library_name, pretrained=False, num_classes=1000)
    elif spec.source == "rows":
        network = build_rows(network_of(spec), classes)
    else:
        network = _from_builder(spec, classes)
    return network


@contextlib.contextmanager
def _regnet_counted_on_the_cpu() -> Iterator[None]:
    """RegNet's widths are computed with tensors, which have no values on the meta device."""
    params = torchvision.models.regnet.BlockParams
    original = params.from_init_params

    def counted(*arguments: Any, **options: Any) -> Any:
        with torch.device("cpu"):
            return original(*arguments, **options)

    params.from_init_params = counted
    try:
        yield
    finally:
        params.from_init_params = original


def _from_builder(spec: ModelSpec, classes: int) -> nn.Module:
    """What `build(classes)` of the person's own file returns. Runs that file, which is what it is for."""
    path = spec.builder
    assert path
    try:
        found = importlib.util.spec_from_file_location(f"thaw_builder_{path.stem}", path)
        assert found and found.loader
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        network = module.build(classes)
    except Exception as error:  # whatever the person's file raises, it is theirs to mend
        raise ThawError(f"{path} could not build the network: {type(error).__name__}: {error}") from error
    if not isinstance(network, nn.Module):
        raise ThawError(f"build(classes) in {path} returned no torch.nn.Module but {type(network).__name__}.")
    return network


def new_head(features: int, classes: int, kind: HeadKind, width: int, dropout: float | None) -> nn.Module:
    """A head for vectors N×`features`: one linear layer, or a sequence. nn.Linear's own initialisation, ±1/√features:
    larger heads cost points in short runs."""
    share = kind.dropout if dropout is None else dropout
    layers: list[nn.Module] = []
    size = features
    for part in kind.parts:
        if part == "norm":
            layers.append(nn.BatchNorm1d(size))
        elif part == "relu":
            layers.append(nn.ReLU())
        elif part == "dropout":
            layers.append(nn.Dropout(share))
        else:
            before, size = size, width if part == "hidden" else classes
            layers.append(nn.Linear(before, size))
    return layers[0] if len(layers) == 1 else nn.Sequential(*layers)


def head_path(spec: ModelSpec) -> str:
    """The dotted name of the new head, whose input is the pooled feature vector N×F."""
    container, _, index = spec.head.path.rpartition(".")
    if spec.head.kind == "conv":
        return f"{container}.{int(index) + 2}"
    return spec.head.path if spec.head.kind == "linear" else f"{spec.head.path}.1"


def final_linear(network: nn.Module, spec: ModelSpec) -> nn.Linear:
    """The last linear layer of the head: a row of its weight for each class."""
    *_, last = (layer for layer in network.get_submodule(head_path(spec)).modules() if isinstance(layer, nn.Linear))
    return last


def replace_head(network: nn.Module, spec: ModelSpec, new: nn.Module, classes: int) -> None:
    """Put `new` in the place of the network's final layer, and last layers for `classes` in its auxiliary classifiers.

    Raises ThawError where the row's head is not in the network or takes another number of features.
    """
    _check_head(network, spec)
    container_path, _, name = spec.head.path.rpartition(".")
    container = network.get_submodule(container_path)
    if spec.head.kind == "linear":
        setattr(container, name, new)
    elif spec.head.kind == "pooled-conv":
        setattr(container, name, nn.Sequential(nn.Flatten(), new))
    else:
        kept = list(container.children())[: int(name)]
        parent_path, _, container_name = container_path.rpartition(".")
        pooled = nn.Sequential(*kept, nn.AdaptiveAvgPool2d(1), nn.Flatten(), new)
        setattr(network.get_submodule(parent_path), container_name, pooled)
    for path in spec.head.auxiliary:
        classifier, _, last = path.rpartition(".")
        features = network.get_submodule(path).in_features
        setattr(network.get_submodule(classifier), last, nn.Linear(features, classes))  # type: ignore[arg-type]
    network.auxiliary = tuple(path.rpartition(".")[0] for path in spec.head.auxiliary)  # type: ignore[assignment]


def _check_head(network: nn.Module, spec: ModelSpec) -> None:
    try:
        old = network.get_submodule(spec.head.path)
    except AttributeError:
        raise ThawError(f"{spec.title} has no layer “{spec.head.path}”, which its row names as the head.") from None
    takes = getattr(old, "in_features", getattr(old, "in_channels", None))
    if takes != spec.head.features:
        kind = type(old).__name__
        raise ThawError(
            f"The head of {spec.title}, “{spec.head.path}”, is {kind} with {takes} features, not {spec.head.features} "
            "as its row says."
        )


def load_backbone(network: nn.Module, spec: ModelSpec, state: dict[str, Tensor], file_name: str) -> None:
    """Copy everything but the head, under whatever names the file has it (see `pretrained/match.py`).

    Raises WeightsError where a tensor is missing or of another shape.
    """
    backbone = backbone_tensors(network, spec)
    found = match(spec, network.state_dict(), backbone, state)
    if not found.fits:
        unfit = {*found.missing, *(name for name, _, _ in found.reshaped)}
        first = next(name for name in backbone if name in unfit)
        raise WeightsError(
            f"{file_name} does not fit {spec.title}: {len(unfit)} of {len(backbone)} tensors are missing or of another "
            f"shape (the first is {first}). Choose weights made for {spec.name}."
        )
    fill(network, found, state)


def backbone_tensors(network: nn.Module, spec: ModelSpec) -> dict[str, Tensor]:
    """The tensors that pretrained weights must bring: all but the head, the last layers of auxiliary classifiers, and
    batch norm's counters."""
    head = spec.head.path.rpartition(".")[0] if spec.head.kind == "conv" else spec.head.path
    new = tuple(f"{path}." for path in (head, *spec.head.auxiliary))
    return {
        name: tensor
        for name, tensor in network.state_dict().items()
        if not name.startswith(new) and not name.endswith("num_batches_tracked")
    }


def _has_gradient(module: nn.Module) -> bool:
    return any(parameter.requires_grad for parameter in module.parameters())
