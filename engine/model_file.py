"""The .thaw file: one model with all it needs to be used, for ever and without Thaw's training half.

A zip of stored (never compressed) members: manifest.json, model.onnx, card.md, mostly head.onnx, and perhaps more.
Nothing in it is ever unpickled, executed or extracted to disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from engine.errors import ModelFileError, RunError
from engine.fit import Fit
from engine.model_card import card
from engine.reachable import is_file, is_folder, is_there
from engine.whole_file import whole_file

FORMAT = 1
MANIFEST, NETWORK, CARD = "manifest.json", "model.onnx", "card.md"
HEAD = "head.onnx"
"""The network from its last feature map on, where that can be asked of one place at a time; see prediction/why.py."""

# One step of the ladder each: the manifest of format N, as read from JSON, to format N + 1.
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

_MANIFEST_BYTES = 64 * 2**20  # far above any real one; a larger one is damage or malice
_CHUNK_BYTES = 2**20
_FIXED_DATE = (1980, 1, 1, 0, 0, 0)  # so that the same model is the same bytes


class Preprocessing(BaseModel):
    """How a photo becomes the network's input. `mean` and `std` are of RGB (or grey) from 0 to 1 and are applied inside
    the graph; they are here for people and for other programs, and empty where several networks differ in them."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    image_size: int = Field(ge=1, le=8192)
    fit: Fit
    interpolation: str = Field(pattern=r"^(bilinear|bicubic)$")
    channels: Literal[1, 3]
    mean: tuple[float, ...]
    std: tuple[float, ...]


