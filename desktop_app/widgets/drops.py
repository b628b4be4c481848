"""What was dropped on the window, and where it belongs. Nothing is asked."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QMimeData

from engine.models.pretrained.files import is_weights_name
from engine.photo_formats import is_photo_name
from engine.reachable import is_file, is_folder

# A look at the first entries is enough to tell, and a folder of a million photos must not keep the window waiting.
ENTRIES_LOOKED_AT = 300
CORRECTIONS = ".thaw-corrections"
SPLIT_NAMES = frozenset(("train", "training", "val", "valid", "validation", "test", "testing"))


@dataclass(frozen=True)
class Drop:
    """`kind` says who takes it: a dataset and corrections go to Data, weights to Model, a model and photos to Predict;
    `refused` says why not."""

    kind: Literal["corrections", "dataset", "model", "photos", "weights", "nothing"]
    paths: tuple[Path, ...] = ()
    refused: str = ""


def dropped_paths(data: QMimeData) -> tuple[Path, ...]:
    """The files and folders of this machine in what is being dragged."""
    return tuple(Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile())


def sort_drop(paths: Sequence[Path]) -> Drop:
    """Tell a dataset, a model and photos apart by what is on disk."""
    packs = [path for path in paths if path.name.lower().endswith(CORRECTIONS)]
    if packs:
        return Drop("corrections", (packs[0],))
    models = [path for path in paths if path.suffix.lower() == ".thaw" or is_run(path)]
    if models:
        return Drop("model", (models[0],))
    if len(paths) == 1 and is_dataset(paths[0]):
        return Drop("dataset", (paths[0],))
    weights = [path for path in paths if is_weights_name(path) and is_file(path)]
    if weights:
        return Drop("weights", tuple(weights))
    photos = [path for path in paths if is_folder(path) or is_photo_name(path)]
    if photos:
        return Drop("photos", tuple(photos))
    name = paths[0].name if paths else ""
    known = "folder, photo, model (.thaw), file of corrections or of weights"
    return Drop("nothing", (), f"“{name}” is no {known}, so there is nothing to do with it.")


def is_run(path: Path) -> bool:
    """Whether it is a run directory that has a model."""
    return is_file(path / "model.thaw")


def is_dataset(folder: Path) -> bool:
    """Whether it looks like one folder of photos per class, split or not. Photos beside the folders, or fewer than two
    folders that hold photos, make it a folder of photos to classify."""
    if not is_folder(folder) or any(is_photo_name(path) for path in _files(folder)):
        return False
    splits = [path for path in _folders(folder) if path.name.casefold() in SPLIT_NAMES]
    if splits and any(is_dataset(split) for split in splits):
        return True
    with_photos = (path for path in _folders(folder) if any(is_photo_name(file) for file in _files(path)))
    return len(list(itertools.islice(with_photos, 2))) == 2


def _files(folder: Path) -> Iterator[Path]:
    return (Path(entry.path) for entry in _entries(folder) if not _is_folder(entry))


def _folders(folder: Path) -> Iterator[Path]:
    return (Path(entry.path) for entry in _entries(folder) if _is_folder(entry))


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            shown = (entry for entry in entries if not entry.name.startswith("."))
            return list(itertools.islice(shown, ENTRIES_LOOKED_AT))
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False
