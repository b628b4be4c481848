"""The dataset that corrections are merged into: what it holds by content, and the folder of each class."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Collection, Iterator
from pathlib import Path

from engine.dataset.index import DatasetIndex, Photo, class_name
from engine.errors import DatasetError
from engine.photos import printable
from engine.prediction.sorting.names import folded, safe_name


class Target:
    """New photos go to the class folders of the dataset, to those for training where it is split: what measures a model
    stays as it is."""

    def __init__(self, index: DatasetIndex) -> None:
        """Raises DatasetError where it has nothing to train on."""
        self.index = index
        self.root = index.root
        self._holder = _holder(self.index)
        self._folders = _folders(self._holder)
        self._labels = {folded(label): label for label in self.index.classes}

    def label(self, said: str) -> str:
        """The dataset's own name of a class, which may differ in case; "" where it has no such class."""
        return said if said in self.index.classes else self._labels.get(folded(said), "")

    def folder(self, label: str) -> Path:
        """Where photos of a class belong, whether or not it is there; always directly in the dataset."""
        if label not in self._folders:
            name = safe_name(label).lstrip(".")  # one that begins with a dot would be hidden
            self._folders[label] = self._folders.get(class_name(Path(name)), self._holder / (name or "_"))
        return self._folders[label]

    def by_content(self, sizes: Collection[int]) -> Iterator[tuple[str, Photo]]:
        """The photos of these sizes (bytes), in all splits, with the SHA-256 of each: a file of another size cannot be
        the same. What cannot be read is left out."""
        for photo in self.index.photos:
            try:
                if photo.path.stat().st_size in sizes:
                    yield sha256_of(photo.path), photo
            except OSError:
                continue


def sha256_of(path: Path) -> str:
    """Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _holder(index: DatasetIndex) -> Path:
    """The folder that holds the class folders for training."""
    splits = {photo.split for photo in index.photos}
    if splits == {""}:
        return index.root
    for photo in index.photos:
        if photo.split == "train":
            return index.root / photo.path.relative_to(index.root).parts[0]
    raise DatasetError(
        f"“{printable(index.root.name)}” has no photos to train on, only such that measure a model; add the folder "
        "“train” first, or choose another dataset."
    )


def _folders(holder: Path) -> dict[str, Path]:
    try:
        found = sorted(path for path in holder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise DatasetError(f"“{printable(str(holder))}” cannot be read ({error.strerror or error}).") from None
    folders: dict[str, Path] = {}
    for path in found:
        folders.setdefault(unicodedata.normalize("NFC", class_name(path)), path)
    return folders
