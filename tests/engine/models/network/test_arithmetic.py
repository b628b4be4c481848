"""The arithmetic of rows against torch: the same shapes, counts and receptive fields, and the same refusals."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from engine.errors import ThawError
from engine.events import Layer
from engine.models.layers.tree import describe_layers
from engine.models.network.arithmetic import analyse
from engine.models.network.module import build_rows
from engine.models.network.presets import LENET5, PRESETS
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
from engine.models.network.spec import check, spec_of
from tests.engine.models.network.random_rows import CONVS, NORMS, OTHERS, SAME_SIZE, networks, residuals


class Refused(Exception):
    """The oracle's answer to a row that cannot be, with its place."""


@dataclass
class Oracle:
    """Runs rows one after the other on real tensors, making each module for the tensor that has come so far."""

    signal: Tensor
    seen: dict[tuple[int, ...], tuple[tuple[int, ...], int]]

    def take(self, row: Row, place: tuple[int, ...]) -> None:
        before, parameters = self.signal, 0
        if isinstance(row, Residual):
            for number, inner in enumerate(row.rows):
                self.take(inner, (*place, number))
                parameters += self.seen[(*place, number)][1]
            parameters += self.add(row, before, place)
        else:
            if by_rule(row, before):
                raise Refused(place)
            try:
                module = module_for(row, before).eval()
                self.signal = module(before)
            except (RuntimeError, ValueError):
                raise Refused(place) from None
            parameters = sum(parameter.numel() for parameter in module.parameters())
        self.seen[place] = (tuple(self.signal.shape[1:]), parameters)

    def add(self, row: Residual, before: Tensor, place: tuple[int, ...]) -> int:
        if not row.rows or before.dim() != self.signal.dim():
            raise Refused(place)
        if before.shape == self.signal.shape:
            return 0
        skip: nn.Module
        if before.dim() == 2:
            skip = nn.Linear(before.shape[1], self.signal.shape[1], bias=False)
        else:
            stride = 1
            for inner in row.rows:
                stride *= getattr(inner, "stride", 1)
            skip = nn.Conv2d(before.shape[1], self.signal.shape[1], 1, stride, bias=False)
        if skip(before).shape != self.signal.shape:
            raise Refused(place)
        return sum(parameter.numel() for parameter in skip.parameters())


def by_rule(row: Row, signal: Tensor) -> bool:
    """What torch would let pass, and which is a mistake all the same."""
    if isinstance(row, Linear):  # torch would weigh the last axis alone
        return signal.dim() > 2
    if isinstance(row, SpatialDropout | GlobalPooling | SqueezeExcitation):  # torch takes a batch for channels
        return signal.dim() == 2
    return isinstance(row, Norm) and row.over == "layer" and signal.shape[1] == 1  # always 0