class Manifest(BaseModel):
    """What the file says of itself.

    `architecture` knows name, title, parameters, licence, by_place (whether there is a head.onnx). `metrics` is shaped
    like a run's metrics.json. `lineage` knows created, dataset, train_photos, strategy, weights, weights_licence,
    frozen_parameters, frozen_layers, epochs, seed, teacher, members. All keys of these three are optional, and keys not
    named here are kept. `thresholds` maps a class to the confidence below which its label is not to be trusted.
    `members` maps each other member to its SHA-256.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    format: int = FORMAT
    name: str
    classes: tuple[str, ...] = Field(min_length=1)
    preprocessing: Preprocessing
    architecture: dict[str, Any] = {}
    temperature: float = Field(default=1.0, gt=0)
    thresholds: dict[str, float] = {}
    metrics: dict[str, Any] = {}
    lineage: dict[str, Any] = {}
    members: dict[str, str] = {}

    @field_validator("classes", mode="before")
    @classmethod
    def _readable(cls, names: Any) -> Any:
        """Folder names that are not UTF-8 would not survive JSON: they are kept as \\x escapes."""
        if not isinstance(names, list | tuple):
            return names
        return tuple(os.fsencode(n).decode("utf-8", "backslashreplace") if isinstance(n, str) else n for n in names)

    @model_validator(mode="after")
    def _classes_differ(self) -> Manifest:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("two classes have the same name")
        return self


@dataclass(frozen=True)
class ModelFile:
    """An opened model file. It holds no open handle: `read` opens the file again."""

    path: Path
    manifest: Manifest

    def read(self, member: str) -> bytes:
        """The member's bytes. Raises ModelFileError where it is absent or not what was written."""
        wanted = self.manifest.members.get(member)
        if wanted is None:
            raise ModelFileError(f"“{self.path.name}” has no {member} inside; it was not made to be used here.")
        try:
            with zipfile.ZipFile(self.path) as archive:
                content = archive.read(member)
        except OSError as error:
            raise ModelFileError(f"“{self.path}” cannot be read: {error.strerror or error}.") from None
        except (zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
            raise _damaged(self.path, f"{member}: {error}") from None
        if hashlib.sha256(content).hexdigest() != wanted:
            raise _damaged(self.path, f"{member} does not have the SHA-256 that the manifest names")
        return content


def write(path: Path, manifest: Manifest, members: Mapping[str, bytes | Path]) -> Manifest:
    """Write the model file beside `path` and move it into place; the manifest with its hashes is returned.

    A card.md is added where `members` has none. Raises ModelFileError where the disk refuses.
    """
    contents: dict[str, bytes | Path] = {**members}
    contents.setdefault(CARD, card(manifest, NETWORK).encode())
    try:
        hashes = {name: _sha256(content) for name, content in contents.items()}
        complete = manifest.model_copy(update={"members": hashes})
        text = json.dumps(complete.model_dump(mode="json"), indent=1, allow_nan=False)
        with whole_file(path) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
            for name, content in ({MANIFEST: text.encode()} | contents).items():
                _add(archive, name, content)
    except OSError as error:
        raise ModelFileError(f"The model file “{path}” cannot be written: {error.strerror or error}.") from error
    return complete


def open_model(path: Path) -> ModelFile:
    """Read a model file's manifest, migrated to today's format.

    Raises ModelFileError where the file is absent, damaged, newer than this program or none of Thaw's.
    """
    try:
        fields = json.loads(_manifest_bytes(path))
    except OSError as error:
        raise ModelFileError(f"“{path}” cannot be read: {error.strerror or error}.") from None
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(path, str(error)) from None
    try:
        return ModelFile(path, Manifest(**_migrated(path, fields)))
    except ValidationError as error:
        raise _damaged(path, str(error)) from None


def locate(path: Path) -> Path:
    """The .thaw file that a person means by `path`: itself, or the one inside a finished run directory.

    Raises ModelFileError where there is none, RunError where the run is not finished.
    """
    if not is_there(path):
        raise ModelFileError(f"There is no model at “{path}”; name a .thaw file or a run directory.")
    if not is_folder(path):
        return path
    inside = path / "model.thaw"
    if is_file(inside) and is_file(path / "metrics.json"):
        return inside
    if any(is_there(path / name) for name in ("config.toml", "history.csv", "last.pt", "model.thaw")):
        raise RunError("This run has no model yet; resume or finish it.")
    raise ModelFileError(f"“{path}” is a folder without a run in it; name a .thaw file or a run directory.")


def _manifest_bytes(path: Path) -> bytes:
    """The manifest, after the zip's own list of members was found sane. Raises BadZipFile or OSError."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if MANIFEST not in names:
            raise zipfile.BadZipFile(f"no {MANIFEST} inside")
        if len(set(names)) != len(names):
            raise zipfile.BadZipFile("two members have the same name")
        whole = path.stat().st_size
        for info in archive.infolist():
            # A stored member cannot be larger than the file that holds it, so sizes that lie are found here.
            if info.compress_type != zipfile.ZIP_STORED or info.file_size > whole:
                raise zipfile.BadZipFile(f"{info.filename} is not stored as it should be")
        if archive.getinfo(MANIFEST).file_size > _MANIFEST_BYTES:
            raise zipfile.BadZipFile(f"{MANIFEST} is too large")
        return archive.read(MANIFEST)


def _migrated(path: Path, fields: Any) -> dict[str, Any]:
    number = fields.get("format") if isinstance(fields, dict) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise _damaged(path, "the manifest names no format")
    if number > FORMAT:
        raise ModelFileError(
            f"“{path.name}” was made by a newer Thaw (format {number}; this one reads up to {FORMAT}). "
            "Update Thaw to use it."
        )
    while number < FORMAT:
        if number not in MIGRATIONS:
            raise _damaged(path, f"there is no format {number}")
        number += 1
        fields = MIGRATIONS[number - 1](fields) | {"format": number}
    return dict(fields)


def _damaged(path: Path, details: str) -> ModelFileError:
    return ModelFileError(
        f"“{path.name}” is damaged, incomplete or no model file of Thaw's; copy it again or choose another.", details
    )


def _sha256(content: bytes | Path) -> str:
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _add(archive: zipfile.ZipFile, name: str, content: bytes | Path) -> None:
    info = zipfile.ZipInfo(name, _FIXED_DATE)
    info.external_attr = 0o644 << 16
    if isinstance(content, bytes):
        archive.writestr(info, content)
        return
    info.file_size = content.stat().st_size  # tells zipfile beforehand whether it needs its large format
    with content.open("rb") as source, archive.open(info, "w") as target:
        while chunk := source.read(_CHUNK_BYTES):
            target.write(chunk)
