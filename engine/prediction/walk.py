"""Which photos to predict: the files and folders a person named, and what is found below them, one at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.dataset.folders import is_hidden, leads_to_folder, natural_key
from engine.errors import ThawError
from engine.photos import is_photo_name, looks_like_photo, printable
from engine.prediction.seen import Seen
from engine.reachable import is_folder, is_there


def check_paths(paths: Sequence[Path]) -> None:
    """Raises ThawError where nothing is named, or a named path is absent or a folder that cannot be read.

    A missing file with a photo's extension passes: it becomes a row with an error, as it would if it vanished later.
    """
    if not paths:
        raise ThawError("Name at least one photo or folder of photos.")
    for path in paths:
        if is_folder(path):
            try:
                os.scandir(path).close()
            except OSError as error:
                raise ThawError(_unreadable(path, error)) from None
        elif not os.path.lexists(path) and not is_photo_name(path):
            raise ThawError(
                f"There is no photo or folder “{printable(str(path))}”; check the name and whether its drive is "
                "connected."
            )


def _never(_folder: Path) -> bool:
    return False


@dataclass
class PhotoWalk:
    """Iterate it for the photos, each as the named path joined with what is below it, in natural order.

    A named file always counts. In a folder, files with a photo's extension or first bytes do; everything else, what is
    hidden and links to folders that are read anyway are counted in `skipped`, as they are met. `troubles` are sentences
    about folders that could not be read or hold no photo. `own` are the files the results go to: they are no finds.
    `comes_back` waits for the drive of a folder that cannot be read, and says whether to try again. Only the names of
    one folder, and of those above it, are in memory at a time. With `seen`, what was seen before as it is now is passed
    over, and that there is no photo is no trouble.
    """

    paths: Sequence[Path]
    own: Sequence[Path] = ()
    sort: bool = True
    comes_back: Callable[[Path], bool] = _never
    seen: Seen | None = None
    skipped: int = 0
    troubles: list[str] = field(default_factory=list)
    _root: Path = Path()
    _seen: set[tuple[int, int]] = field(default_factory=set)
    _files: dict[str, bool] = field(default_factory=dict)
    _met_before: bool = False  # something in the folder that is being read

    def __iter__(self) -> Iterator[Path]:
        """Whatever is named twice, or lies in a folder that is named as well, comes once, where it comes first."""
        self._files = {os.path.normpath(path.absolute()): True for path in self.paths if not is_folder(path)}
        for path in self.paths:
            while not is_there(path) and self.comes_back(path):
                pass
            if not is_folder(path):
                if self._is_new(path):
                    yield path
                continue
            if not self._enters(path):  # it lies in one that was named before, and was read there
                self.skipped += 1
                continue
            empty, troubles, self._met_before = True, len(self.troubles), False
            for found in self._below(path):
                empty = False
                yield found
            if empty and not self._met_before and self.seen is None and len(self.troubles) == troubles:
                self.troubles.append(f"There is no photo in “{printable(str(path))}”.")

    def _below(self, root: Path) -> Iterator[Path]:
        # Folders wait on a list of their own, not on Python's stack: a damaged drive can nest them by the thousand.
        self._root = Path(os.path.realpath(root))
        open_folders = [self._listing(root)]
        while open_folders:
            entry = next(open_folders[-1], None)
            if entry is None:
                open_folders.pop()
            elif leads_to_folder(entry):
                if self._leads_inwards(entry) or not self._enters(Path(entry.path)):
                    self.skipped += 1
                else:
                    open_folders.append(self._listing(Path(entry.path)))
            elif self._is_find(entry):
                if not self._files or self._is_new(Path(entry.path)):
                    yield Path(entry.path)
            elif not self._is_own(entry):
                self.skipped += 1
                if self.seen:
                    self.seen.leave_out(entry)

    def _listing(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        if self.seen and (inner := self.seen.unchanged(folder)) is not None:
            return iter(inner)
        while True:
            skipped = self.skipped
            try:
                entries = self._entries(folder)
                break
            except OSError as error:
                self.skipped = skipped
                if not self.comes_back(folder):
                    self.troubles.append(_unreadable(folder, error))
                    return iter(())
        if self.sort:
            entries.sort(key=lambda entry: natural_key(entry.name), reverse=True)
        return _popped(entries)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        modified = folder.stat().st_mtime_ns if self.seen else 0
        with os.scandir(folder) as listing:
            if not self.seen:
                return [entry for entry in listing if not is_hidden(entry) or self._skip()]
            knows = self.seen.knows
            entries = [entry for entry in listing if not knows(entry) and (not is_hidden(entry) or self._skip())]
        self.seen.read(folder, modified, entries)
        return entries

    def _skip(self) -> bool:
        self.skipped += 1
        return False

    def _is_new(self, file: Path) -> bool:
        """Whether a file comes for the first time: one that was named may also be met in a folder that was."""
        name = os.path.normpath(file.absolute())
        if name not in self._files:
            return True
        first, self._files[name] = self._files[name], False
        self.skipped += not first
        self._met_before |= not first
        return first

    def _enters(self, folder: Path) -> bool:
        """Whether the folder is met for the first time. Links can lead in circles."""
        try:
            status = folder.stat()
        except OSError:
            return True  # reading it will say what is wrong
        identity = (status.st_dev, status.st_ino)
        if status.st_ino and identity in self._seen:
            self._met_before = True
            return False
        self._seen.add(identity)
        return True

    def _leads_inwards(self, entry: os.DirEntry[str]) -> bool:
        """Whether it is a link to a folder below this root, which is read under its own name."""
        if not entry.is_symlink():
            return False
        return Path(os.path.realpath(entry.path)).is_relative_to(self._root)

    def _is_find(self, entry: os.DirEntry[str]) -> bool:
        path = Path(entry.path)
        if not is_photo_name(path):
            return looks_like_photo(path)
        try:
            # A link that leads nowhere is a find: the person expects an answer for that name.
            return entry.is_symlink() or stat.S_ISREG(entry.stat().st_mode)
        except OSError:
            return True

    def _is_own(self, entry: os.DirEntry[str]) -> bool:
        same = [path for path in self.own if path.name == entry.name]
        try:
            return any(Path(entry.path).parent.samefile(path.parent) for path in same)
        except OSError:
            return False


def _popped(entries: list[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
    """From the last to the first, each forgotten as it is given."""
    while entries:
        yield entries.pop()


def _unreadable(folder: Path, error: OSError) -> str:
    return (
        f"The folder “{printable(str(folder))}” could not be read ({error.strerror or error}), so its photos are "
        "missing; check your permission and whether its drive is connected."
    )
