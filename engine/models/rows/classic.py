"""AlexNet, VGG, GoogLeNet and Inception v3, SqueezeNet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.models.rows.families import RESNET
from engine.models.rows.torchvision_facts import in_order, row
from engine.models.spec import Head, ModelSpec

# Convolutions in each of VGG's five stages (Simonyan and Zisserman 2015, table 1).
_VGG = {
    11: ((1, 1, 2, 2, 2), "The lightest VGG; for learning how the plain kind works."),
    13: ((2, 2, 2, 2, 2), "A plain network of medium depth."),
    16: ((2, 2, 3, 3, 3), "The plain network most papers compare with; large and slow for what it reaches."),
    19: ((2, 2, 4, 4, 4), "The deepest VGG; gains little over VGG-16."),
}
_BETWEEN = "Choose the one with batch norm unless you want to see what its absence does."

# The numbers between are activations and pooling, which own nothing.
_SQUEEZENET = {
    "squeezenet1_0": (
        (0, 3, 4, 5, 7, 8, 9, 10, 12),
        "SqueezeNet 1.0",
        "A file of a few megabytes, for photos that are easy to tell apart.",
    ),
    "squeezenet1_1": (
        (0, 3, 4, 6, 7, 9, 10, 11, 12),
        "SqueezeNet 1.1",
        "As good as SqueezeNet 1.0 at less than half the work; among the smallest files for photos.",
    ),
}

_INCEPTION = (
    ("Conv2d_1a_3x3",), ("Conv2d_2a_3x3",), ("Conv2d_2b_3x3",), ("Conv2d_3b_1x1",), ("Conv2d_4a_3x3",), ("Mixed_5b",),
    ("Mixed_5c",), ("Mixed_5d",), ("Mixed_6a",), ("Mixed_6b",), ("Mixed_6c",), ("Mixed_6d",), ("Mixed_6e", "AuxLogits"),
    ("Mixed_7a",), ("Mixed_7b",), ("Mixed_7c",), ("fc",),
)  # fmt: skip
_GOOGLENET = (
    ("conv1",), ("conv2",), ("conv3",), ("inception3a",), ("inception3b",), ("inception4a", "aux1"), ("inception4b",),
    ("inception4c",), ("inception4d", "aux2"), ("inception4e",), ("inception5a",), ("inception5b",), ("fc",),
)  # fmt: skip
# Both were trained on pixels from -1 to 1; torchvision turns ImageNet's statistics into these inside the network.
_TO_ONE: dict[str, Any] = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}
_AUXILIARY_NEEDS = 299
"""Below this the auxiliary classifier's 5×5 convolution has no 5×5 maps to look at."""


def _with_norm_recipe(norm: bool) -> dict[str, Any]:
    """Batch norm bears the higher rate of the residual networks."""
    return {"recipe": RESNET} if norm else {}


def _vgg(depth: int, norm: bool) -> ModelSpec:
    stages, summary = _VGG[depth]
    step, place, blocks = (3 if norm else 2), 0, []
    for convolutions in stages:
        ends = range(place, place + convolutions * step, step)
        # batch norm owns parameters too: it stands right after its convolution
        owners = [place for start in ends for place in ((start, start + 1) if norm else (start,))]
        blocks.append(tuple(f"features.{number}" for number in owners))
        place += convolutions * step + 1
    return row(
        f"vgg{depth}_bn" if norm else f"vgg{depth}",
        f"VGG-{depth} with batch norm" if norm else f"VGG-{depth}",
        "VGG",
        summary if norm else f"{summary} {_BETWEEN}",
        Head("classifier.6", "linear", 4096),
        (*blocks, ("classifier.0",), ("classifier.3",), ("classifier.6",)),
        2,
        "features",
        **_with_norm_recipe(norm),
    )


def _rows() -> Iterator[ModelSpec]:
    yield row(
        "alexnet",
        "AlexNet",
        "AlexNet",
        "Quick for its size and historic; newer small networks are more exact.",
        Head("classifier.6", "linear", 4096),
        (*in_order("features", (0, 3, 6, 8, 10)), ("classifier.1",), ("classifier.4",), ("classifier.6",)),
        2,
        "features",
        smallest_size=64,
    )
    for depth in _VGG:
        yield _vgg(depth, norm=False)
        yield _vgg(depth, norm=True)
    yield row(
        "googlenet",
        "GoogLeNet (Inception v1)",
        "Inception",
        "A small network with branches; its auxiliary classifiers show how deep networks were trained before ResNet.",
        # Szegedy et al. 2015, “Going Deeper with Convolutions”, section 5: the losses weigh 0.3
        Head("fc", "linear", 1024, ("aux1.fc2", "aux2.fc2"), 0.3),
        _GOOGLENET,
        2,
        "inception5b",
        **_TO_ONE,
    )
    yield row(
        "inception_v3",
        "Inception v3",
        "Inception",
        "Strong on fine detail at 299 pixels; a favourite for medical and nature photos.",
        # the weight of torchvision's and TensorFlow's trainings, 0.4
        Head("fc", "linear", 2048, ("AuxLogits.fc",), 0.4),
        _INCEPTION,
        2,
        "Mixed_7c",
        year=2015,
        smallest_size=_AUXILIARY_NEEDS,
        **_TO_ONE,
    )
    for name, (numbers, title, summary) in _SQUEEZENET.items():
        blocks = in_order("features", numbers, "classifier")
        yield row(name, title, "SqueezeNet", summary, Head("classifier.1", "conv", 512), blocks, 2, "features")


ROWS = tuple(_rows())
