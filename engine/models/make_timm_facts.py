"""The table of timm's architectures, `resources/tables/timm.jsonl.gz`, read by `timm_models.py`.

Each network is built and run once on the meta device, where nothing is computed: its head must take one vector an image
and give the network's answer. What cannot be a classifier with such a head is left out, with the reason in the last
line of the table.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import group_parameters
from timm.models._registry import _model_pretrained_cfgs
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from engine.models import timm_models
from engine.models.pretrained.titles import title_of
from engine.models.rows.timm_said import NAMES

_RELEASES = "https://github.com/rwightman/pytorch-image-models/releases/"
_FROM_ELSEWHERE = {  # on timm's hub, but not in its registry of pretrained weights
    "eva02_large_patch14_clip_336": (
        {"tag": "merged2b_ft_inat21", "file": "pytorch_model.bin", "licence": "as its model card says"},
    )
}
_CLASSES, _BATCH = 1000, 2
_ANY = 0  # the image size of a figure that the table had already
_SIDES = (32, 64, 128)
"""The sizes of which the smallest that a network takes is kept."""


class _Unfit(Exception):
    """Why an architecture cannot be a classifier with a plain head."""


def timm_table(top1: dict[tuple[str, int], float]) -> bytes:
    """The bytes of timm.jsonl.gz: a JSON object for each architecture, by name, then one with what was left out.

    `top1` is ImageNet's, by name with tag and image size.
    """
    lines, left_out = [], {}
    for name in sorted(timm.list_models()):
        try:
            lines.append(json.dumps(facts_of(name, top1), sort_keys=True))
        except _Unfit as reason:
            left_out[name] = str(reason)
    lines.append(json.dumps({"left_out": left_out, "reasons": Counter(left_out.values())}, sort_keys=True))
    return gzip.compress("".join(line + "\n" for line in lines).encode(), mtime=0)


def read_top1(path: Path) -> dict[tuple[str, int], float]:
    """Shares from results/results-imagenet.csv of timm's repository, by name with tag and image size."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["model"], int(row["img_size"])): round(float(row["top1"]) / 100, 5) for row in csv.DictReader(file)
        }


def kept_top1() -> dict[tuple[str, int], float]:
    """The figures of the present table."""
    return {
        (f"{name}.{source['tag']}", _ANY): source["top1"]
        for name, row in timm_models.facts().items()
        for source in row["weights"]
        if "top1" in source
    }


def write(top1: dict[tuple[str, int], float]) -> None:
    """Write timm.jsonl.gz, and timm_curated.json with the rows of the catalog."""
    packed = timm_table(top1)
    (timm_models.TABLES / "timm.jsonl.gz").write_bytes(packed)
    rows = {row["name"]: row for row in map(json.loads, gzip.decompress(packed).splitlines()[:-1])}
    write_curated(rows)


def write_curated(rows: dict[str, Any]) -> None:
    """Write timm_curated.json from the rows of all."""
    lines = (json.dumps(rows[name], sort_keys=True) for name in NAMES)
    text = "[\n" + ",\n".join(lines) + "\n]\n"
    (timm_models.TABLES / "timm_curated.json").write_text(text, encoding="utf-8")


def facts_of(name: str, top1: dict[tuple[str, int], float]) -> dict[str, Any]:
    with torch.device("meta"):
        try:
            network = timm.create_model(name, pretrained=False, num_classes=_CLASSES).eval()
        except (RuntimeError, NotImplementedError, TypeError) as error:
            raise _Unfit("does not build without its weights or for any number of classes") from error
    config: Any = network.pretrained_cfg
    channels, size, width = config["input_size"]
    if channels != 3 or size != width:
        raise _Unfit("takes no square RGB images")
    path, kind, features = _head(network, config.get("classifier"))
    called = _Called(network, path, size)
    if features != called.features:
        raise _Unfit("its head takes no single vector an image")
    fixed = bool(config.get("fixed_input_size")) or not _takes(network, size + 32)
    return {
        "name": name,
        "module": type(network).__module__.rpartition(".")[2],
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "flops": called.flops,
        "size": size,
        "fixed": fixed,
        "smallest": size if fixed else next((side for side in _SIDES if _takes(network, side)), size),
        "mean": list(config["mean"]),
        "std": list(config["std"]),
        "interpolation": "bilinear" if config["interpolation"] == "bilinear" else "bicubic",
        "head": [path, kind, features],
        "blocks": _blocks(network, path, called.order),
        "maps": called.maps,
        "weights": list(_weights(name, size, config, top1)),
    }


def _head(network: nn.Module, path: Any) -> tuple[str, str, int]:
    if not isinstance(path, str):
        raise _Unfit("has several heads or none")
    try:
        head = network.get_submodule(path)
    except AttributeError:
        raise _Unfit("has several heads or none") from None
    if isinstance(head, nn.Linear):
        return path, "linear", head.in_features
    if isinstance(head, nn.Conv2d) and head.kernel_size == (1, 1) and path != "":
        return path, "pooled-conv", head.in_channels
    raise _Unfit("its head is neither linear nor a 1×1 convolution")


