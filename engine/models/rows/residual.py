"""ResNet, ResNeXt, Wide ResNet, DenseNet and RegNet."""

from __future__ import annotations

from collections.abc import Iterator

from engine.models.rows.torchvision_facts import row
from engine.models.spec import Head, ModelSpec, Need

_RESNET_BLOCKS = (("conv1", "bn1"), ("layer1",), ("layer2",), ("layer3",), ("layer4",), ("fc",))
_DENSENET_BLOCKS = (
    ("features.conv0", "features.norm0"),
    ("features.denseblock1", "features.transition1"),
    ("features.denseblock2", "features.transition2"),
    ("features.denseblock3", "features.transition3"),
    ("features.denseblock4", "features.norm5"),
    ("classifier",),
)
_REGNET_BLOCKS = (("stem",), *((f"trunk_output.block{number}",) for number in (1, 2, 3, 4)), ("fc",))

_RESNETS: tuple[tuple[str, str, str, int, str, tuple[Need, ...]], ...] = (
    ("resnet18", "ResNet-18", "ResNet", 512, "Sturdy and well understood; trains well even from scratch.",
     ("balanced", "small-data")),
    ("resnet34", "ResNet-34", "ResNet", 512, "A deeper ResNet-18 of the same plain blocks: a few points more.", ()),
    ("resnet50", "ResNet-50", "ResNet", 2048,
     "The yardstick of the field: exact, with weights for everything; slow without a GPU.", ("balanced",)),
    ("resnet101", "ResNet-101", "ResNet", 2048, "A point more than ResNet-50 for twice the work.", ()),
    ("resnet152", "ResNet-152", "ResNet", 2048, "The deepest of the series; for a GPU.", ()),
    ("resnext50_32x4d", "ResNeXt-50 32×4d", "ResNeXt", 2048, "ResNet-50's work, a little more exact.", ()),
    ("resnext101_32x8d", "ResNeXt-101 32×8d", "ResNeXt", 2048, "Large and exact; for a GPU.", ()),
    ("resnext101_64x4d", "ResNeXt-101 64×4d", "ResNeXt", 2048, "Large and exact, with the newer recipe; for a GPU.",
     ()),
    ("wide_resnet50_2", "Wide ResNet-50-2", "Wide ResNet", 2048,
     "Twice as wide as ResNet-50; its features transfer well to fine textures.", ()),
    ("wide_resnet101_2", "Wide ResNet-101-2", "Wide ResNet", 2048, "The wider and deeper one; for a GPU.", ()),
)  # fmt: skip

_DENSENETS = (
    (121, 1024, "Few parameters for its accuracy; much used on X-rays and other medical images."),
    (161, 2208, "The widest DenseNet, and the most exact of them."),
    (169, 1664, "Deeper than DenseNet-121, a point more exact."),
    (201, 1920, "The deepest DenseNet; takes much memory in training."),
)

_REGNETS = (
    ("x_400mf", 400, "About MobileNet's size, from ordinary convolutions, which older CPUs like."),
    ("x_800mf", 672, "Small and even; a good middle on a laptop."),
    ("x_1_6gf", 912, "Between a laptop and a GPU."),
    ("x_3_2gf", 1008, "ResNet-50's work, a little more exact."),
    ("x_8gf", 1920, "For a GPU; ResNet-101's accuracy for its work."),
    ("x_16gf", 2048, "Large; for a GPU."),
    ("x_32gf", 2520, "The largest of the plain series; for a GPU."),
    ("y_400mf", 440, "The smallest with squeeze and excitation: exact for its four million parameters."),
    ("y_800mf", 784, "Small, with squeeze and excitation; a good middle on a laptop."),
    ("y_1_6gf", 888, "Exact for its size; between a laptop and a GPU."),
    ("y_3_2gf", 1512, "More exact than ResNet-50 for less work."),
    ("y_8gf", 2016, "Exact; for a GPU."),
    ("y_16gf", 3024, "Large; its SWAG weights know far more pictures than ImageNet's."),
    ("y_32gf", 3712, "Very large; its SWAG weights know far more pictures than ImageNet's."),
    ("y_128gf", 7392, "Too large to become one model file; here to be looked at."),
)


def _rows() -> Iterator[ModelSpec]:
    for name, title, family, features, summary, needs in _RESNETS:
        head = Head("fc", "linear", features)
        yield row(name, title, family, summary, head, _RESNET_BLOCKS, 1, "layer4", needs=needs)
    for depth, features, summary in _DENSENETS:
        yield row(
            f"densenet{depth}",
            f"DenseNet-{depth}",
            "DenseNet",
            summary,
            Head("classifier", "linear", features),
            _DENSENET_BLOCKS,
            1,
            "features",
        )
    for size, features, summary in _REGNETS:
        title = f"RegNet{size[0].upper()}-{size[2:].replace('_', '.').upper()}"
        head = Head("fc", "linear", features)
        yield row(f"regnet_{size}", title, "RegNet", summary, head, _REGNET_BLOCKS, 1, "trunk_output")


ROWS = tuple(_rows())
