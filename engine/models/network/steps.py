"""What one row makes of what comes in: shape, what is seen, parameters and multiply-adds, or why it cannot be."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass

from engine.models.network.rows import (
    Activation,
    Conv,
    Dropout,
    Flatten,
    GlobalPooling,
    Linear,
    Norm,
    Pooling,
    Row,
    SpatialDropout,
    SqueezeExcitation,
)


@dataclass(frozen=True)
class Signal:
    """What flows between rows. Where it is maps, its first output sees the pixels `low` to `high` of the input, and its
    next the same `stride` pixels further; `whole` is True where every output sees the whole image."""

    shape: tuple[int, ...]
    low: int = 0
    high: int = 0
    stride: int = 1
    whole: bool = False

    @property
    def is_flat(self) -> bool:
        return len(self.shape) == 1

    @property
    def field(self) -> int | None:
        return None if self.whole else self.high - self.low + 1


@dataclass(frozen=True)
class Step:
    """What one row makes of a signal."""

    signal: Signal
    parameters: int = 0
    multiply_adds: int = 0


class Impossible(Exception):
    """A row that cannot be where it stands; the text is one sentence for the person who put it there."""


@functools.singledispatch
def step_of(row: Row, _signal: Signal) -> Step:
    """What `row` makes of the signal; a residual block is `join`ed from its parts. Raises Impossible."""
    raise TypeError(f"there is no arithmetic for {type(row).__name__}")


@step_of.register
def _flatten(_row: Flatten, signal: Signal) -> Step:
    return Step(_flat(signal, _numbers(signal)))


@step_of.register
def _linear(row: Linear, signal: Signal) -> Step:
    if not signal.is_flat:
        raise Impossible("Linear needs a flat input: put Flatten or Global average pooling before it.")
    features = signal.shape[0]
    return Step(_flat(signal, row.units), features * row.units + row.bias * row.units, features * row.units)


@step_of.register
def _conv(row: Conv, signal: Signal) -> Step:
    channels, pixels = _maps(signal, "A convolution")
    for count, which in ((channels, "that come in"), (row.channels, "that it gives")):
        if count % row.groups:
            raise Impossible(f"{row.groups} groups do not divide the {count} channels {which}.")
    reach = (row.kernel - 1) * row.dilation + 1
    side = pixels + 2 * row.padding
    if side < reach:
        spread = f" with dilation {row.dilation}" if row.dilation > 1 else ""
        padded = f" with padding {row.padding}" if row.padding else ""
        what = f"A {_square(row.kernel)} convolution{spread or padded}"
        raise Impossible(_too_small(what, reach - 2 * row.padding, pixels))
    after = (side - reach) // row.stride + 1
    weights = channels // row.groups * row.kernel**2 * row.channels
    moved = _windowed(signal, (row.channels, after, after), reach, row.stride, row.padding)
    return Step(moved, weights + row.bias * row.channels, weights * after**2)


@step_of.register
def _norm(row: Norm, signal: Signal) -> Step:
    channels = signal.shape[0]
    if row.over == "none":
        return Step(signal)
    if row.over == "instance":
        _, pixels = _maps(signal, "Instance norm")
        if pixels == 1:
            raise Impossible("Instance norm needs more than one pixel in each map; only 1×1 is left here.")
    if row.over == "group" and channels % row.groups:
        raise Impossible(f"{row.groups} groups do not divide the {channels} channels here.")
    if (row.over == "group" and _numbers(signal) == row.groups) or (row.over == "layer" and channels == 1):
        raise Impossible(f"{row.over.capitalize()} norm has one value to normalise here, which always gives 0.")
    sees_all = signal.whole or (row.over in ("instance", "group"))  # the mean is taken over the whole map
    return Step(dataclasses.replace(signal, whole=sees_all), 2 * channels)


@step_of.register
def _activation(row: Activation, signal: Signal) -> Step:
    return Step(signal, 1 if row.function == "prelu" else 0)


@step_of.register
def _pooling(row: Pooling, signal: Signal) -> Step:
    channels, pixels = _maps(signal, "Pooling")
    if pixels < row.size:
        what = {"max": "max pooling", "average": "average pooling", "strided": "strided convolution"}[row.how]
        raise Impossible(_too_small(f"A {_square(row.size)} {what}", row.size, pixels))
    after = (pixels - row.size) // row.stride + 1
    weights = channels**2 * row.size**2 if row.how == "strided" else 0
    moved = _windowed(signal, (channels, after, after), row.size, row.stride, 0)
    return Step(moved, weights + (channels if weights else 0), weights * after**2)


@step_of.register
def _squeeze(row: SqueezeExcitation, signal: Signal) -> Step:
    channels, _ = _maps(signal, "Squeeze-and-excitation")
    middle = squeezed(channels, row.reduction)
    weights = 2 * channels * middle
    return Step(dataclasses.replace(signal, whole=True), weights + middle + channels, weights)


@step_of.register
def _dropout(_row: Dropout, signal: Signal) -> Step:
    return Step(signal)


@step_of.register
def _spatial_dropout(_row: SpatialDropout, signal: Signal) -> Step:
    if signal.is_flat:
        raise Impossible("Spatial dropout leaves out whole maps, and there are none here: take Dropout.")
    return Step(signal)


@step_of.register
def _global_pooling(_row: GlobalPooling, signal: Signal) -> Step:
    channels, _ = _maps(signal, "Global average pooling")
    return Step(_flat(signal, channels))


def join(before: Signal, after: Signal, inner: Sequence[Row]) -> Step:
    """The skip of a residual block around `inner`, which made `after` of `before`, and the sum. Raises Impossible."""
    if not inner:
        raise Impossible("A residual block needs at least one row in it.")
    if before.is_flat != after.is_flat:
        raise Impossible("A residual block adds its input to its output: maps cannot become flat within it.")
    if before.shape == after.shape:
        return Step(_both(before, after))
    if before.is_flat:
        weights = before.shape[0] * after.shape[0]
        return Step(after, weights, weights)
    stride = skip_stride(inner)
    (channels, pixels, _), (outputs, wanted, _) = before.shape, after.shape
    given = (pixels - 1) // stride + 1
    if given != wanted:
        raise Impossible(
            f"The block makes {_square(wanted)} of {_square(pixels)} pixels, its skip with stride {stride} makes "
            f"{_square(given)}: choose padding that makes them equal."
        )
    weights = channels * outputs
    skipped = _windowed(before, after.shape, 1, stride, 0)
    return Step(_both(skipped, after), weights, weights * wanted**2)


def skip_stride(inner: Sequence[Row]) -> int:
    """The stride of a block's projection: that of its rows together."""
    stride = 1
    for row in inner:
        stride *= row.stride if isinstance(row, Conv | Pooling) else 1
    return stride


