"""Networks made for phones, and those grown from them: MobileNet, ShuffleNet, MNASNet, EfficientNet."""

from __future__ import annotations

from collections.abc import Iterator

from engine.models.rows.torchvision_facts import in_order, row
from engine.models.spec import Head, ModelSpec

_SHUFFLENET_BLOCKS = (("conv1",), ("stage2",), ("stage3",), ("stage4",), ("conv5",), ("fc",))
_SHUFFLENETS = (
    ("x0_5", "0.5×", 1024, "The smallest network here that knows photos; less exact."),
    ("x1_0", "1.0×", 1024, "Quick on old processors; less exact than MobileNetV3."),
    ("x1_5", "1.5×", 1024, "MobileNetV2's accuracy at less work."),
    ("x2_0", "2.0×", 2048, "The widest of them; ResNet-50's older accuracy at a seventh of the work."),
)
_MNASNET_BLOCKS = (
    ("layers.0", "layers.1", "layers.3", "layers.4", "layers.6", "layers.7"),
    *in_order("layers", range(8, 14)),
    ("layers.14", "layers.15"),
    ("classifier",),
)
_MNASNETS = (
    ("0_5", "0.5", "Very small and quick; less exact."),
    ("0_75", "0.75", "Small and quick."),
    ("1_0", "1.0", "MobileNetV2's size, a little more exact."),
    ("1_3", "1.3", "The widest of them, and the most exact."),
)
_EFFICIENTNETS = (
    (1280, "Much accuracy for its size; a good second try after MobileNetV2."),
    (1280, "A little larger and more exact than B0."),
    (1408, "For 288-pixel images; still small in parameters."),
    (1536, "For 300-pixel images and a patient machine."),
    (1792, "For 380-pixel images; wants a GPU."),
    (2048, "For 456-pixel images; wants a GPU."),
    (2304, "For 528-pixel images; wants a GPU with much memory."),
    (2560, "For 600-pixel images; slow everywhere."),
)
_EFFICIENTNETS_V2 = (
    ("s", "S", 8, "Very exact for 22 million parameters; wants a GPU to train whole."),
    ("m", "M", 9, "More exact still, at 480 pixels; wants a GPU."),
    ("l", "L", 9, "Among the most exact convolutional networks with ImageNet weights; wants a large GPU."),
)


def _rows() -> Iterator[ModelSpec]:
    yield row(
        "mobilenet_v2",
        "MobileNetV2",
        "MobileNet",
        "Light and accurate on photos; the first to try on a laptop.",
        Head("classifier.1", "linear", 1280),
        in_order("features", range(19), "classifier"),
        2,
        "features",
        needs=("laptop", "small-data"),
    )
    for size, count, features, summary in (
        ("small", 13, 1024, "The fastest here that still knows photos; for old laptops and large folders."),
        ("large", 17, 1280, "A little slower than MobileNetV2 to train, a little more accurate."),
    ):
        yield row(
            f"mobilenet_v3_{size}",
            f"MobileNetV3 {size}",
            "MobileNet",
            summary,
            Head("classifier.3", "linear", features),
            in_order("features", range(count), "classifier.0", "classifier.3"),
            3,
            "features",
            needs=("laptop",),
            year=2019,
        )
    for size, title, features, summary in _SHUFFLENETS:
        head = Head("fc", "linear", features)
        name = f"shufflenet_v2_{size}"
        yield row(name, f"ShuffleNetV2 {title}", "ShuffleNet", summary, head, _SHUFFLENET_BLOCKS, 2, "conv5")
    for size, title, summary in _MNASNETS:
        head = Head("classifier.1", "linear", 1280)
        yield row(f"mnasnet{size}", f"MNASNet {title}", "MNASNet", summary, head, _MNASNET_BLOCKS, 2, "layers")
    for number, (features, summary) in enumerate(_EFFICIENTNETS):
        yield row(
            f"efficientnet_b{number}",
            f"EfficientNet-B{number}",
            "EfficientNet",
            summary,
            Head("classifier.1", "linear", features),
            in_order("features", range(9), "classifier"),
            2,
            "features",
            needs=("laptop", "small-data") if number == 0 else (),
        )
    for size, title, count, summary in _EFFICIENTNETS_V2:
        yield row(
            f"efficientnet_v2_{size}",
            f"EfficientNetV2-{title}",
            "EfficientNetV2",
            summary,
            Head("classifier.1", "linear", 1280),
            in_order("features", range(count), "classifier"),
            2,
            "features",
            needs=("accurate",) if size == "s" else (),
        )


ROWS = tuple(_rows())
