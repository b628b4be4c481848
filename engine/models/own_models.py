"""Models of the person's own: TOML files in their folder of models, one row of the catalog each.

A file names a `base` (a model that Thaw knows, with a state dict of one's own), a `builder` (a Python file with
`build(classes: int) -> nn.Module`, loaded only when the network is built), or holds the `rows` of the teaching builder.
No torch.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import ConfigError, ThawError
from engine.models.blocks import block_of, in_block
from engine.models.network.files import models_folder
from engine.models.network.rows import make_network
from engine.models.network.spec import spec_of
from engine.models.spec import IMAGENET_MEAN, IMAGENET_STD, Head, ModelSpec
from engine.reachable import is_file

FAMILY = "Own"
_WORDS = ("title", "summary", "licence", "weights", "builder", "initialisation")
"""Keys of a file that change nothing of a network that has its weights; a builder counts by what it holds."""

_Share = Annotated[float, Field(ge=0, le=1)]
_Deviation = Annotated[float, Field(gt=0, le=1)]
_Size = Annotated[int, Field(ge=16, le=1024)]


class _Head(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    path: Annotated[str, Field(min_length=1)]
    kind: Literal["linear", "conv", "pooled-conv"] = "linear"
    features: Annotated[int, Field(ge=1)]


class _Description(BaseModel):
    """The keys of a TOML file, but for the `rows` of the teaching builder."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    summary: str | None = None
    licence: str | None = None
    base: str | None = None
    builder: Path | None = None
    weights: Path | None = None
    input_size: _Size | None = None
    smallest_size: _Size | None = None
    fixed_size: bool | None = None
    channels: Literal[1, 3] | None = None
    mean: tuple[_Share, ...] | None = None
    std: tuple[_Deviation, ...] | None = None
    interpolation: Literal["bilinear", "bicubic"] | None = None
    head: _Head | None = None
    blocks: Annotated[tuple[str | tuple[str, ...], ...], Field(min_length=1)] | None = None
    last_blocks: Annotated[int, Field(ge=1)] | None = None
    maps: str | None = None


def read_own_models(
    find_base: Callable[[str], ModelSpec], known: Mapping[str, ModelSpec]
) -> tuple[dict[str, ModelSpec], tuple[str, ...]]:
    """The models in the person's folder by name, and a sentence for each file that cannot be used.

    `find_base` finds the row that a file names as its base; a name that is `known` already cannot be taken.
    """
    found, problems = {}, []
    for path in sorted(models_folder().glob("*.toml")):
        try:
            if path.stem in known:
                raise ConfigError(f"{path}: the name “{path.stem}” is taken; give the file another.")
            found[path.stem] = read_own_model(path, find_base)
        except ThawError as error:
            problems.append(str(error))
    return found, tuple(problems)


def as_written(spec: ModelSpec) -> str:
    """What a model of one's own is, as its files say now (SHA-256, hex), but for words and first weights; "" for any
    other model. Raises ConfigError or OSError where one of them is gone."""
    if spec.definition is None:
        return ""
    values = {key: value for key, value in _values(spec.definition).items() if key not in _WORDS}
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    digest.update(spec.builder.read_bytes() if spec.builder else b"")
    return digest.hexdigest()


def read_own_model(path: Path, find_base: Callable[[str], ModelSpec]) -> ModelSpec:
    """The row that one file describes. Raises ConfigError with a sentence that names the file and the key."""
    values = _values(path)
    if "rows" in values:
        return spec_of(make_network(values, str(path)), path.stem, path)
    described = _checked(values, path)
    if (described.base is None) == (described.builder is None):
        raise ConfigError(f"{path}: give one of base, builder and rows.")
    spec = _from_base(described, path, find_base) if described.base is not None else _from_builder(described, path)
    _check_pixels(spec, path)
    _check_blocks(spec, path)
    return spec


def _values(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} cannot be read as TOML: {error}.") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{path} cannot be read: {reason}.") from None


def _checked(values: dict[str, Any], path: Path) -> _Description:
    try:
        return _Description.model_validate(values)
    except ValidationError as error:
        sentences = dict.fromkeys(_sentence(item) for item in error.errors())
        raise ConfigError(f"{path}: {' '.join(sentences)}") from None


def _sentence(item: Any) -> str:
    """One of pydantic's findings, naming its key."""
    key = ".".join(str(part) for part in item["loc"][:2] if isinstance(part, str))
    if item["type"] == "extra_forbidden":
        keys = _Head.model_fields if "." in key else (*_Description.model_fields, "rows")
        return f"There is no key “{key}”; there are {', '.join(keys)}."
    if item["type"] == "missing":
        return f"The key “{key}” is missing."
    reason = item["msg"].replace("Input should", "must").replace("Value error, ", "")
    return f"The key “{key}” {reason}, not {item['input']!r}."


