"""Walking a dataset's folders: what is a photo, what is left out and why. Only the first bytes of files are read."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path

from natsort import natsort_keygen, ns

from engine.control import Control
from engine.errors import DatasetError
from engine.events import ScanProgress
from engine.photo_formats import START_BYTES, format_of, is_photo_name, is_raw_name
from engine.photos import printable

SECONDS_BETWEEN_PROGRESS = 0.1
# What file managers, cameras and network drives leave behind.
_HIDDEN_NAMES = frozenset(
    ("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin", "lost+found",
     "system volume information")
)  # fmt: skip

_natural = natsort_keygen(alg=ns.IGNORECASE)


def natural_key(name: str) -> tuple[object, str]:
    """Sorts “photo 2” before “photo 10”, the same way on every machine whatever its language."""
    return _natural(name), name


@dataclass(frozen=True)
class FoundPhoto:
    path: Path
    format: str


class FolderWalk:
    """One reading of a dataset folder. `skipped` maps what is left out to the reason; `count` the photos met so far.

    A folder that cannot be listed is a DatasetError: taken for empty, it would silently change what is trained on.
    """

    def __init__(self, root: Path, control: Control) -> None:
        self.root = root
        self.control = control
        self.skipped: dict[Path, str] = {}
        self.count = 0
        self._claimed: set[object] = set()
        self._told = time.monotonic()
        self.claim(root)

    def shown(self, path: Path) -> str:
        """The path below the root, for a sentence."""
        return printable(path.relative_to(self.root).as_posix() if path != self.root else path.name)

    def listed(self, folder: Path) -> tuple[list[Path], list[Path]]:
        """The folders and the ordinary files in it, in natural order; what is hidden or neither goes to `skipped`."""
        folders, files = [], []
        try:
            with os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: natural_key(entry.name)):
                    if is_hidden(entry):
                        self.skipped[Path(entry.path)] = "hidden"
                    elif leads_to_folder(entry):
                        folders.append(Path(entry.path))
                    else:
                        files.append(Path(entry.path))
        except PermissionError:
            raise DatasetError(
                f"The folder “{self.shown(folder)}” may not be read; give yourself permission, or move it out."
            ) from None
        except OSError as error:
            raise self._gone(folder, error) from error
        return folders, files

    def claim(self, folder: Path) -> bool:
        """Whether this folder, whatever name or link leads to it, is met for the first time."""
        try:
            status = folder.stat()
        except OSError as error:
            raise self._gone(folder, error) from error
        identity = (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(folder)
        if identity in self._claimed:
            self.skipped[folder] = "a link to a folder that is read already"
            return False
        self._claimed.add(identity)
        return True

    def claimed(self, folders: Iterable[Path]) -> list[Path]:
        """Those met for the first time, in the given order; a real folder goes before a link to it."""
        new = {folder for folder in sorted(folders, key=Path.is_symlink) if self.claim(folder)}
        return [folder for folder in folders if folder in new]

    def photos(self, folder: Path) -> Generator[ScanProgress, None, list[FoundPhoto]]:
        """All photos in a folder and in those below it. Ends early when the control says stop."""
        found: list[FoundPhoto] = []
        folders, files = self.listed(folder)
        below = set(folders)
        if folders:
            files = sorted([*folders, *files], key=lambda path: natural_key(path.name))
        for path in files:
            self.control.wait_while_paused()
            if self.control.stopping:
                break
            if path in below:
                if self.claim(path):
                    found += yield from self.photos(path)
                continue
            kind, reason = self.judged(path)
            if reason:
                self.skipped[path] = reason
                continue
            found.append(FoundPhoto(path, kind))
            self.count += 1
            if time.monotonic() - self._told >= SECONDS_BETWEEN_PROGRESS:
                self._told = time.monotonic()
                yield ScanProgress(folder, self.count)
        return found

    def judged(self, path: Path) -> tuple[str, str]:
        """The photo's format and "", or "" and the reason why the file is left out."""
        try:
            mode = path.stat().st_mode
            if not stat.S_ISREG(mode):  # opening a named pipe would wait for ever
                return "", "no ordinary file"
            with path.open("rb") as file:
                start = file.read(START_BYTES)
        except PermissionError:
            return "", "may not be read: you lack the permission"
        except OSError as error:
            if path.is_symlink():
                return "", "a link that leads nowhere"
            if not path.parent.is_dir():
                raise self._gone(path.parent, error) from error
            return "", f"could not be read from its drive ({os.strerror(error.errno or 0)})"
        if not start:
            return "", "empty (0 bytes)"
        if is_raw_name(path):
            return "", "a raw camera file; export it as JPEG or TIFF"
        kind = format_of(start)
        if kind:
            return kind, ""
        return "", "damaged, or no photo in spite of its name" if is_photo_name(path) else "no photo"

    def _gone(self, folder: Path, error: OSError) -> DatasetError:
        return DatasetError(
            f"The folder “{self.shown(folder)}” could not be read ({os.strerror(error.errno or 0)}); "
            "if it is on a removable or network drive, check that the drive is connected.",
            repr(error),
        )


def is_hidden(entry: os.DirEntry[str]) -> bool:
    """Whether a file manager would hide it, or put it there for itself."""
    if entry.name.startswith(".") or entry.name.casefold() in _HIDDEN_NAMES:
        return True
    try:
        attributes = getattr(entry.stat(follow_symlinks=False), "st_file_attributes", 0) if os.name == "nt" else 0
    except OSError:
        return False
    return bool(attributes & stat.FILE_ATTRIBUTE_HIDDEN)


def leads_to_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False
