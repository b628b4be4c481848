"""Pretrained weights: where they are looked for, how they are verified, and how official ones are fetched.

Light: nothing here reads a tensor. A file is never unpickled; see `build.read_state_dict`.
"""

from __future__ import annotations

import hashlib
import os
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs

import resources
from engine.control import Control
from engine.errors import WeightsError
from engine.events import Transferred
from engine.models.catalog import ModelSpec, WeightsSource

OWN_SUFFIXES = (".safetensors", ".pth", ".pt")
CHUNK_BYTES = 1 << 20
PART_SUFFIX = ".part"


@dataclass(frozen=True)
class FoundWeights:
    """`official` is None for a state dict of the person's own, named after the model."""

    path: Path
    official: WeightsSource | None

    @property
    def description(self) -> str:
        if self.official:
            return f"official ImageNet weights ({self.path.name})"
        return f"a file of your own ({self.path.name}), not the official weights"


def cache_folder() -> Path:
    """Where fetched weights are kept."""
    return Path(platformdirs.user_cache_dir("Thaw", appauthor=False)) / "weights"


def search_folders(weights_dir: Path | None = None) -> tuple[Path, ...]:
    """The folders looked in, first match wins."""
    torch_home = os.environ.get("TORCH_HOME") or os.path.join(  # noqa: PTH118
        os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache")), "torch"
    )
    named = os.environ.get("THAW_WEIGHTS_DIR")
    return (
        *((weights_dir,) if weights_dir else ()),
        *((Path(named),) if named else ()),
        Path(resources.__file__).parent / "weights",
        cache_folder(),
        Path(torch_home) / "hub" / "checkpoints",
    )


def find(spec: ModelSpec, weights_dir: Path | None = None) -> FoundWeights | None:
    """The first file that is there for this model, unverified (a list of models must be cheap)."""
    for folder in search_folders(weights_dir):
        for source in spec.weights:
            if (folder / source.file_name).is_file():
                return FoundWeights(folder / source.file_name, source)
        for suffix in OWN_SUFFIXES:
            own = folder / (spec.name + suffix)
            if own.is_file():
                return FoundWeights(own, None)
    return None


def verify(found: FoundWeights) -> None:
    """Raises WeightsError where an official file is not what its name promises."""
    if found.official and not _sha256(found.path).startswith(found.official.sha256_start):
        raise WeightsError(
            f"{found.path} is not the file its name says: it is damaged or incomplete. Delete it, and it will "
            "be fetched again."
        )


def obtain(
    spec: ModelSpec, weights_dir: Path | None = None, *, offline: bool = False, control: Control | None = None
) -> Generator[Transferred, None, FoundWeights]:
    """Find and verify the model's weights, fetching the official ones where none are here; returns what was found.

    Raises WeightsError where the row has none, the network is needed but not allowed or not there, or a file is bad.
    """
    found = find(spec, weights_dir)
    if found is None:
        if not spec.weights:
            raise WeightsError(f"{spec.title} has no pretrained weights; choose the strategy “from-scratch”.")
        if offline:
            raise WeightsError(_missing(spec))
        path = yield from fetch(spec.weights[0], cache_folder(), control)
        found = FoundWeights(path, spec.weights[0])
    verify(found)
    return found


def fetch(source: WeightsSource, folder: Path, control: Control | None = None) -> Generator[Transferred, None, Path]:
    """Download to `folder`, going on from a part file where one was left; returns the verified file's path."""
    target = folder / source.file_name
    part = target.with_name(target.name + PART_SUFFIX)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield from _transfer(source, part, control or Control())
    except OSError as error:
        cause = getattr(error, "reason", error)
        reason = getattr(cause, "strerror", None) or cause
        raise WeightsError(
            f"The weights {source.file_name} could not be fetched ({reason}). Connect to the network, "
            f"or put the file in {folder}."
        ) from error
    if not _sha256(part).startswith(source.sha256_start):
        part.unlink()
        raise WeightsError(f"The weights {source.file_name} arrived damaged; try again.")
    part.replace(target)
    return target


def _transfer(source: WeightsSource, part: Path, control: Control) -> Iterator[Transferred]:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(source.url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part is whole already (or longer than the file: then its hash will not fit)
            return
        raise
    with answer, part.open("ab" if answer.status == 206 else "wb") as file:
        have = have if answer.status == 206 else 0
        total = have + int(answer.headers.get("Content-Length") or 0)
        told = 0.0
        while chunk := answer.read(CHUNK_BYTES):
            if control.stopping:
                raise WeightsError("Fetching the weights was stopped; what has arrived is kept for the next time.")
            file.write(chunk)
            have += len(chunk)
            if time.monotonic() - told > 0.2:
                told = time.monotonic()
                yield Transferred(source.file_name, have, total)
    yield Transferred(source.file_name, have, max(total, have))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _missing(spec: ModelSpec) -> str:
    names = " or ".join([source.file_name for source in spec.weights] + [spec.name + ".pth"])
    return (
        f"The weights of {spec.title} are not on this machine, and it is offline. Put {names} in a folder and name it "
        f"with --weights-dir (or THAW_WEIGHTS_DIR), or choose the strategy “from-scratch”."
    )
