"""Networks to begin with, as rows: a multi-layer perceptron and three convolutional networks for the same images, so
that what convolution, depth and a shortcut are worth can be compared."""

from __future__ import annotations

from engine.models.network.rows import (
    Activation,
    Conv,
    Dropout,
    Flatten,
    GlobalPooling,
    Linear,
    Network,
    NetworkRow,
    Norm,
    Pooling,
    Residual,
)


def _vgg_stage(channels: int, convolutions: int = 2) -> tuple[NetworkRow, ...]:
    """3×3 convolutions, then half the size (Simonyan and Zisserman 2014, with the batch norm of later years)."""
    part = (Conv(channels=channels, bias=False), Norm(), Activation())
    return (*part * convolutions, Pooling())


def _basic_block(channels: int, stride: int = 1) -> tuple[NetworkRow, ...]:
    """Two 3×3 convolutions around a skip (He et al. 2015, the basic block)."""
    inner = (
        Conv(channels=channels, stride=stride, bias=False),
        Norm(),
        Activation(),
        Conv(channels=channels, bias=False),
        Norm(),
    )
    return Residual(rows=inner), Activation()


MLP = Network(
    title="Multi-layer perceptron",
    input_size=28,
    channels=1,
    initialisation="he-normal",
    rows=(Flatten(), Linear(units=256), Activation(), Linear(units=128), Activation()),
)

LENET5 = Network(  # row by row what models/lenet.py is, which is Caffe's variant and not that of 1998
    title="LeNet-5",
    input_size=28,
    channels=1,
    initialisation="xavier-uniform",
    rows=(
        Conv(channels=20, kernel=5, padding=0),
        Pooling(),
        Conv(channels=50, kernel=5, padding=0),
        Pooling(),
        Flatten(),
        Linear(units=500),
        Activation(),
    ),
)

SMALL_VGG = Network(
    title="Small VGG",
    input_size=28,
    channels=1,
    initialisation="he-normal",
    rows=(
        *_vgg_stage(16),
        *_vgg_stage(32),
        *_vgg_stage(64),
        Flatten(),
        Linear(units=64),
        Activation(),
        Dropout(share=0.25),
    ),
)

SMALL_RESIDUAL = Network(
    title="Small residual network",
    input_size=28,
    channels=1,
    initialisation="he-normal",
    rows=(
        Conv(channels=16, bias=False),
        Norm(),
        Activation(),
        *_basic_block(16),
        *_basic_block(32, stride=2),
        *_basic_block(64, stride=2),
        GlobalPooling(),
    ),
)

PRESETS: dict[str, Network] = {
    "mlp": MLP,
    "lenet5": LENET5,
    "small_vgg": SMALL_VGG,
    "small_residual": SMALL_RESIDUAL,
}
