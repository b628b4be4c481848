"""Pretrained weights: where they are looked for, which of a model's there are, and how a file is verified.

Light: nothing here reads a tensor, and a file is never unpickled; see `state_file`. Fetching is in `fetch`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

import resources
from engine.control import Control
from engine.errors import WeightsError
from engine.events import Transferred
from engine.models.pretrained.fetch import fetch, sha256_of, sidecar
from engine.models.pretrained.files import SUFFIXES, is_weights_name
from engine.models.spec import ModelSpec, WeightsSource
from engine.reachable import is_file

OWN = "own"
_BETWEEN = f".{OWN}."


@dataclass(frozen=True)
class FoundWeights:
    """A file with weights for a model. `official` is None for one of the person's own; `own_name` then says which."""

    path: Path
    official: WeightsSource | None
    own_name: str = OWN

    @property
    def name(self) -> str:
        """The value of the setting `weights` that chooses this file."""
        return self.official.name if self.official else self.own_name

    @property
    def trained_on(self) -> str:
        """What the weights were trained on, as far as that is known."""
        if self.official:
            return self.official.title
        return f"your own, {self.own_name.removeprefix(OWN + ':')}" if self.own_name != OWN else "your own"

    @property
    def description(self) -> str:
        if self.official:
            return f"official weights trained on {self.official.title} ({self.path.name})"
        return f"a file of your own ({self.path.name}), not the official weights"


def cache_folder() -> Path:
    """Where fetched and imported weights are kept."""
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


Shelves = Sequence[tuple[Path, Collection[str]]]
"""The folders looked in, each with the names of its files."""


def shelves(weights_dir: Path | None = None) -> Shelves:
    """What is in the folders now, read once for a look at many models."""
    return [(folder, _files_in(folder)) for folder in search_folders(weights_dir)]


def _files_in(folder: Path) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries if entry.is_file())
    except OSError:
        return frozenset()


def found_for(
    spec: ModelSpec, weights_dir: Path | None = None, here: Shelves | None = None
) -> tuple[FoundWeights, ...]:
    """Every choice that is on this machine, unverified, the one taken by default first.

    A folder that is looked in earlier goes before a later one; in each, official weights, best first, go before a file
    named after the model. What was imported comes last: it is taken only where it is chosen, or alone. `here` are the
    shelves where they were read already.
    """
    found: dict[str, FoundWeights] = {}
    for one in _looked_up(spec, shelves(weights_dir) if here is None else here):
        found.setdefault(one.name, one)
    return tuple(found.values())


def _looked_up(spec: ModelSpec, here: Shelves) -> Iterator[FoundWeights]:
    if spec.own_weights:  # of a model of one's own, named in its file
        yield FoundWeights(spec.own_weights, None)
    plain, imported, kept = _flat(spec), _flat(spec) + _BETWEEN, cache_folder()
    for folder, names in here:
        for source in spec.weights:
            if source.file_name in names:
                yield FoundWeights(folder / source.file_name, source)
        for suffix in SUFFIXES:
            if plain + suffix in names:
                yield FoundWeights(folder / (plain + suffix), None)
    for folder, names in here:
        for name in sorted(names) if folder == kept else ():
            if name.startswith(imported) and name.endswith(".safetensors"):
                stem = name.removeprefix(imported).removesuffix(".safetensors")
                yield FoundWeights(folder / name, None, f"{OWN}:{stem}")


def import_path(spec: ModelSpec, stem: str) -> Path:
    """Where a file imported as `own:STEM` is kept."""
    return cache_folder() / f"{_flat(spec)}{_BETWEEN}{stem}.safetensors"


def _flat(spec: ModelSpec) -> str:
    return spec.name.replace("/", "-")


def find(spec: ModelSpec, weights_dir: Path | None = None, name: str | None = None) -> FoundWeights | None:
    """The chosen file, unverified (a list of models must be cheap); None where it is not on this machine.

    `name` is that of one of the row's sources, `own`, `own:NAME`, or the path of a file; None takes the first found.
    Raises WeightsError for a path without a file, and for a name that the row does not know.
    """
    here = found_for(spec, weights_dir)
    if name is None:
        return here[0] if here else None
    for one in here:
        if one.name == name:
            return one
    if any(source.name == name for source in spec.weights):
        return None
    path = Path(name).expanduser()
    if is_file(path):
        return FoundWeights(path, None, str(path))
    if len(path.parts) > 1 or is_weights_name(path):
        raise WeightsError(f"There is no file {path} to read weights from.")
    names = dict.fromkeys([source.name for source in spec.weights] + [one.name for one in here])
    known = f"; there are {', '.join(names)}" if names else ""
    raise WeightsError(f"{spec.title} has no weights named “{name}”{known}, or give the path of a file.")


def verify(found: FoundWeights) -> bool:
    """Whether the file is known to be what its source offers; False where there is nothing to compare it with.

    Raises WeightsError where an official file is not what it should be.
    """
    promised = _promised(found)
    if promised and not sha256_of(found.path).startswith(promised):
        raise WeightsError(
            f"{found.path} is not the file its name says: it is damaged or incomplete. Delete it, and it will "
            "be fetched again."
        )
    return bool(promised)


def _promised(found: FoundWeights) -> str:
    """The first digits of the SHA-256 of an official file, from its name or from beside it."""
    if found.official is None:
        return ""
    if found.official.sha256_start:
        return found.official.sha256_start
    try:
        stated = sidecar(found.path).read_text(encoding="ascii").split()[:1]
    except (OSError, UnicodeDecodeError):
        return ""
    return stated[0] if stated and len(stated[0]) == 2 * hashlib.sha256().digest_size else ""


def obtain(
    spec: ModelSpec,
    weights_dir: Path | None = None,
    *,
    name: str | None = None,
    offline: bool = False,
    control: Control | None = None,
) -> Generator[Transferred, None, FoundWeights]:
    """Find and verify the model's weights, fetching official ones that are not here; returns what was found.

    `name` chooses as in `find`. Raises WeightsError where the row has none, the network is needed but not allowed or
    not there, or a file is bad.
    """
    found = find(spec, weights_dir, name)
    if found is not None:
        verify(found)
        return found
    if not spec.weights:
        raise WeightsError(f"{spec.title} has no pretrained weights; choose the strategy “from-scratch”.")
    source = source_named(spec, name)
    if offline:
        raise WeightsError(_missing(spec, source if name else None))
    path = yield from fetch(source, cache_folder(), control)
    return FoundWeights(path, source)


def source_named(spec: ModelSpec, name: str | None) -> WeightsSource:
    """The row's source of that name, the best for None. Raises WeightsError where there is none."""
    for source in spec.weights:
        if name in (None, source.name):
            return source
    if not spec.weights:
        raise WeightsError(f"{spec.title} has no official weights to fetch.")
    names = ", ".join(source.name for source in spec.weights)
    raise WeightsError(f"{spec.title} has no official weights named “{name}”; there are {names}.")


def _missing(spec: ModelSpec, source: WeightsSource | None) -> str:
    wanted = [source.file_name] if source else [one.file_name for one in spec.weights] + [_flat(spec) + ".pth"]
    return (
        f"The weights of {spec.title} are not on this machine, and it is offline. Put {' or '.join(wanted)} in a "
        f"folder and name it with --weights-dir (or THAW_WEIGHTS_DIR), or choose the strategy “from-scratch”."
    )