class _Products(TorchDispatchMode):
    """Counts multiply-adds of convolutions, matrix products and attention, each once (torch counts them twice)."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        counted = flop_registry.get(func.overloadpacket)
        if counted is not None:
            self.count += counted(*args, **(kwargs or {}), out_val=output) // 2
        return output


class _Called:
    """What one run on the meta device tells: the order of the modules, what the head takes, the last feature map."""

    def __init__(self, network: nn.Module, head: str, size: int) -> None:
        self.order: dict[str, int] = {}
        self.features = 0
        self.maps = ""
        self._heads = 0
        hooks = [
            module.register_forward_hook(self._noting(name, name == head)) for name, module in network.named_modules()
        ]
        with _Products() as products:
            answer = _run(network, size)
        for hook in hooks:
            hook.remove()
        self.flops = products.count // _BATCH
        if not isinstance(answer, Tensor) or tuple(answer.shape) != (_BATCH, _CLASSES) or self._heads != 1:
            raise _Unfit("its head takes no single vector an image")

    def _noting(self, name: str, is_head: bool) -> Callable[[nn.Module, tuple[Any, ...], Any], None]:
        def note(_module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
            self.order.setdefault(name, len(self.order))
            if is_head:
                self._heads += 1
                pooled = inputs[0].dim() == 2 or (inputs[0].dim() == 4 and inputs[0].shape[2:] == (1, 1))
                self.features = int(inputs[0].shape[1]) if pooled else 0
            if isinstance(output, Tensor) and name:
                self._note_maps(name, output)

        return note

    def _note_maps(self, name: str, output: Tensor) -> None:
        """The last N×C×h×w before the pooling: anything after it that is no vector an image unsays it."""
        shape = tuple(output.shape)
        if len(shape) == 4 and shape[2] == shape[3] > 1 and shape[1] != shape[2]:
            self.maps = name
        elif len(shape) > 2 and shape[2:] != (1, 1):
            self.maps = ""


def _run(network: nn.Module, size: int) -> Any:
    try:
        with torch.no_grad():
            return network(torch.zeros(_BATCH, 3, size, size, device="meta"))
    except Exception as error:  # whatever a library's forward raises without values
        raise _Unfit("cannot be traced without values") from error


def _takes(network: nn.Module, size: int) -> bool:
    """Whether the network takes images of this size too."""
    try:
        return tuple(_run(network, size).shape) == (_BATCH, _CLASSES)
    except _Unfit:
        return False


def _blocks(network: nn.Module, head: str, order: dict[str, int]) -> list[list[str]]:
    """timm's own coarse groups in the order in which they are called, or the parts of the network; the head last."""
    owners = {
        name: module for name, module in network.named_modules() if next(module.parameters(False), None) is not None
    }
    groups = _groups(network, list(owners))
    groups.pop(head)
    first = {
        group: min((order[name] for name in owners if name and groups.get(name) == group and name in order), default=-1)
        for group in set(groups.values())
    }
    ranked = sorted(first, key=lambda group: (first[group], group))
    closing = {
        group
        for group in ranked
        if all("norm" in type(owners[name]).__name__.lower() for name in groups if groups[name] == group)
    }
    blocks: list[list[str]] = []
    for group in ranked:
        prefixes = _prefixes(network, "", {name for name in owners if groups.get(name) == group}, set(owners))
        if blocks and (group in closing or blocks[-1] == [""]):  # a lone norm ends the block before it
            blocks[-1] += prefixes
        else:
            blocks.append(prefixes)
    return [*blocks, [head]]


def _groups(network: nn.Module, owners: list[str]) -> dict[str, str]:
    any_network: Any = network
    try:
        named = group_parameters(network, any_network.group_matcher(coarse=True))
        group_of = {name: f"{number:06}" for number, names in named.items() for name in names}
        return {
            owner: max(
                group_of[f"{owner}.{name}".lstrip(".")]
                for name, _ in network.get_submodule(owner).named_parameters(recurse=False)
            )
            for owner in owners
        }
    except (AttributeError, AssertionError, KeyError):
        return {owner: _part(owner) for owner in owners}


def _part(owner: str) -> str:
    """The first parts of a dotted name that tell one block from the next: up to the first number, at most two."""
    parts = owner.split(".")
    for place, part in enumerate(parts):
        if part.isdigit():
            return ".".join(parts[: place + 1])
    return parts[0]


def _prefixes(network: nn.Module, at: str, wanted: set[str], owners: set[str]) -> list[str]:
    """The shortest dotted names that hold all of `wanted` and of the other owners only what has a longer name."""
    inside = {name for name in owners if not at or name == at or name.startswith(at + ".")}
    if not inside & wanted:
        return []
    if at and inside <= wanted:
        return [at]
    own = [at] if at in wanted else []
    children = [f"{at}.{name}".lstrip(".") for name, _ in network.get_submodule(at).named_children()]
    return own + [prefix for child in children for prefix in _prefixes(network, child, wanted, owners)]


def _weights(
    name: str, size: int, config: dict[str, Any], top1: dict[tuple[str, int], float]
) -> Iterator[dict[str, Any]]:
    for full_name, row in _model_pretrained_cfgs.items():
        architecture, _, tag = full_name.partition(".")
        hub = row.hf_hub_id or ""
        released = str(row.url).startswith(_RELEASES) and not hub
        if architecture != name or not tag or row.hf_hub_filename or not (hub.startswith("timm/") or released):
            continue
        if row.fixed_input_size and row.input_size[1] != size:
            continue
        found: dict[str, Any] = {"tag": tag, "title": title_of(tag), "licence": row.license or ""}
        if released:
            found["url"] = row.url
        elif hub != f"timm/{full_name}":
            found["repository"] = hub
        if (row.mean, row.std) != (config["mean"], config["std"]):
            found |= {"mean": list(row.mean), "std": list(row.std)}
        if row.input_size[1] != size:
            found["size"] = row.input_size[1]
        published = top1.get((full_name, row.input_size[1]), top1.get((full_name, _ANY)))
        if published is not None:
            found["top1"] = published
        yield found
    for extra in _FROM_ELSEWHERE.get(name, ()):
        yield dict(extra) | {"title": title_of(extra["tag"])}