def module_for(row: Row, signal: Tensor) -> nn.Module:
    channels, flat = signal.shape[1], signal.dim() == 2
    match row:
        case Flatten():
            return nn.Flatten()
        case Linear():
            return nn.Linear(channels, row.units, row.bias)
        case Conv():
            geometry = {"stride": row.stride, "padding": row.padding, "dilation": row.dilation, "groups": row.groups}
            return nn.Conv2d(channels, row.channels, row.kernel, bias=row.bias, **geometry)
        case Norm():
            return {
                "batch": lambda: nn.BatchNorm1d(channels) if flat else nn.BatchNorm2d(channels),
                "layer": lambda: nn.GroupNorm(1, channels) if not flat else nn.LayerNorm(channels),  # as many weights
                "instance": lambda: nn.InstanceNorm2d(channels, affine=True),
                "group": lambda: nn.GroupNorm(row.groups, channels),
                "none": nn.Identity,
            }[row.over]()
        case Activation():
            return nn.PReLU() if row.function == "prelu" else nn.ReLU()
        case Pooling():
            if row.how == "strided":
                return nn.Conv2d(channels, channels, row.size, row.stride)
            return nn.MaxPool2d(row.size, row.stride)
        case SqueezeExcitation():
            middle = max(1, channels // row.reduction)
            squeeze, excite = nn.Conv2d(channels, middle, 1), nn.Conv2d(middle, channels, 1)
            return Gate(nn.Sequential(nn.AdaptiveAvgPool2d(1), squeeze, excite))
        case Dropout() | SpatialDropout():
            return nn.Dropout(row.share)
        case GlobalPooling():
            return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    raise TypeError(row)


class Gate(nn.Module):
    def __init__(self, gate: nn.Module) -> None:
        super().__init__()
        self.gate = gate

    def forward(self, maps: Tensor) -> Tensor:
        return maps * self.gate(maps)


def torch_says(network: Network) -> tuple[dict[tuple[int, ...], tuple[tuple[int, ...], int]], tuple[int, ...] | None]:
    """Shape and parameters of each row, and the place of the first that cannot be."""
    oracle = Oracle(torch.zeros(1, network.channels, network.input_size, network.input_size), {})
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for place, row in enumerate(network.rows):
                oracle.take(row, (place,))
            if oracle.signal.dim() > 2:
                raise Refused((len(network.rows),))
        except Refused as refused:
            return oracle.seen, refused.args[0]
    return oracle.seen, None


@settings(max_examples=80, deadline=None)
@given(networks())
def test_shapes_parameters_and_refusals_are_torchs(network: Network) -> None:
    expected, impossible = torch_says(network)
    analysis = analyse(network, 3)
    assert next((facts.place for facts in analysis.rows if facts.refusal), None) == impossible
    assert {facts.place: (facts.output, facts.parameters) for facts in analysis.rows[:-1] if facts.output} == expected
    if impossible:
        with pytest.raises(ThawError, match="impossible"):
            build_rows(network, 3)
        return
    built = build_rows(network, 3).eval()
    pixels = torch.zeros(1, network.channels, network.input_size, network.input_size)
    assert built(pixels).shape == (1, 3)
    assert sum(parameter.numel() for parameter in built.parameters()) == analysis.parameters
    with FlopCounterMode(display=False) as counter:
        built(pixels)
    assert counter.get_total_flops() == 2 * analysis.multiply_adds


WINDOWS = st.one_of(CONVS, CONVS, NORMS, *OTHERS, residuals(SAME_SIZE))


@settings(max_examples=60, deadline=None)
@given(st.lists(WINDOWS, min_size=1, max_size=4), st.integers(0, 2**31))
def test_receptive_fields_are_what_gradients_say(rows: list[Row], seed: int) -> None:
    """The pixels that one output in the middle depends on, in float64, with positive weights, so that nothing cancels,
    nothing but means for maxima, and no bends."""
    network = Network(title="Drawn", input_size=128, channels=1, rows=(*rows, GlobalPooling()))
    analysis = analyse(network)
    assume(not analysis.refusal)
    torch.manual_seed(seed)
    maps = nn.Sequential(*[linearised(module) for module in list(build_rows(network, 2).children())[:-2]])
    pixels = torch.rand(1, 1, 128, 128, dtype=torch.float64, requires_grad=True)
    result = maps.double().eval()(pixels)
    middle = result[0, :, result.shape[2] // 2, result.shape[3] // 2]
    # Normalised channels sum up to nothing, so each counts differently.
    (gradient,) = torch.autograd.grad((middle * torch.rand_like(middle)).sum(), pixels)
    touched = torch.nonzero(gradient[0, 0].abs().sum(0)).flatten()
    first, last = int(touched[0]), int(touched[-1])
    if analysis.receptive_field is None:
        assert last - first >= 96  # strides may leave out pixels at the edge
    else:
        assume(first > 0 and last < 127)  # whole inside the image
        assert last - first + 1 == analysis.receptive_field


def linearised(module: nn.Module) -> nn.Module:
    for name, child in module.named_children():
        setattr(module, name, linearised(child))
    if isinstance(module, nn.Conv2d):
        nn.init.uniform_(module.weight, 0.5, 1.0).data.div_(module.weight[0].numel())
    if isinstance(module, nn.MaxPool2d):
        return nn.AvgPool2d(module.kernel_size, module.stride)
    bends = (nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Sigmoid, nn.Tanh)
    return nn.Identity() if isinstance(module, bends) else module


def test_a_row_after_an_impossible_one_is_unknown() -> None:
    network = Network(title="Deep", input_size=16, channels=1, rows=(*(Pooling(),) * 6, Flatten()))
    facts = analyse(network).rows
    assert [row.output for row in facts[:4]] == [(1, 8, 8), (1, 4, 4), (1, 2, 2), (1, 1, 1)]
    assert facts[4].refusal == "A 2×2 max pooling needs at least 2×2 pixels; only 1×1 is left here."
    assert [(row.output, row.refusal) for row in facts[5:]] == [((), "")] * 3


SMALL = {"title": "Small", "input_size": 16, "channels": 3}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ((Pooling(size=8, stride=8), Conv(padding=0)), "A 3×3 convolution needs at least 3×3 pixels; only 2×2 are"),
        ((Pooling(size=8, stride=8), Conv(dilation=2)), "convolution with dilation 2 needs at least 3×3 pixels"),
        ((Linear(),), "Linear needs a flat input: put Flatten or Global average pooling before it."),
        ((Flatten(), Conv()), "A convolution needs maps, and the input is flat here"),
        ((Conv(channels=30, groups=4),), "4 groups do not divide the 3 channels that come in."),
        ((Conv(channels=30), Norm(over="group", groups=4)), "4 groups do not divide the 30 channels here."),
        ((Residual(),), "A residual block needs at least one row in it."),
        ((Residual(rows=(Flatten(),)),), "maps cannot become flat within it"),
        ((Residual(rows=(Conv(padding=0),)),), "makes 14×14 of 16×16 pixels, its skip with stride 1 makes 16×16"),
        ((GlobalPooling(), SpatialDropout()), "there are none here: take Dropout"),
        ((GlobalPooling(), Norm(over="instance")), "Instance norm needs maps"),
        ((Conv(), Pooling()), "end with Flatten or Global average pooling"),
        ((Flatten(), Linear(units=60_000), Linear(units=60_000)), "takes 13.6 GiB; a model file holds at most 2."),
    ],
)
def test_the_reason_is_one_sentence_at_its_row(rows: tuple[Row, ...], sentence: str) -> None:
    network = Network(**SMALL, rows=rows)
    assert sentence in analyse(network).refusal
    with pytest.raises(ThawError, match="“Small” is impossible"):
        check(network)