def _from_base(described: _Description, path: Path, find_base: Callable[[str], ModelSpec]) -> ModelSpec:
    """The base's row with what the file says instead. The base's own weights stay a choice where it brings none."""
    assert described.base is not None
    try:
        base = find_base(described.base)
    except ThawError as error:
        raise ConfigError(f"{path}: the key “base” names no model. {error}") from None
    for key in ("channels", "fixed_size"):
        if getattr(described, key) not in (None, getattr(base, key)):
            raise ConfigError(f"{path}: the key “{key}” cannot differ from that of {base.title}; leave it out.")
    if base.fixed_size and described.input_size not in (None, base.input_size):
        raise ConfigError(f"{path}: the key “input_size” must be {base.input_size}, as {base.title} takes no other.")
    own = _own_file(described.weights, "weights", path)
    changes: dict[str, Any] = _given(described) | {
        "name": path.stem,
        "title": described.title or path.stem,
        "family": FAMILY,
        "summary": described.summary if described.summary is not None else f"{base.title}, described by {path.name}.",
        "base": base.library_name,
        "needs": (),
        "curated": False,
        "definition": path,
        "own_weights": own,
        "weights": () if own else base.weights,
        "licence": described.licence or ("" if own else base.licence),
    }
    return dataclasses.replace(base, **changes)


def _from_builder(described: _Description, path: Path) -> ModelSpec:
    for key in ("title", "head", "input_size", "blocks"):
        if getattr(described, key) is None:
            raise ConfigError(f"{path}: the key “{key}” is missing; a builder needs it.")
    assert described.title and described.head and described.input_size
    channels = described.channels or 3
    colour = channels == 3
    fields: dict[str, Any] = {
        "smallest_size": 32,
        "mean": IMAGENET_MEAN if colour else (0.5,),
        "std": IMAGENET_STD if colour else (0.5,),
        "last_blocks": 1,
        "maps": "",
    } | _given(described)
    if described.fixed_size:
        fields["smallest_size"] = described.input_size
    return ModelSpec(
        name=path.stem,
        title=described.title,
        family=FAMILY,
        summary=described.summary or f"Built by {described.builder}.",
        year=0,
        source="own",
        parameters=0,
        channels=channels,
        licence=described.licence or "",
        curated=False,
        definition=path,
        builder=_own_file(described.builder, "builder", path),
        own_weights=_own_file(described.weights, "weights", path),
        **fields,
    )


def _given(described: _Description) -> dict[str, Any]:
    """The fields of ModelSpec that the file sets as they are."""
    names = (
        "input_size", "smallest_size", "fixed_size", "mean", "std", "interpolation", "last_blocks", "maps",
    )  # fmt: skip
    given = {name: getattr(described, name) for name in names if getattr(described, name) is not None}
    if described.head:
        given["head"] = Head(described.head.path, described.head.kind, described.head.features)
    if described.blocks:
        given["blocks"] = tuple((block,) if isinstance(block, str) else tuple(block) for block in described.blocks)
    return given


def _own_file(named: Path | None, key: str, path: Path) -> Path | None:
    """A file that the TOML file names, relative to its own folder. Raises ConfigError where it is not there."""
    if named is None:
        return None
    found = path.parent / named.expanduser()
    if not is_file(found):
        raise ConfigError(f"{path}: the key “{key}” names {found}, which is no file.")
    return found


def _check_pixels(spec: ModelSpec, path: Path) -> None:
    for key in ("mean", "std"):
        if len(getattr(spec, key)) != spec.channels:
            raise ConfigError(f"{path}: the key “{key}” must have {spec.channels} numbers, one a channel.")
    if spec.smallest_size > spec.input_size:
        raise ConfigError(
            f"{path}: the key “smallest_size” ({spec.smallest_size}) is above “input_size” ({spec.input_size})."
        )


def _check_blocks(spec: ModelSpec, path: Path) -> None:
    head = len(spec.blocks) - 1
    inside = any(in_block(spec.head.path, (prefix,)) for prefixes in spec.blocks for prefix in prefixes)
    if not inside or block_of(spec.head.path, spec.blocks) != head:
        raise ConfigError(f"{path}: the last of “blocks” must hold the head, “{spec.head.path}”.")
    if spec.last_blocks > head:
        raise ConfigError(f"{path}: the key “last_blocks” must be at most {head}, the blocks before the head.")
