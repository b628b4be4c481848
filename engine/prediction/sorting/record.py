"""Files made so that each can be taken away: on record first, then made, then noted as done; and taken away again."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import secrets
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.disk_room import is_full
from engine.errors import ThawError
from engine.events.sorting import MAY_BE_LAST
from engine.photos import printable
from engine.prediction.ledger.made_files import COPIES, MadeFile, MadeFiles
from engine.prediction.sorting.embedding import Embedding
from engine.prediction.sorting.making import ChangedMeanwhile, State, is_away, make, part_of, remove, state_of
from engine.prediction.sorting.originals import has_its_photo
from engine.prediction.sorting.places import device_of

CHANGED = "It changed since it was classified; classify its folder again, then sort."
ANOTHER = "Another photo has its place now, as on another memory card; sort again when it is back."
CHANGED_SINCE = "It was changed since it was made, so it is left."
GONE = "It is not there any more."
REMOVED, ABSENT = "removed", "absent"
NO_LINKS = (errno.EPERM, errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP)
BAD_NAME = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)
WINDOWS_NO_LINKS = (1, 17, 50, 1314)
"""The drive cannot, it is another drive, it does not know how, and the person may not make symbolic links."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to make, and what is in it where it is a sidecar; a copy's label, or a sentence on why it has none."""

    file: MadeFile
    content: bytes | Embedding = b""
    without: str = ""


class Record:
    """What makes files and takes them away, and has the ledger know of it."""

    def __init__(self, made: MadeFiles) -> None:
        """Settles what a process left open that was killed."""
        self._made = made
        self._folders: set[Path] = set()
        for file in made.unfinished():
            self._settle(file)
        made.commit()

    def make(self, wanted: Sequence[Wanted]) -> Generator[tuple[Wanted, str], None, None]:
        """Each of them once it is made, with "" or a sentence that says why it could not be.

        Raises ThawError where no other could be made either: a full disk, a drive that is gone or takes no links.
        """
        folders = self._made.intend(self._lacking([one.file for one in wanted]))
        files = self._made.intend(_about_to_be(one.file) for one in wanted)
        open_ = {file.path: file for file in (*folders, *files)}
        done: list[tuple[MadeFile, int]] = []  # noted at the end: until that is kept, nobody else can write
        try:
            for one, file in zip(wanted, files, strict=True):
                reason = ""
                try:
                    for folder in folders:
                        if folder.path in open_ and folder.path in file.path.parents and self._make_folder(folder):
                            done.append((open_.pop(folder.path), 0))
                    done.append((file, make(file, one.content).st_mtime_ns))
                    del open_[file.path]
                except ChangedMeanwhile:
                    reason = CHANGED
                except OSError as error:
                    reason = _reason(file, error)
                yield one, reason
        finally:
            for file, modified in done:
                self._made.is_done(file, modified)
            for file in reversed(open_.values()):
                self._settle(file)
            self._made.commit()

    def take_away(self, file: MadeFile, even_last: bool = False) -> str:
        """Remove a file that is still as it was made. Gives REMOVED, ABSENT where it is not there any more, or a
        sentence that says why it stays; where that is for good it is no longer on record. What may be the last copy of
        a photo stays unless `even_last`."""
        try:
            with contextlib.suppress(FileNotFoundError):
                part_of(file).unlink()
            state = state_of(file)
            stays = why_it_stays(file, state, even_last)
            if stays and state != "changed":
                return stays
            if state == "as made":
                remove(file.path)
        except OSError as error:
            return f"It cannot be removed ({error.strerror or error})."
        self._made.forget(file)
        return stays or (ABSENT if state == "gone" else REMOVED)

    def remove_folders(self) -> int:
        """Take away the folders that were made and are empty; how many that were. Those with files in them that a
        person put there are theirs from now on."""
        removed = 0
        for folder in self._made.folders():
            try:
                folder.path.rmdir()
                removed += 1
            except FileNotFoundError:
                if is_away(folder):
                    continue
            except OSError:
                if self._made.has_below(folder.path):
                    continue
            self._made.forget(folder)
            self._folders.discard(folder.path)
        return removed

    def commit(self) -> None:
        self._made.commit()

    def _lacking(self, files: Iterable[MadeFile]) -> list[MadeFile]:
        """The folders that have to be made for files, those further up first."""
        lacking: dict[Path, MadeFile] = {}
        for file in files:
            for folder in (file.path.parent, *file.path.parent.parents):
                if folder in self._folders or folder in lacking:
                    break
                if folder.is_dir():
                    self._folders.add(folder)
                    break
                lacking[folder] = MadeFile("folder", folder, file.top, device=device_of(folder))
        return sorted(lacking.values(), key=lambda folder: len(folder.path.parts))

    def _make_folder(self, folder: MadeFile) -> bool:
        """False where somebody else has made it by now, so that it is not taken away. Raises OSError."""
        try:
            folder.path.mkdir()
        except FileExistsError:
            if not folder.path.is_dir():
                raise
            self._made.forget(folder)
            self._made.commit()
            return False
        return True

    def _settle(self, file: MadeFile) -> None:
        """Find out what became of something that was intended: noted as done, or forgotten as it is not there."""
        with contextlib.suppress(OSError):
            if file.kind == "folder":
                if file.path.is_dir():
                    self._made.is_done(file)
                elif not is_away(file):
                    self._made.forget(file)
                return
            with contextlib.suppress(FileNotFoundError):
                part_of(file).unlink()
            state = state_of(file)
            if state == "as made":
                self._made.is_done(file, file.path.lstat().st_mtime_ns)
            elif state != "away":
                self._made.forget(file)


