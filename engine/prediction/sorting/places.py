"""Where photos may be sorted to: outside of the folders they were found in, and where there is room."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from engine.disk_room import in_words
from engine.errors import ThawError
from engine.photos import printable
from engine.reachable import is_folder, is_there

SPARE_BYTES = 2 * 2**20
BLOCK = 4096
"""A file takes whole blocks of a drive, this large on most of them."""

Identity = tuple[int, int]


class PhotoPlaces:
    """The folders that hold photos that were classified: nothing is put among them."""

    def __init__(self, named: Iterable[Path], own: Iterable[Path] = ()) -> None:
        """`named` is what the person named, files and folders; `own` are folders that photos lie in."""
        named = list(named)
        files = {path for path in named if not is_folder(path) and is_there(path)}
        self._named = {_real(path): path for path in named if path not in files}
        self._named_ids = {identity: path for path in named if path not in files and (identity := _identity(path))}
        folders = {*own, *(path.parent for path in files)}
        self._own = {_real(path) for path in folders}
        self._own_ids = {identity for path in folders if (identity := _identity(path))}

    def refuse(self, folder: Path) -> None:
        """Raises ThawError where `folder` is, or is inside, one of the folders that were named, or holds a photo."""
        real = Path(_real(folder))
        for step in (real, *real.parents):
            inside = self._named.get(str(step)) or self._named_ids.get(_identity(step) or (0, 0))
            if inside:
                raise ThawError(
                    f"“{printable(str(folder))}” is inside “{printable(str(inside))}”, whose photos were classified: "
                    "what is sorted would be taken for more of them. Choose a folder outside of it."
                )
        if str(real) in self._own or (_identity(real) or (0, 0)) in self._own_ids:
            raise ThawError(
                f"“{printable(str(folder))}” holds photos that were classified; choose another folder to sort into."
            )


def sorted_into(into: Path) -> Path:
    """A folder to sort into as it stands in the ledger, however it was called."""
    return Path(os.path.realpath(into))


def check_target(into: Path, named: Iterable[Path]) -> None:
    """Raises ThawError where what is found in `named` could not be sorted `into` that folder."""
    PhotoPlaces([path.absolute() for path in named]).refuse(sorted_into(into))
    check_folder(into)


def check_folder(folder: Path) -> None:
    """Raises ThawError where something else has the name of a folder that is needed."""
    if os.path.lexists(folder) and not is_folder(folder):
        raise ThawError(f"“{printable(str(folder))}” is a file, and a folder is needed there; choose another one.")


def check_room(into: Path, files: int, size: int) -> None:
    """Raises ThawError where the drive of `into` has no room for so many files of `size` bytes together."""
    free, needed = free_bytes(into), size + files * BLOCK + SPARE_BYTES
    if free < needed:
        raise ThawError(
            f"The copies need about {in_words(needed)}, and the drive of “{printable(str(into))}” has "
            f"{in_words(free)} free; free {in_words(needed - free)} there, choose another folder, or sort links."
        )


def free_bytes(into: Path) -> int:
    """What may be written to the drive that `into` is on, or would be."""
    return shutil.disk_usage(nearest(into)).free


def nearest(path: Path) -> Path:
    """The folder that holds it, however far up, and is there."""
    return next((step for step in (path, *path.parents) if is_folder(step)), Path(path.anchor))


def device_of(path: Path) -> str:
    """The drive that `path` is on, or would be, as the system numbers them; "" where nothing of it is there."""
    try:
        return str(nearest(path).stat().st_dev)
    except OSError:
        return ""


def _real(path: Path) -> str:
    return os.path.realpath(path)


def _identity(path: Path) -> Identity | None:
    """What tells a folder apart however it is called; None where it has none, or is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else None