def squeezed(channels: int, reduction: int) -> int:
    """The width of the middle of a squeeze-and-excitation."""
    return max(1, channels // reduction)


def _both(one: Signal, other: Signal) -> Signal:
    """The sum of two signals of one shape sees what either sees."""
    return dataclasses.replace(
        other, low=min(one.low, other.low), high=max(one.high, other.high), whole=one.whole or other.whole
    )


def _windowed(signal: Signal, shape: tuple[int, ...], reach: int, stride: int, padding: int) -> Signal:
    """Receptive-field arithmetic as in Araujo, Norris and Sim, “Computing Receptive Fields of Convolutional Neural
    Networks” (Distill, 2019), with both ends kept, so that branches that meet can be united."""
    low = signal.low - padding * signal.stride
    high = signal.high + (reach - 1 - padding) * signal.stride
    return Signal(shape, low, high, signal.stride * stride, signal.whole)


def _maps(signal: Signal, what: str) -> tuple[int, int]:
    """Channels and side of maps."""
    if signal.is_flat:
        raise Impossible(f"{what} needs maps, and the input is flat here: put it before Flatten or Global pooling.")
    return signal.shape[0], signal.shape[1]


def _flat(signal: Signal, length: int) -> Signal:
    return dataclasses.replace(signal, shape=(length,), whole=True)


def _numbers(signal: Signal) -> int:
    return signal.shape[0] if signal.is_flat else signal.shape[0] * signal.shape[1] * signal.shape[2]


def _too_small(what: str, needed: int, pixels: int) -> str:
    left = "is" if pixels == 1 else "are"
    return f"{what} needs at least {_square(needed)} pixels; only {_square(pixels)} {left} left here."


def _square(side: int) -> str:
    return f"{side}×{side}"
