"""Networks of the teaching builder that everybody has: one with convolutions and one without, for the same images."""

from __future__ import annotations

from typing import Any

from engine.models.network.presets import PRESETS
from engine.models.network.spec import spec_of

_THAW: dict[str, Any] = {"licence": "Apache-2.0", "code_licence": "Apache-2.0", "curated": True}

ROWS = (
    spec_of(
        PRESETS["mlp"],
        "mlp",
        family="MLP",
        brought="Layers between input and output that learn features of their own, by back-propagation.",
        summary="No convolutions: shows what they are worth, beside Small VGG and LeNet-5, on grey 28×28 images.",
        year=1986,  # Rumelhart, Hinton and Williams, “Learning representations by back-propagating errors”
        **_THAW,
    ),
    spec_of(
        PRESETS["small_vgg"],
        "small_vgg",
        family="VGG",
        brought="Many 3×3 convolutions, one after the other, in place of few large ones.",
        summary="Six 3×3 convolutions, with fewer parameters than the perceptron, on grey 28×28 images.",
        year=2014,  # Simonyan and Zisserman, “Very Deep Convolutional Networks for Large-Scale Image Recognition”
        **_THAW,
    ),
)
