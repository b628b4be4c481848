"""What is told of architectures, their layers and their weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.events.base import Event


@dataclass(frozen=True)
class Layer(Event):
    """One owner of parameters, or one operation of note, in execution order.

    `name` is its dotted path, `depth` how many dots it has, `output_shape` without the batch. `receptive_field` is in
    pixels of the input, None where the whole image is seen, 0 where nothing of it is (tables of positions); `stride` in
    pixels of the input, None likewise.
    `norm` is True for layers that keep running statistics, `training_only` for parts that prediction never calls.
    `flops` counts multiply-adds for one image, each once, as torchvision publishes them; `kept_bytes` are what training
    keeps of the layer for the backward pass, for one image.
    """

    name: str
    type: str
    depth: int
    output_shape: tuple[int, ...]
    parameters: int
    trainable: bool
    receptive_field: int | None
    stride: int | None
    block: int = 0
    norm: bool = False
    training_only: bool = False
    flops: int = 0
    kept_bytes: int = 0


@dataclass(frozen=True)
class GraphNode(Event):
    """One operation of the traced network.

    `name` is the dotted name of the leaf module called, or of the module in which a function is called, with the
    function's name at its end. `kind` is conv, linear, norm, activation, pool, attention, merge, shape, input, output
    or other. `inputs` are numbers of nodes; `layer` is the row of the layer tree that it belongs to, "" for none.
    """

    number: int
    name: str
    op: str
    kind: str
    inputs: tuple[int, ...]
    output_shape: tuple[int, ...]
    layer: str = ""


@dataclass(frozen=True)
class LayerPictured(Event):
    """Pictures of a layer before and after training, by one scale: `black` and `white` are the values at its ends.

    `kind` is filters or maps. `numbers` are the `shown` of its `channels`, row by row of `columns` each; `before` or
    `after` is None where those weights are not here.
    """

    layer: str
    kind: str
    before: Path | None
    after: Path | None
    channels: int
    shown: int
    numbers: tuple[int, ...] = ()
    columns: int = 1
    black: float = 0.0
    white: float = 1.0


@dataclass(frozen=True)
class LayersFinished(Event):
    model: str
    image_size: int
    parameters: int
    trainable: int
    flops: int = 0


@dataclass(frozen=True)
class LayerTimed(Event):
    """Seconds that a layer takes for one image, forward, and backward with everything trainable."""

    name: str
    forward_seconds: float
    backward_seconds: float


@dataclass(frozen=True)
class MeasureFinished(Event):
    """The whole network's times, as those of LayerTimed."""

    model: str
    image_size: int
    batch_size: int
    threads: int
    device: str
    forward_seconds: float
    backward_seconds: float


@dataclass(frozen=True)
class WeightsChoice:
    """One source of pretrained weights of a row: `name` is the value of the setting `weights`, `trained_on` says in
    words what the data was; `path` is "" where the file is not on this machine."""

    name: str
    trained_on: str
    licence: str
    imagenet_top1: float | None
    path: str


@dataclass(frozen=True)
class Model(Event):
    """One row of the catalog as a person sees it. `weights` says where pretrained weights are, "" where they are not
    here; `speed` is fast, medium or slow, from `images_per_second` measured once on two CPU cores, or from `flops`
    (multiply-adds of one image) where that was not measured. `brought` says what the family's idea was, `summary` when
    to use the row; `needs` are the short lists it is on (laptop, balanced, accurate, small-data). `choices` are all its
    weights, best first; `too_large` that it cannot become one model file."""

    name: str
    title: str
    family: str
    summary: str
    parameters: int
    imagenet_top1: float | None
    input_size: int
    speed: str
    images_per_second: float | None
    weights: str
    has_official_weights: bool
    year: int = 0
    licence: str = ""
    flops: int = 0
    brought: str = ""
    needs: tuple[str, ...] = ()
    choices: tuple[WeightsChoice, ...] = ()
    curated: bool = True
    source: str = ""
    code_licence: str = ""
    smallest_size: int = 0
    fixed_size: bool = False
    too_large: bool = False


@dataclass(frozen=True)
class WeightsListed(Event):
    """One choice of pretrained weights of a model.

    `name` is the value of the setting `weights`, `trained_on` what the weights have seen. `state` is here, partly (a
    fetch was not finished), absent, own (the person's) or damaged. `size_bytes` is the file's; of one that is not here,
    an estimate at four bytes a parameter. `verified` says that the file's SHA-256 was compared with its source's.
    """

    model: str
    title: str
    name: str
    trained_on: str
    licence: str
    state: str
    size_bytes: int
    received_bytes: int = 0
    path: Path | None = None
    url: str = ""
    verified: bool = False


@dataclass(frozen=True)
class WeightsFetched(Event):
    """Official weights that are here now, whole and verified; `path` is the file."""

    model: str
    name: str
    path: Path
    size_bytes: int


@dataclass(frozen=True)
class WeightsImported(Event):
    """What a file of weights holds, compared with a model; `fits` when the whole backbone is in it.

    `matched` of `wanted` tensors of the backbone are there in their shape; `missing` and `unexpected` are names,
    `reshaped` rows of (name, shape in the file, shape in the model). `classes` is the size of the file's own head, None
    where it has none. `within` is the entry of the checkpoint that was read, `prefix` what was taken off each name,
    `form` the library whose names the file has, "" where they are the model's own. `models` lists all that the file
    fits. `name` and `path` are those of the copy that was taken, "" and None where the file was only looked at.
    """

    file: Path
    model: str
    title: str
    fits: bool
    matched: int
    wanted: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]
    classes: int | None
    within: str = ""
    prefix: str = ""
    form: str = ""
    models: tuple[str, ...] = ()
    name: str = ""
    path: Path | None = None
