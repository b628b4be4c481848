"""The first rows of the catalog."""

from __future__ import annotations

from engine.models.spec import IMAGENET_MEAN, IMAGENET_STD, Head, ModelSpec, WeightsSource


def _official(*files_and_top1: tuple[str, float]) -> tuple[WeightsSource, ...]:
    base = "https://download.pytorch.org/models/"
    return tuple(WeightsSource(base + file, top1) for file, top1 in files_and_top1)


def _feature_blocks(count: int, *rest: str) -> tuple[tuple[str, ...], ...]:
    return tuple((f"features.{index}",) for index in range(count)) + tuple((name,) for name in rest)


_RESNET_BLOCKS = (("conv1", "bn1"), ("layer1",), ("layer2",), ("layer3",), ("layer4",), ("fc",))
# The numbers between are activations and pooling, which own nothing.
_SQUEEZENET_BLOCKS = (*((f"features.{index}",) for index in (0, 3, 4, 5, 7, 8, 9, 10, 12)), ("classifier",))
_TORCHVISION = "BSD-3-Clause (torchvision); trained on ImageNet"

ROWS = (
    ModelSpec(
        "mobilenet_v2", "MobileNetV2", "MobileNet",
        "Light and accurate on photos; the first to try on a laptop.",
        2018, "torchvision", 3_504_872, 224, 32, 3, IMAGENET_MEAN, IMAGENET_STD,
        Head("classifier.1", "linear", 1280), _feature_blocks(19, "classifier"), 2, "features", _TORCHVISION,
        weights=_official(("mobilenet_v2-7ebf99e0.pth", 0.72154), ("mobilenet_v2-b0353104.pth", 0.71878)),
    ),
    ModelSpec(
        "mobilenet_v3_small", "MobileNetV3 small", "MobileNet",
        "The fastest here that still knows photos; for old laptops and large folders.",
        2019, "torchvision", 2_542_856, 224, 32, 3, IMAGENET_MEAN, IMAGENET_STD,
        Head("classifier.3", "linear", 1024), _feature_blocks(13, "classifier.0", "classifier.3"), 3,
        "features", _TORCHVISION,
        weights=_official(("mobilenet_v3_small-047dcff4.pth", 0.67668),),
    ),
    ModelSpec(
        "mobilenet_v3_large", "MobileNetV3 large", "MobileNet",
        "A little slower than MobileNetV2 to train, a little more accurate.",
        2019, "torchvision", 5_483_032, 224, 32, 3, IMAGENET_MEAN, IMAGENET_STD,
        Head("classifier.3", "linear", 1280), _feature_blocks(17, "classifier.0", "classifier.3"), 3,
        "features", _TORCHVISION,
        weights=_official(("mobilenet_v3_large-5c1a4163.pth", 0.75274), ("mobilenet_v3_large-8738ca79.pth", 0.74042)),
    ),
    ModelSpec(
        "resnet18", "ResNet-18", "ResNet",
        "Sturdy and well understood; trains well even from scratch.",
        2015, "torchvision", 11_689_512, 224, 32, 3, IMAGENET_MEAN, IMAGENET_STD,
        Head("fc", "linear", 512), _RESNET_BLOCKS, 1, "layer4", _TORCHVISION,
        weights=_official(("resnet18-f37072fd.pth", 0.69758),),
    ),
    ModelSpec(
        "resnet50", "ResNet-50", "ResNet",
        "The most accurate here; slow without a GPU.",
        2015, "torchvision", 25_557_032, 224, 32, 3, IMAGENET_MEAN, IMAGENET_STD,
        Head("fc", "linear", 2048), _RESNET_BLOCKS, 1, "layer4", _TORCHVISION,
        weights=_official(("resnet50-11ad3fa6.pth", 0.80858), ("resnet50-0676ba61.pth", 0.76130)),
    ),
    ModelSpec(
        "efficientnet_b0", "EfficientNet-B0", "EfficientNet",
        "Much accuracy for its size; a good second try after MobileNetV2.",
        2019, "torchvision", 5_288_548, 224, 32, 3, IMAGENET_MEAN, IMAGENET_STD,
        Head("classifier.1", "linear", 1280), _feature_blocks(9, "classifier"), 2, "features", _TORCHVISION,
        interpolation="bicubic",
        weights=_official(("efficientnet_b0_rwightman-7f5810bc.pth", 0.77692),),
    ),
    ModelSpec(
        "squeezenet1_0", "SqueezeNet 1.0", "SqueezeNet",
        "The smallest file for photos, a few megabytes; less accurate.",
        2016, "torchvision", 1_248_424, 224, 32, 3, IMAGENET_MEAN, IMAGENET_STD,
        Head("classifier.1", "conv", 512), _SQUEEZENET_BLOCKS, 2, "features", _TORCHVISION,
        weights=_official(("squeezenet1_0-b66bff10.pth", 0.58092),),
    ),
    ModelSpec(
        "lenet5", "LeNet-5", "LeNet",
        "A classic small network for digits and simple shapes, trained from scratch on grey 28×28 images.",
        1998, "thaw", 431_080, 28, 28, 1, (0.5,), (0.5,),
        Head("fc2", "linear", 500), (("conv1",), ("conv2",), ("fc1",), ("fc2",)), 1, "conv2", "Apache-2.0",
        fixed_size=True,
    ),
    ModelSpec(
        "small_resnet", "Small residual network", "ResNet",
        "Eight layers for small grey images of shapes, signs and symbols; trains from scratch in seconds.",
        2015, "thaw", 77_754, 32, 16, 1, (0.45,), (0.225,),
        Head("head", "linear", 64), (("stem",), ("block1",), ("block2",), ("block3",), ("head",)), 1, "block3",
        "Apache-2.0",
    ),
)  # fmt: skip
