"""The tables of a run directory: dataset.csv, history.csv, predictions.csv, layers.csv."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from engine.dataset.index import Photo
from engine.errors import RunError
from engine.events import EpochFinished
from engine.runs.files import DATASET, HISTORY, LAYERS, PREDICTIONS
from engine.whole_file import whole_file


@dataclass(frozen=True)
class PredictionRow:
    """One val or test photo of a run; `probabilities` are calibrated, in the order of the classes."""

    path: Path
    split: str
    label: str
    predicted: str
    probabilities: tuple[float, ...]

    @property
    def confidence(self) -> float:
        return max(self.probabilities)


@dataclass(frozen=True)
class LayerHash:
    """A row of layers.csv. The hashes (SHA-256, hex) are over names, types, shapes and bytes of the layer's own
    parameters and buffers; `sha256_after` is "" until the run has ended."""

    layer: str
    trained: bool
    sha256_before: str
    sha256_after: str = ""


@dataclass(frozen=True)
class LayerProof:
    """Whether a layer was to train in the run, and whether its tensors and statistics are bit for bit as before it."""

    trained: bool
    unchanged: bool


@contextlib.contextmanager
def _whole_table(path: Path) -> Iterator[TextIO]:
    """A table to write in place of the one at `path`; names that are not UTF-8 survive."""
    with whole_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="")
        yield text
        text.flush()
        text.detach()


Stamp = tuple[int, int]
"""A file's size in bytes and when it was modified, in ns: as long as both stay, its content is taken to."""


def write_dataset(
    run_dir: Path, photos: Sequence[Photo], hashes: Sequence[str], root: Path, stamps: Sequence[Stamp | None] = ()
) -> None:
    """dataset.csv: `path` is relative to the root that its first line names, absolute where it lies outside. `stamps`
    are those of the hashed contents, None where not known."""
    lines = [["root", str(root), *[""] * 4], ["path", "label", "split", "sha256", "bytes", "modified_ns"]]
    lines += [
        [_below(photo.path, root), photo.label, photo.split, digest, *map(str, stamp or ("", ""))]
        for photo, digest, stamp in zip(photos, hashes, stamps or [None] * len(photos), strict=True)
    ]
    with _whole_table(run_dir / DATASET) as file:
        csv.writer(file).writerows(lines)


def _below(path: Path, root: Path) -> str:
    return str(path.relative_to(root) if path.is_relative_to(root) else path)


def read_dataset(run_dir: Path) -> tuple[Path, tuple[Photo, ...], tuple[str, ...]]:
    """(root, photos, hashes) of dataset.csv, photos in the order the run numbers them."""
    with (run_dir / DATASET).open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        (_, root_text, *_), _, *rows = csv.reader(file)
    root = Path(root_text)
    photos: list[Photo] = []
    for path, label, split, *_ in rows:
        if split not in ("train", "val", "test"):
            raise RunError(f"{run_dir / DATASET} names a split “{split}” that there is not; the run cannot go on.")
        photos.append(Photo(root / path, label, split))  # type: ignore[arg-type]
    return root, tuple(photos), tuple(row[3] for row in rows)


def read_stamps(run_dir: Path) -> tuple[Stamp | None, ...]:
    """The stamps of dataset.csv, in the order of its photos; runs of earlier versions have none."""
    with (run_dir / DATASET).open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        _, _, *rows = csv.reader(file)
    return tuple((int(row[4]), int(row[5])) if len(row) > 5 and row[4] else None for row in rows)


def append_history(run_dir: Path, epoch: EpochFinished) -> None:
    """Add a row to history.csv and flush it to the disk. A row that was cut off before, by a full disk, goes."""
    path = run_dir / HISTORY
    if not _ends_whole(path):
        write_history(run_dir, (*read_history(run_dir), epoch))
        return
    with path.open("a", newline="", encoding="utf-8") as file:
        csv.DictWriter(file, dataclasses.asdict(epoch)).writerow(_cells(epoch))
        file.flush()
        os.fsync(file.fileno())