def test_well_known_numbers() -> None:
    facts = {row.name: row for row in analyse(LENET5, 10).rows}
    assert facts["pool2"].receptive_field == 16  # Araujo et al. 2019
    assert facts["pool2"].stride == 4
    assert facts["linear1"].receptive_field is None
    assert {name: analyse(network, 10).parameters for name, network in PRESETS.items()} == {
        "mlp": 784 * 256 + 256 + 256 * 128 + 128 + 128 * 10 + 10,
        "lenet5": 431_080,  # as Caffe's
        "small_vgg": 109_594,
        "small_residual": 77_562,
    }


def test_a_skip_with_too_much_padding_sees_both_ends() -> None:
    """The window of the rows lies beside the pixel of the skip, and the sum sees from one to the other."""
    block = Residual(rows=(Conv(channels=1, kernel=1, stride=3, padding=1),))
    network = Network(title="Odd", input_size=28, channels=1, rows=(block, GlobalPooling()))
    assert analyse(network).receptive_field == 2


def iterate_places(network: Network) -> Iterator[tuple[int, ...]]:
    for place, row in enumerate(network.rows):
        yield (place,)
        yield from ((place, number) for number in range(len(getattr(row, "rows", ()))))


@pytest.mark.parametrize("name", PRESETS)
def test_the_layer_tree_says_the_same(name: str) -> None:
    """Two ways to the same numbers: the builder's arithmetic, and a trace of the network that was built."""
    traced = {layer.name: layer for layer in describe_layers(spec_of(PRESETS[name], name)) if isinstance(layer, Layer)}
    analysis = analyse(PRESETS[name])
    assert sum(layer.parameters for layer in traced.values()) == analysis.parameters
    assert sum(layer.flops for layer in traced.values()) == analysis.multiply_adds
    for facts in analysis.rows:
        layer = traced.get(facts.name)
        if layer is None:  # a block, or a row of several modules
            assert isinstance(facts.row, Residual | GlobalPooling)
            continue
        assert (layer.output_shape, layer.parameters) == (facts.output, facts.parameters), facts.name
        assert (layer.receptive_field, layer.stride) == (facts.receptive_field, facts.stride), facts.name


@pytest.mark.parametrize("network", PRESETS.values(), ids=PRESETS)
def test_every_row_has_its_place_and_name(network: Network) -> None:
    rows = analyse(network).rows
    assert [facts.place for facts in rows] == [*iterate_places(network), (len(network.rows),)]
    names = dict(build_rows(network, 2).named_modules())
    assert [facts.name for facts in rows if facts.name not in names] == []
