"""What a row of the catalog is: the fields in which architectures differ. The rows are in `rows/`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)

Need = Literal["laptop", "balanced", "accurate", "small-data"]
Source = Literal["torchvision", "timm", "thaw", "rows", "own"]

_HUGGING_FACE = "https://huggingface.co/"


@dataclass(frozen=True)
class Head:
    """The final layer: replaced by one with as many outputs as there are classes.

    `path` is its dotted name in the network as its library builds it; `features` the size F of the pooled vector it
    takes. A "linear" head is replaced in its place. A "conv" head (1×1 convolution before the pooling, SqueezeNet) is
    replaced by pooling, flattening and the new head, from `path` to the end of its container. A "pooled-conv" head
    (1×1 convolution after the pooling, timm's ResNet-v2) by flattening and the new head. `auxiliary` names the last
    linear layers of the auxiliary classifiers, which get as many outputs too; `auxiliary_weight` is the weight of
    their loss in training, as their paper gives it.
    """

    path: str
    kind: Literal["linear", "conv", "pooled-conv"]
    features: int
    auxiliary: tuple[str, ...] = ()
    auxiliary_weight: float = 0.0


@dataclass(frozen=True)
class WeightsSource:
    """Pretrained weights that can be fetched.

    `name` is a short word, unique within its row: the value of the setting `weights`. `title` says for people what the
    weights were trained on. `imagenet_top1` is as published, None where the weights know no ImageNet classes. `mean`
    and `std` of the pixels they were trained on, where those are not the row's own.
    """

    url: str
    imagenet_top1: float | None = None
    name: str = "imagenet1k"
    title: str = "ImageNet-1k"
    licence: str = ""
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    @property
    def file_name(self) -> str:
        """The file's name on this machine: on Hugging Face all are called alike, so there the repository names it."""
        last = self.url.rsplit("/", 1)[1]
        if not self.url.startswith(_HUGGING_FACE):
            return last
        repository = self.url.removeprefix(_HUGGING_FACE).split("/")[1]
        return f"{repository}.{last.rpartition('.')[2]}"

    @property
    def sha256_start(self) -> str:
        """The first digits of the file's SHA-256, which torchvision's names end with; "" where only the server knows
        it."""
        end = self.file_name.rsplit(".", 1)[0].rpartition("-")[2]
        known = not self.url.startswith(_HUGGING_FACE) and len(end) >= 8 and set(end) <= set("0123456789abcdef")
        return end if known else ""


@dataclass(frozen=True)
class Recipe:
    """Optimizer settings of a family, as the field uses them to train everything. `learning_rate` is that of training
    from scratch, for a batch of 32; `source` names where the settings are from."""

    optimizer: Literal["adamw", "sgd"]
    learning_rate: float
    momentum: float
    weight_decay: float
    label_smoothing: float
    source: str


@dataclass(frozen=True)
class Family:
    """Architectures of one idea. `brought` is one sentence: what the idea was."""

    name: str
    brought: str
    year: int
    recipe: Recipe


ANY_NETWORK = Recipe(
    "adamw", 1e-3, 0.9, 0.05, 0.1, "AdamW as in “How to train your ViT?” (Steiner et al. 2021), for want of its own"
)


@dataclass(frozen=True)
class ModelSpec:
    """One architecture.

    `source` says who builds it: torchvision, timm, Thaw itself, the teaching builder ("rows"), or a builder file of the
    person's own. Sizes are pixels of the square input; `channels` is what the network takes (the graph turns RGB to
    grey where it is 1); `mean` and `std` are of RGB from 0 to 1, or of grey. `blocks` cuts the layers in execution
    order: each entry lists the dotted prefixes of one block ("" is what the root module owns itself), the head is the
    last. `last_blocks` is how many blocks before the head the strategy of that name trains. `maps` is the module whose
    output N×C×h×w is the last feature map before pooling, "" where there is none. `weights` is best first, ImageNet
    before other domains. `flops` counts multiply-adds of one image at `input_size`, each once. `brought` is the
    family's sentence, `summary` when to use the row; `needs` puts it on the short list. Of a model of one's own,
    `definition` is the TOML file, `base` the library's name of the architecture, `builder` the Python file that builds
    it, `own_weights` its state dict.
    """

    name: str
    title: str
    family: str
    summary: str
    year: int
    source: Source
    parameters: int
    input_size: int
    smallest_size: int
    channels: Literal[1, 3]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    head: Head
    blocks: tuple[tuple[str, ...], ...]
    last_blocks: int
    maps: str
    licence: str
    interpolation: str = "bilinear"
    fixed_size: bool = False
    weights: tuple[WeightsSource, ...] = ()
    flops: int = 0
    brought: str = ""
    code_licence: str = ""
    needs: tuple[Need, ...] = ()
    curated: bool = True
    recipe: Recipe = ANY_NETWORK
    definition: Path | None = None
    base: str = ""
    builder: Path | None = None
    own_weights: Path | None = None

    @property
    def library_name(self) -> str:
        """The name by which its library builds it."""
        return (self.base or self.name).removeprefix("timm/")

    @property
    def imagenet_top1(self) -> float | None:
        """Share of ImageNet's validation photos that the best official weights get right, as published."""
        return self.weights[0].imagenet_top1 if self.weights else None