def write_history(run_dir: Path, epochs: Iterable[EpochFinished]) -> None:
    """Write history.csv anew, whole."""
    with _whole_table(run_dir / HISTORY) as file:
        writer = csv.DictWriter(file, [field.name for field in dataclasses.fields(EpochFinished)])
        writer.writeheader()
        writer.writerows(_cells(epoch) for epoch in epochs)


def _cells(epoch: EpochFinished) -> dict[str, Any]:
    return {key: "" if value is None else value for key, value in dataclasses.asdict(epoch).items()}


def _ends_whole(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


def read_history(run_dir: Path) -> tuple[EpochFinished, ...]:
    """The epochs done so far; a row that a crash left half written is left out."""
    path = run_dir / HISTORY
    if not path.is_file():
        return ()
    found = []
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            try:
                # Runs of earlier versions lack what was added since; its default stands for it.
                named = {f.name for f in dataclasses.fields(EpochFinished)} & row.keys()
                found.append(EpochFinished(**{name: _number(row[name]) for name in named}))
            except (ValueError, TypeError, KeyError):
                continue
    return tuple(found)


def cut_history(run_dir: Path, epochs: int) -> None:
    """Keep the rows of the first `epochs` epochs: what came after the checkpoint is done again on resume."""
    if (run_dir / HISTORY).exists():
        write_history(run_dir, [row for row in read_history(run_dir) if row.epoch <= epochs])


def _number(text: str) -> Any:
    if text == "":
        return None
    return float(text) if any(sign in text for sign in ".en") else int(text)


def write_predictions(run_dir: Path, rows: Iterable[PredictionRow], classes: Sequence[str]) -> None:
    """predictions.csv: path, split, label, predicted, then a probability for each class."""
    with _whole_table(run_dir / PREDICTIONS) as file:
        writer = csv.writer(file)
        writer.writerow(["path", "split", "label", "predicted", *classes])
        for row in rows:
            numbers = [f"{value:.6f}" for value in row.probabilities]
            writer.writerow([row.path, row.split, row.label, row.predicted, *numbers])


def read_predictions(run_dir: Path) -> tuple[PredictionRow, ...]:
    """What the run answered; nothing where it has not come so far. Raises RunError where the table is damaged."""
    path = run_dir / PREDICTIONS
    if not path.is_file():
        return ()
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            rows = csv.reader(file)
            next(rows, None)
            return tuple(
                PredictionRow(Path(place), split, label, predicted, tuple(map(float, numbers)))
                for place, split, label, predicted, *numbers in rows
            )
    except (ValueError, csv.Error) as error:
        raise RunError(f"{path} is damaged, so the run's answers cannot be read; its model still answers.") from error


def write_layers(run_dir: Path, rows: Iterable[LayerHash]) -> None:
    """layers.csv: a row for every layer that owns parameters or buffers."""
    with _whole_table(run_dir / LAYERS) as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in dataclasses.fields(LayerHash)])
        writer.writerows([row.layer, int(row.trained), row.sha256_before, row.sha256_after] for row in rows)


def read_layers(run_dir: Path) -> tuple[LayerHash, ...]:
    """The rows of layers.csv; none where it is not there or cannot be read."""
    try:
        with (run_dir / LAYERS).open(newline="", encoding="utf-8") as file:
            _, *rows = csv.reader(file)
        return tuple(LayerHash(layer, bool(int(trained)), before, after) for layer, trained, before, after in rows)
    except (OSError, ValueError):
        return ()


def read_layer_proof(run_dir: Path) -> dict[str, LayerProof]:
    """What a run's hashes prove of each layer, by dotted name; empty while the run has not ended."""
    return {
        row.layer: LayerProof(row.trained, row.sha256_before == row.sha256_after)
        for row in read_layers(run_dir)
        if row.sha256_after
    }
