"""From rows to a network: one named module for each row, and its first weights."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence

from torch import Tensor, nn
from torch.nn import functional

from engine.models.network.arithmetic import row_names
from engine.models.network.rows import (
    Activation,
    Conv,
    Dropout,
    Flatten,
    GlobalPooling,
    Linear,
    Network,
    Norm,
    Pooling,
    Residual,
    Row,
    SpatialDropout,
    SqueezeExcitation,
)
from engine.models.network.spec import check
from engine.models.network.steps import skip_stride, squeezed

Shape = tuple[int, ...]


def build_rows(network: Network, classes: int) -> nn.Module:
    """The network with first weights as it says; takes float32 N×C×H×W of its input size, returns logits N×classes.

    Its children are named after their rows (conv1, norm1, relu1, residual1.conv1), the last is `head`. Raises ThawError
    where a row cannot be.
    """
    rows = check(network, classes).rows
    shapes = {facts.place: facts.output for facts in rows}
    start = (network.channels, network.input_size, network.input_size)
    children = _modules(network.rows, start, shapes)
    last = shapes[(len(network.rows) - 1,)] if network.rows else start
    built = nn.Sequential(children)
    initialise(built, network.initialisation)
    built.add_module("head", nn.Linear(last[0], classes))  # with its own first weights, as build.replace_head says why
    return built


class ResidualBlock(nn.Module):
    """Adds what comes in, projected where shapes differ, to what the inner modules make of it."""

    def __init__(self, inner: OrderedDict[str, nn.Module], skip: nn.Module) -> None:
        super().__init__()
        self._order = tuple(inner)
        for name, module in inner.items():
            self.add_module(name, module)
        self.skip = skip

    def forward(self, before: Tensor) -> Tensor:
        after = before
        for name in self._order:
            after = getattr(self, name)(after)
        skipped: Tensor = self.skip(before)
        return after + skipped


class SqueezeAndExcitation(nn.Module):
    """Hu, Shen and Sun 2018: the mean of each map, through a narrow middle, to a factor from 0 to 1 for each map."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        middle = squeezed(channels, reduction)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.squeeze = nn.Conv2d(channels, middle, 1)
        self.relu = nn.ReLU()
        self.excite = nn.Conv2d(middle, channels, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, maps: Tensor) -> Tensor:
        factors: Tensor = self.sigmoid(self.excite(self.relu(self.squeeze(self.pool(maps)))))
        return maps * factors


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel of N×C×H×W, as in ConvNeXt (Liu et al. 2022).

    nn.LayerNorm itself would take the last dimensions, which are the pixels.
    """

    def forward(self, input: Tensor) -> Tensor:
        last = input.permute(0, 2, 3, 1)
        normed = functional.layer_norm(last, self.normalized_shape, self.weight, self.bias, self.eps)
        return normed.permute(0, 3, 1, 2)


def _modules(
    rows: Sequence[Row], start: Shape, shapes: dict[tuple[int, ...], Shape], above: tuple[int, ...] = ()
) -> OrderedDict[str, nn.Module]:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    given = start
    for number, (name, row) in enumerate(zip(row_names(rows), rows, strict=True)):
        place = (*above, number)
        if isinstance(row, Residual):
            modules[name] = ResidualBlock(_modules(row.rows, given, shapes, place), _skip(row, given, shapes[place]))
        else:
            modules[name] = _module(row, given)
        given = shapes[place]
    return modules


def _skip(row: Residual, before: Shape, after: Shape) -> nn.Module:
    if before == after:
        return nn.Identity()
    if len(before) == 1:
        return nn.Linear(before[0], after[0], bias=False)
    return nn.Conv2d(before[0], after[0], 1, skip_stride(row.rows), bias=False)


def _module(row: Row, given: Shape) -> nn.Module:
    """The module of one row for an input of shape `given`."""
    channels = given[0]
    match row:
        case Flatten():
            return nn.Flatten()
        case Linear():
            return nn.Linear(channels, row.units, bias=row.bias)
        case Conv():
            sides = (row.kernel, row.stride, row.padding, row.dilation)
            return nn.Conv2d(channels, row.channels, *sides, groups=row.groups, bias=row.bias)
        case Norm():
            return _norm(row, channels, flat=len(given) == 1)
        case Activation():
            return _ACTIVATIONS[row.function]()
        case Pooling():
            return _pooling(row, channels)
        case SqueezeExcitation():
            return SqueezeAndExcitation(channels, row.reduction)
        case Dropout():
            return nn.Dropout(row.share)
        case SpatialDropout():
            return nn.Dropout2d(row.share)
        case GlobalPooling():
            return nn.Sequential(OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten()))
    raise TypeError(f"there is no module for {type(row).__name__}")


def _norm(row: Norm, channels: int, flat: bool) -> nn.Module:
    match row.over:
        case "batch":
            return nn.BatchNorm1d(channels) if flat else nn.BatchNorm2d(channels)
        case "layer":
            return nn.LayerNorm(channels) if flat else ChannelNorm(channels)
        case "instance":
            return nn.InstanceNorm2d(channels, affine=True)
        case "group":
            return nn.GroupNorm(row.groups, channels)
    return nn.Identity()


def _pooling(row: Pooling, channels: int) -> nn.Module:
    if row.how == "strided":
        return nn.Conv2d(channels, channels, row.size, row.stride)
    return (nn.MaxPool2d if row.how == "max" else nn.AvgPool2d)(row.size, row.stride)


_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": nn.LeakyReLU,
    "prelu": nn.PReLU,
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
}


def initialise(network: nn.Module, initialisation: str) -> None:
    """Draw the weights of all convolutions and linear layers anew and set their biases to 0.

    he, for ReLU and its like: variance 2 / fan-out for convolutions, which keeps the size of gradients, and 2 / fan-in
    for linear layers, which keeps that of values (He et al. 2015, “Delving Deep into Rectifiers”, equations 14 and 10).
    Linear layers mostly narrow, and fan-out would blow their values up: first losses of 4 in place of 2.7 with ten
    classes, and less accuracy. xavier, for sigmoid and tanh: 2 / (fan-in + fan-out) (Glorot and Bengio 2010, equation
    12). uniform draws between ±√3 standard deviations. The fans of a grouped convolution are those of one group.
    """
    kind, _, shape = initialisation.partition("-")
    for module in network.modules():
        if not isinstance(module, nn.Conv2d | nn.Linear):
            continue
        fan_in, fan_out = fans(module)
        he = fan_in if isinstance(module, nn.Linear) else fan_out
        std = math.sqrt(2 / (he if kind == "he" else fan_in + fan_out))
        if shape == "normal":
            nn.init.normal_(module.weight, 0.0, std)
        else:
            nn.init.uniform_(module.weight, -math.sqrt(3) * std, math.sqrt(3) * std)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def fans(module: nn.Conv2d | nn.Linear) -> tuple[int, int]:
    """How many inputs one output adds up, and to how many outputs one input goes, strides left out."""
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    window = module.kernel_size[0] * module.kernel_size[1]
    return (
        module.in_channels // module.groups * window,
        module.out_channels // module.groups * window,
    )
