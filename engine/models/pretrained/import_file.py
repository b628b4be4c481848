"""A file of a person's own weights: which model it fits, and a copy of it among that model's weights.

The file itself is only read. What is kept is a .safetensors file with the model's own names, which holds no code.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from engine.errors import WeightsError
from engine.events import StageStarted, WeightsImported
from engine.models import tables
from engine.models.build import backbone_tensors, build
from engine.models.catalog import CATALOG, find_model, own_models
from engine.models.pretrained import weights
from engine.models.pretrained.fetch import sha256_of
from engine.models.pretrained.match import COUNTER, Match, classes_in, match, without_prefix
from engine.models.pretrained.state_file import StateFile, read_state_file
from engine.models.pretrained.words import headline
from engine.models.spec import ModelSpec

MOST_TRIED = 12
"""Networks built to look for the one a file fits; the tables of layers say which are worth it."""
ALIKE = 0.9
"""Share of a model's layers that must have their number of parameters in the file, for the model to be tried."""
LONGEST_NAME = 60
IMAGENET_CLASSES = 1000
"""Of the heads that are counted in the catalog's parameters."""
_STATISTICS = ("running_mean", "running_var", COUNTER)


@dataclass(frozen=True)
class _Fit:
    spec: ModelSpec
    match: Match


def import_weights(
    path: Path, model: str | None = None, *, check: bool = False
) -> Iterator[StageStarted | WeightsImported]:
    """Look through `path`, and keep a copy for `model`, or for the model that it fits; last is the WeightsImported.

    With `check` nothing is kept. Raises WeightsError for a file that cannot be read safely; after the report, which
    then names no model, for one that fits none; and after it, without `check`, for one that does not fit the named.
    """
    spec = find_model(model) if model else None
    yield StageStarted("Reading the file")
    file = read_state_file(path)
    yield StageStarted("Comparing it with the model" if spec else "Looking for the model it fits")
    fits = [_compared(spec, file.tensors)] if spec else _all_fits(file.tensors)
    if not fits:
        yield WeightsImported(path, "", "", False, 0, 0, (), (), (), None, file.within)
        raise WeightsError(f"{path.name} fits none of Thaw's models: {describe(file.tensors)}.")
    report = _report(path, file, fits)
    if report.fits and not check:
        yield StageStarted("Keeping a copy")
        report = _kept(path, file, fits[0], report)
    yield report
    if not (report.fits or check):
        raise WeightsError(f"{headline(report)} It was not taken.")


def _report(path: Path, file: StateFile, fits: list[_Fit]) -> WeightsImported:
    spec, found = fits[0].spec, fits[0].match
    return WeightsImported(
        file=path,
        model=spec.name,
        title=spec.title,
        fits=found.fits,
        matched=found.matched,
        wanted=found.wanted,
        missing=found.missing,
        unexpected=found.unexpected,
        reshaped=found.reshaped,
        classes=classes_in(spec, found, file.tensors),
        within=file.within,
        prefix=found.prefix,
        form=found.form,
        models=tuple(fit.spec.name for fit in fits if fit.match.fits),
    )


def _compared(spec: ModelSpec, tensors: Mapping[str, Tensor]) -> _Fit:
    with torch.device("meta"):
        network = build(spec, 2)
    return _Fit(spec, match(spec, network.state_dict(), backbone_tensors(network, spec), tensors))


def _all_fits(tensors: Mapping[str, Tensor]) -> list[_Fit]:
    """The models that the file fits, the one whose names it has before one whose names had to be translated."""
    fits = [fit for spec in _worth_trying(tensors) if (fit := _compared(spec, tensors)).match.fits]
    return sorted(fits, key=lambda fit: (fit.match.form != "", len(fit.match.unexpected)))


def _worth_trying(tensors: Mapping[str, Tensor]) -> list[ModelSpec]:
    """The models whose layers have the numbers of parameters that are in the file, most alike first.

    Names play no part, since libraries differ in them; nor does the head, since its classes do. A model of about the
    file's size that has no table of layers is tried.
    """
    sizes = Counter(_sizes_in(tensors).values())
    alike = {}
    own = [spec for spec in own_models()[0].values() if spec.source != "own"]  # a builder file is run only when asked
    for spec in (*CATALOG.values(), *own):
        if not tables.has_table(spec.name):
            alike[spec] = ALIKE if _is_of_the_size(spec, tensors) else 0.0
            continue
        rows = tables.read_layers(spec.name)
        wanted = Counter(row.parameters for row in rows if row.parameters and not row.training_only)
        wanted -= Counter([row.parameters for row in rows if row.name == spec.head.path])
        alike[spec] = sum((wanted & sizes).values()) / max(1, sum(wanted.values()))
    tried = [spec for spec in sorted(alike, key=lambda spec: -alike[spec]) if alike[spec] >= ALIKE]
    return tried[:MOST_TRIED]


