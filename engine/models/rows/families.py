"""The families: what each idea brought, and how the field trains its networks."""

from __future__ import annotations

import math

from engine.models.spec import Family, Recipe

_README = "torchvision, references/classification/README.md"
_NEW = "torchvision's newer recipe (pytorch/vision issue 3995)"


def _sgd(rate: float, batch: int, decay: float, smoothing: float, source: str) -> Recipe:
    """The published rate for `batch`, brought to 32 by the linear rule (Goyal et al. 2017)."""
    return Recipe("sgd", _short(rate * 32 / batch), 0.9, decay, smoothing, source)


def _adamw(rate: float, batch: int, decay: float, smoothing: float, source: str) -> Recipe:
    """The published rate for `batch`, brought to 32 by the square-root rule (Malladi et al. 2022)."""
    return Recipe("adamw", _short(rate * math.sqrt(32 / batch)), 0.9, decay, smoothing, source)


def _short(rate: float) -> float:
    return float(f"{rate:.3g}")


RESNET = _sgd(0.1, 256, 1e-4, 0.0, f"{_README}, ResNet: SGD, rate 0.1 for a batch of 256")
SMALL = Recipe("adamw", 1e-3, 0.9, 0.01, 0.0, "Adam's default rate (Kingma and Ba 2015) and PyTorch's AdamW decay")


def _family(name: str, year: int, brought: str, recipe: Recipe) -> tuple[str, Family]:
    return name, Family(name, brought, year, recipe)


