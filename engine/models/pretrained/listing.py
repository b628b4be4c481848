"""`thaw weights list` and `get`: what pretrained weights there are, on this machine and to fetch; fetching several."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from pathlib import Path

from engine.control import Control
from engine.errors import WeightsError
from engine.events import Notice, Transferred, WeightsFetched, WeightsListed
from engine.models import timm_models
from engine.models.catalog import CATALOG, find_model, own_models
from engine.models.pretrained import weights
from engine.models.pretrained.fetch import FetchStopped, fetch, part_of, sidecar
from engine.models.pretrained.weights import FoundWeights
from engine.models.spec import ModelSpec, WeightsSource

BYTES_PER_PARAMETER = 4
REMOVED_SUFFIX = ".removed"
_MAY_BE_TIMM = re.compile(r"[\w-]+\.[\w.-]+\.safetensors(\.part)?").fullmatch
BETWEEN = "@"
"""In `MODEL@WEIGHTS`, which names one choice of a model's weights."""


def list_weights(weights_dir: Path | None = None, *, verify: bool = False) -> Iterator[WeightsListed]:
    """A row for each choice of each curated model, of each of the person's own, and of any other that has files here;
    official ones first. With `verify` each file here is hashed."""
    shelves = weights.shelves(weights_dir)
    for spec in (*CATALOG.values(), *own_models()[0].values(), *_others_of_timm(shelves)):
        yield from _rows_of(spec, shelves, verify)


def _others_of_timm(shelves: weights.Shelves) -> Iterator[ModelSpec]:
    """What timm has beside the curated models, as far as there is a file for it: `ARCHITECTURE.TAG.safetensors`."""
    files = [name for _, names in shelves for name in names if _MAY_BE_TIMM(name)]
    for name in sorted({file.partition(".")[0].removeprefix("timm-") for file in files}):
        row = f"{timm_models.PREFIX}{name}"
        if row not in CATALOG and name not in CATALOG and (spec := timm_models.find(row)):
            yield spec


def _rows_of(spec: ModelSpec, shelves: weights.Shelves, verify: bool) -> Iterator[WeightsListed]:
    here = {one.name: one for one in weights.found_for(spec, here=shelves)}
    for source in spec.weights:
        found = here.pop(source.name, None)
        yield _found_row(spec, found, verify) if found else _absent_row(spec, source)
    for own in here.values():
        yield _found_row(spec, own, verify)


def _found_row(spec: ModelSpec, found: FoundWeights, verify: bool) -> WeightsListed:
    state, verified = "here" if found.official else "own", False
    if verify:
        try:
            verified = weights.verify(found)
        except WeightsError:
            state = "damaged"
    official = found.official
    return WeightsListed(
        model=spec.name,
        title=spec.title,
        name=found.name,
        trained_on=found.trained_on,
        licence=(official.licence or spec.licence) if official else "",
        state=state,
        size_bytes=found.path.stat().st_size,
        path=found.path,
        url=official.url if official else "",
        verified=verified,
    )


def _absent_row(spec: ModelSpec, source: WeightsSource) -> WeightsListed:
    part = part_of(weights.cache_folder() / source.file_name)
    received = part.stat().st_size if part.is_file() else 0
    return WeightsListed(
        model=spec.name,
        title=spec.title,
        name=source.name,
        trained_on=source.title,
        licence=source.licence or spec.licence,
        state="partly" if received else "absent",
        size_bytes=BYTES_PER_PARAMETER * spec.parameters,
        received_bytes=received,
        url=source.url,
    )


def get_weights(
    names: Sequence[str], weights_dir: Path | None = None, control: Control | None = None
) -> Generator[Transferred | WeightsFetched | Notice, None, None]:
    """Fetch the weights of several models, one after another: each name is MODEL or MODEL@WEIGHTS.

    What is here already is verified and told at once. One that fails is a Notice of kind "weights_failed", and the
    others go on; then, at the end, or at once for a name that is wrong, WeightsError is raised. A stop is an ordinary
    end, and keeps what has arrived for the next time.
    """
    control = control or Control()
    wanted = [_named(name) for name in dict.fromkeys(names)]
    failed: list[str] = []
    for spec, source in wanted:
        try:
            path = yield from _got(spec, source, weights_dir, control)
        except FetchStopped:
            return
        except WeightsError as error:
            failed.append(str(error))
            if len(wanted) > 1:
                yield Notice(str(error), "weights_failed")
            continue
        yield WeightsFetched(spec.name, source.name, path, path.stat().st_size)
    if len(wanted) == 1 and failed:
        raise WeightsError(failed[0])
    if failed:
        raise WeightsError(f"{len(failed)} of {len(wanted)} files of weights could not be fetched.", "\n".join(failed))


def _named(name: str) -> tuple[ModelSpec, WeightsSource]:
    model, _, choice = name.partition(BETWEEN)
    spec = find_model(model)
    return spec, weights.source_named(spec, choice or None)


def _got(
    spec: ModelSpec, source: WeightsSource, weights_dir: Path | None, control: Control
) -> Generator[Transferred, None, Path]:
    found = weights.find(spec, weights_dir, source.name)
    if found is not None:
        try:
            weights.verify(found)
            return found.path
        except WeightsError:
            if found.path.parent != weights.cache_folder():  # a folder of the person's own is not ours to change
                raise
            found.path.unlink()
    if control.stopping:
        raise FetchStopped("Fetching was stopped.")
    return (yield from fetch(source, weights.cache_folder(), control))


def files_of(row: WeightsListed) -> tuple[Path, ...]:
    """The files that removing the row takes away: only ones that Thaw itself fetched or copied, so maybe none."""
    folder = weights.cache_folder()
    if row.path is not None:
        ours = row.path.parent == folder and row.name != weights.OWN
        whole = (row.path, sidecar(row.path)) if ours else ()
        return tuple(path for path in whole if path.is_file())
    source = next((one for one in find_model(row.model).weights if one.name == row.name), None)
    part = part_of(folder / source.file_name) if source else None
    return (part,) if part and part.is_file() else ()


def remove(files: Iterable[Path]) -> tuple[Path, ...]:
    """Take files out of the way; `restore` brings them back until `forget_removed`. Returns those that went.

    Where one cannot be taken away, none is. Raises OSError.
    """
    gone: list[Path] = []
    try:
        for path in files:
            path.replace(_removed(path))
            gone.append(path)
    except OSError:
        restore(gone)
        raise
    return tuple(gone)


def restore(files: Iterable[Path]) -> None:
    """Undo `remove` of these files."""
    for path in files:
        _removed(path).replace(path)


def forget_removed() -> None:
    """Delete for good what was removed, also by a program that did not come to its end."""
    for path in weights.cache_folder().glob(f"*{REMOVED_SUFFIX}"):
        path.unlink(missing_ok=True)


def _removed(path: Path) -> Path:
    return path.with_name(path.name + REMOVED_SUFFIX)