def why_it_stays(file: MadeFile, state: State, even_last: bool) -> str:
    """Why a file on record is not taken away, "" where nothing speaks against it."""
    if state == "away":
        return "The drive it is on is away; connect it, and undo again."
    if state == "changed":
        return CHANGED_SINCE
    if state == "as made" and file.kind in (*COPIES, "hardlink") and not (even_last or has_its_photo(file)):
        return MAY_BE_LAST
    return ""


def _about_to_be(file: MadeFile) -> MadeFile:
    part = f".thaw-{secrets.token_hex(8)}.part"
    return dataclasses.replace(file, part=part, device=device_of(file.path.parent))


def _reason(file: MadeFile, error: OSError) -> str:
    """Why this file could not be made. Raises ThawError where that ends the work."""
    where, why = printable(str(file.top)), error.strerror or str(error)
    if is_full(error):
        raise ThawError(
            f"The drive of “{where}” is full. Make room there and begin again: what was done is kept, and only the "
            "rest is done then."
        ) from error
    no_links = error.errno in NO_LINKS or getattr(error, "winerror", None) in WINDOWS_NO_LINKS
    if file.kind in ("hardlink", "symlink") and no_links:
        kind = "hard links" if file.kind == "hardlink" else "symbolic links"
        raise ThawError(
            f"There can be no {kind} in “{where}” to where the photos are ({why}); sort copies instead."
        ) from error
    if error.errno == errno.EROFS:
        raise ThawError(f"Nothing can be written to “{where}” ({why}); choose another folder.") from error
    if error.errno in BAD_NAME:
        return f"It could not be made ({why})."
    if not os.path.lexists(file.source):
        if file.source.parent.is_dir():
            return GONE
        raise ThawError(
            f"“{printable(str(file.source.parent))}” is gone. Connect its drive and begin again: what was done is kept."
        ) from error
    if not file.path.parent.is_dir():
        raise ThawError(
            f"“{printable(str(file.path.parent))}” is gone, or cannot be made ({why}). See to its drive and your "
            "permission there, and begin again: what was done is kept."
        ) from error
    if isinstance(error, FileExistsError):
        return "Another program has just made a file of that name; sort again."
    return f"It could not be made ({why})."