def _is_of_the_size(spec: ModelSpec, tensors: Mapping[str, Tensor]) -> bool:
    """Whether the backbone, give or take a tenth, can be in the file."""
    here = sum(_sizes_in(tensors).values())
    largest = max((tensor.numel() for tensor in tensors.values() if tensor.ndim == 2), default=0)  # a head, maybe
    backbone = spec.parameters - (spec.head.features + 1) * IMAGENET_CLASSES
    return 0.9 * backbone <= here and here - largest <= 1.1 * spec.parameters


def _sizes_in(tensors: Mapping[str, Tensor]) -> dict[str, int]:
    """The number of parameters of each module that owns some."""
    sizes: dict[str, int] = {}
    for name, tensor in tensors.items():
        owner, _, leaf = name.rpartition(".")
        if leaf not in _STATISTICS:
            sizes[owner] = sizes.get(owner, 0) + tensor.numel()
    return sizes


def describe(tensors: Mapping[str, Tensor]) -> str:
    """What is in a file that fits nothing, in words: how much, how it begins, and what it looks like."""
    named = without_prefix(tensors)
    matrices = [(name, tensor.shape) for name, tensor in named.items() if tensor.ndim >= 2]
    parameters = sum(tensor.numel() for name, tensor in named.items() if not name.endswith(_STATISTICS))
    words = f"it holds {len(named)} tensors with {parameters:,} parameters"
    if matrices:
        name, shape = matrices[0]
        words += f", among them {name} ({' × '.join(map(str, shape))})"
    if _is_cifar_resnet(named):
        words += ", which is how a ResNet for CIFAR begins (16 channels, three stages)"
    return words


def _is_cifar_resnet(named: Mapping[str, Tensor]) -> bool:
    """The three-stage residual networks of He et al. 2015, section 4.2, for images of 32×32 pixels."""
    stem = named.get("conv1.weight")
    stages = {name.partition(".")[0] for name in named if name.startswith("layer")}
    return stem is not None and tuple(stem.shape) == (16, 3, 3, 3) and stages == {"layer1", "layer2", "layer3"}


def _kept(path: Path, file: StateFile, fit: _Fit, report: WeightsImported) -> WeightsImported:
    """Copy what matched, and the file's own head, under the model's names. The same file again takes its own place, and
    one of the model's official files its official one."""
    digest = sha256_of(path)
    official = next((one for one in fit.spec.weights if one.sha256_start and digest.startswith(one.sha256_start)), None)
    if official is not None:
        return replace(report, name=official.name, path=_copied(path, weights.cache_folder() / official.file_name))
    stem, target = _free_name(fit.spec, path, digest)
    kept = {name: file.tensors[theirs].detach().clone().contiguous() for name, theirs in fit.match.renamed.items()}
    about = {"model": fit.spec.name, "file": path.name, "sha256": digest, "classes": str(report.classes or "")}
    _written(target, lambda part: safetensors.torch.save_file(kept, part, about))
    return replace(report, name=f"{weights.OWN}:{stem}", path=target)


def _copied(path: Path, target: Path) -> Path:
    """An official file that was fetched by hand stays what it is."""
    if not (target.exists() and target.samefile(path)):
        _written(target, lambda part: shutil.copyfile(path, part))
    return target


def _written(target: Path, write: Callable[[Path], object]) -> None:
    part = target.with_name(target.name + ".new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        part.replace(target)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise WeightsError(
            f"The copy could not be kept in {target.parent} ({error}); make room and try again."
        ) from error


def _free_name(spec: ModelSpec, path: Path, digest: str) -> tuple[str, Path]:
    """A name made of the file's, and its place: one that is free, or holds the same file already."""
    plain = re.sub(r"[^\w.-]+", "-", path.stem).strip("-.")[:LONGEST_NAME] or "weights"
    number, stem = 1, plain
    while (target := weights.import_path(spec, stem)).exists() and _origin(target) != digest:
        number += 1
        stem = f"{plain}-{number}"
    return stem, target


def _origin(target: Path) -> str:
    """The SHA-256 of the file that a copy was made of, "" where it cannot be told."""
    try:
        with safetensors.safe_open(target, "pt") as file:
            return str((file.metadata() or {}).get("sha256", ""))
    except (SafetensorError, OSError):
        return ""