FAMILIES: dict[str, Family] = dict(
    (
        _family("LeNet", 1998, "The first convolutional network in wide use: it read the digits on cheques.", SMALL),
        _family(
            "AlexNet", 2012,
            "Won ImageNet in 2012 with ReLU, dropout and GPUs, and so began the years of deep learning.",
            _sgd(0.01, 256, 1e-4, 0.0, f"{_README}, AlexNet and VGG: SGD, rate 0.01 for a batch of 256"),
        ),
        _family(
            "VGG", 2014,
            "Showed that depth alone, from plain 3×3 convolutions, brings accuracy.",
            _sgd(0.01, 256, 1e-4, 0.0, f"{_README}, AlexNet and VGG: SGD, rate 0.01 for a batch of 256"),
        ),
        _family(
            "Inception", 2014,
            "Looks with several window sizes at once, side by side, and joins what they see.",
            _sgd(0.1, 256, 1e-4, 0.1, "label smoothing of Szegedy et al. 2016, rate of torchvision's ResNet recipe"),
        ),
        _family(
            "ResNet", 2015,
            "Added the skip connection, with which networks of a hundred layers train well.",
            RESNET,
        ),
        _family(
            "ResNet-v2", 2016,
            "Puts norm and activation before each convolution, so that the skip path runs through untouched.",
            _sgd(0.1, 256, 1e-4, 0.0, "He et al. 2016, “Identity Mappings”: SGD, rate 0.1 for a batch of 256"),
        ),
        _family(
            "ResNeXt", 2016,
            "Splits each residual block into many narrow paths: more accuracy for the same work.",
            RESNET,
        ),
        _family(
            "Wide ResNet", 2016,
            "Makes residual blocks wider instead of the network deeper, which a GPU runs faster.",
            RESNET,
        ),
        _family(
            "DenseNet", 2016,
            "Every layer sees the output of all before it, so few channels suffice.",
            _sgd(0.1, 256, 1e-4, 0.0, "Huang et al. 2017, DenseNet: SGD, rate 0.1 for a batch of 256"),
        ),
        _family(
            "SqueezeNet", 2016,
            "AlexNet's accuracy with fifty times fewer parameters.",
            _sgd(0.04, 512, 2e-4, 0.0, "the authors' solver for SqueezeNet: SGD, rate 0.04 for a batch of 512"),
        ),
        _family(
            "SE-ResNet", 2017,
            "Lets the network weigh its channels by a look at the whole image (squeeze and excitation).",
            _sgd(0.6, 1024, 1e-4, 0.0, "Hu et al. 2018, “Squeeze-and-Excitation”: SGD, rate 0.6 for a batch of 1,024"),
        ),
        _family(
            "MobileNet", 2018,
            "Convolves each channel by itself, so that a phone can run it.",
            _sgd(0.045, 256, 4e-5, 0.0, f"{_README}, MobileNetV2: SGD, rate 0.045 for a batch of 256"),
        ),
        _family(
            "ShuffleNet", 2018,
            "Counts memory traffic, not only arithmetic, and shuffles channels between cheap paths.",
            _sgd(0.5, 1024, 2e-5, 0.1, f"{_NEW}: SGD, rate 0.5 for a batch of 1,024"),
        ),
        _family(
            "MNASNet", 2018,
            "Found by a search that measured the speed on a phone.",
            _sgd(0.5, 1024, 2e-5, 0.1, f"{_NEW}: SGD, rate 0.5 for a batch of 1,024"),
        ),
        _family(
            "EfficientNet", 2019,
            "Grows depth, width and image size together, in a fixed ratio.",
            _sgd(0.5, 1024, 2e-5, 0.1, f"{_README}, EfficientNet-V2: SGD, rate 0.5 for a batch of 1,024"),
        ),
        _family(
            "EfficientNetV2", 2021,
            "EfficientNet made to train faster, with plain convolutions where they are quicker.",
            _sgd(0.5, 1024, 2e-5, 0.1, f"{_README}, EfficientNet-V2: SGD, rate 0.5 for a batch of 1,024"),
        ),
        _family(
            "RegNet", 2020,
            "A simple rule for widths and depths, found by studying whole spaces of networks.",
            _sgd(0.8, 1024, 5e-5, 0.0, f"{_README}, RegNet: SGD, rate 0.8 for a batch of 1,024"),
        ),
        _family(
            "ConvNeXt", 2022,
            "A convolutional network rebuilt with what transformers taught.",
            _adamw(1e-3, 1024, 0.05, 0.1, f"{_README}, ConvNeXt: AdamW, rate 0.001 for a batch of 1,024"),
        ),
        _family(
            "ConvNeXt V2", 2023,
            "ConvNeXt that first learns to fill in masked parts of images, with a norm that keeps channels apart.",
            _adamw(4e-3, 4096, 0.05, 0.1, "Liu et al. 2022, ConvNeXt: AdamW, rate 0.004 for a batch of 4,096"),
        ),
        _family(
            "ViT", 2020,
            "Cuts the image into patches and reads them as a transformer reads words.",
            _adamw(3e-3, 4096, 0.3, 0.11, f"{_README}, vit_b_16: AdamW, rate 0.003 for a batch of 4,096"),
        ),
        _family(
            "Swin", 2021,
            "A transformer that looks within windows and shifts them, so that its cost grows with the image only.",
            _adamw(1e-3, 1024, 0.05, 0.1, f"{_README}, SwinTransformer: AdamW, rate 0.001 for a batch of 1,024"),
        ),
        _family(
            "Swin V2", 2022,
            "Swin made steadier, for larger images.",
            _adamw(1e-3, 1024, 0.05, 0.1, f"{_README}, SwinTransformer V2: AdamW, rate 0.001 for a batch of 1,024"),
        ),
        _family(
            "MaxViT", 2022,
            "Convolution, attention within windows and attention over a grid in every block.",
            _adamw(3e-3, 4096, 0.05, 0.1, f"{_README}, MaxViT: AdamW, rate 0.003 for a batch of 4,096"),
        ),
        _family(
            "CoAtNet", 2021,
            "Convolutions first and attention after: the head start of the one, the reach of the other.",
            _adamw(1e-3, 4096, 0.05, 0.1, "Dai et al. 2021, CoAtNet: AdamW, rate 0.001 for a batch of 4,096"),
        ),
    )
)  # fmt: skip
