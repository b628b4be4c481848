"""Thaw's own small networks, for grey images; they train from scratch."""

from __future__ import annotations

from engine.models.rows.families import FAMILIES, SMALL
from engine.models.spec import Head, ModelSpec

ROWS = (
    ModelSpec(
        "lenet5", "LeNet-5", "LeNet",
        "For digits and simple shapes, from scratch on grey 28×28 images.",
        1998, "thaw", 431_080, 28, 28, 1, (0.5,), (0.5,),
        Head("fc2", "linear", 500), (("conv1",), ("conv2",), ("fc1",), ("fc2",)), 1, "conv2", "Apache-2.0",
        fixed_size=True, flops=2_293_000, brought=FAMILIES["LeNet"].brought, code_licence="Apache-2.0", recipe=SMALL,
    ),
    ModelSpec(
        "small_resnet", "Small residual network", "ResNet",
        "Eight layers for small grey images of shapes, signs and symbols; trains from scratch in seconds.",
        2015, "thaw", 77_754, 32, 16, 1, (0.45,), (0.225,),
        Head("head", "linear", 64), (("stem",), ("block1",), ("block2",), ("block3",), ("head",)), 1, "block3",
        "Apache-2.0",
        flops=3_052_160, brought=FAMILIES["ResNet"].brought, code_licence="Apache-2.0", recipe=SMALL,
    ),
)  # fmt: skip
