"""The pixels of a run's photos: from the disk where they are kept decoded, else decoded; the same either way.

photo -> whole, at a bounded size -> a part of it for each augmented view
photo -> as the model will see it when it predicts (`photos.read`)
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import PIL

from engine import photos
from engine.dataset.pixel_store import Pixels, PixelStore
from engine.dataset.row_store import stores_folder
from engine.fit import Fit

WHOLE_SHARE = 1.5
"""The shorter side of a whole photo that is kept, by the image size. A part of half the photo is then hardly enlarged;
against parts of the photo itself such parts differ by 0.8 of 255 grey levels on average (1.3 at a share of 1.29), at
0.45 MB a photo for 224 pixels."""


class KeptPhotos:
    """Gives the pixels of `paths`; those that have a name (the SHA-256 of the file) in `names` are looked for in the
    store, and kept there while `keeping` is set. For threads."""

    def __init__(
        self,
        paths: Sequence[Path],
        size: int,
        fit: Fit,
        interpolation: str,
        names: Sequence[str] = (),
    ) -> None:
        self._paths, self._size, self._fit, self._interpolation = paths, size, fit, interpolation
        self._names = names
        self._store: PixelStore | None = None
        self._lost = ""
        self.keeping = False
        if any(names):
            try:
                self._store = PixelStore(pixel_folder(size, interpolation))
            except (OSError, sqlite3.Error) as error:
                self._lost = str(error)

    @property
    def lost(self) -> str:
        """Why nothing more is kept, "" while there is room."""
        return self._lost or (self._store.full if self._store else "")

    def whole(self, number: int) -> Pixels:
        """The whole photo, H×W×3 uint8, that its augmented views are parts of. Raises PhotoError."""
        shorter = round(WHOLE_SHARE * self._size)
        return self._kept(
            number, "whole", lambda path: photos.read_whole(path, shorter, interpolation=self._interpolation)
        )

    def as_is(self, number: int) -> Pixels:
        """The photo as `photos.read` gives it, size×size×3. Raises PhotoError."""
        return self._kept(
            number,
            self._fit,
            lambda path: photos.read(path, self._size, self._fit, interpolation=self._interpolation),
        )

    def close(self) -> None:
        if self._store:
            self._store.close()

    def _kept(self, number: int, kind: str, read: Callable[[Path], photos.Image]) -> Pixels:
        path = self._paths[number]
        if not self._store or not self._names[number]:
            return read(path).pixels
        name = f"{self._names[number]}/{kind}"
        found = self._store.get(name)
        if found is None:
            found = read(path).pixels
            # A photo that was changed since it was hashed must not stand under the name of what it was.
            if self.keeping and not self._store.full and file_hash(path) == self._names[number]:
                self._store.put(name, found)
        return found


def pixel_folder(size: int, interpolation: str) -> Path:
    """The store of photos read for images of `size` pixels: by all that decides pixels but the photo and its fit."""
    decided = (1, size, WHOLE_SHARE, photos.DRAFT, interpolation, PIL.__version__)
    return stores_folder() / f"photos-{hashlib.sha256(repr(decided).encode()).hexdigest()[:24]}"


def file_hash(path: Path) -> str:
    """The SHA-256 of a file, "" where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
