"""What sorting does with each photo of a ledger: nothing, as it is there already; leave it out; or make a file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.prediction.ledger.ledger import ROWS_AT_A_TIME, Ledger
from engine.prediction.ledger.made_files import Kind, MadeFile, MadeFiles
from engine.prediction.ledger.met_again import is_aside, path_of
from engine.prediction.ledger.named import named_paths
from engine.prediction.rules import UNKNOWN
from engine.prediction.sorting.names import FAILED_FOLDER, UNKNOWN_FOLDER, ClassFolders, safe_name
from engine.prediction.sorting.places import PhotoPlaces
from engine.prediction.sorting.record import ANOTHER, CHANGED, GONE

SELECT = (
    "SELECT photo.id, key, size, modified, error, photo.label, verdict.label FROM photo "
    f"LEFT JOIN verdict ON verdict.photo = photo.id WHERE photo.id > ? ORDER BY photo.id LIMIT {ROWS_AT_A_TIME}"
)
FOLDERS = "folders"


@dataclass(frozen=True, slots=True)
class Answered:
    """A photo of a ledger: where and what it was, and what it shows by a person's word or else the model's. Where that
    is not known, `label` is "". It is `aside` where another photo was met at its path later."""

    id: int
    path: Path
    size: int
    modified: int
    label: str
    failed: bool
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with one photo: `file` is there already, or is to be made (None where it is left out, for a
    `reason`). `old` are files of it that are no longer right."""

    file: MadeFile | None = None
    there: bool = False
    reason: str = ""
    old: tuple[MadeFile, ...] = ()


def answered(ledger: Ledger) -> Iterator[Answered]:
    """Every photo in the order in which it was met, some at a time."""
    for rows in ledger.in_parts(SELECT):
        for id_, key, size, modified, error, label, verdict in rows:
            said = verdict or ("" if error else label)
            known = "" if said == UNKNOWN else said
            yield Answered(id_, path_of(key), size, modified, known, bool(error) and not verdict, is_aside(key))


def trouble_with(photo: Answered) -> str:
    """Why a photo cannot be sorted now, "" where it can."""
    try:
        status = photo.path.stat()
    except OSError:
        return GONE
    if (status.st_size, status.st_mtime_ns) == (photo.size, photo.modified):
        return ""
    return ANOTHER if photo.aside else CHANGED


class Plan:
    """What becomes of each photo when a ledger is sorted into a folder. The name of a file's path is chosen later."""

    def __init__(self, ledger: Ledger, made: MadeFiles, into: Path, kind: Kind, flat: bool) -> None:
        self._ledger, self._made, self._into, self._kind, self._flat = ledger, made, into, kind, flat
        self._named = named_paths(ledger)
        with ledger.statements() as run:
            own = [Path(os.fsdecode(folder)) for (folder,) in run("SELECT DISTINCT folder(key) FROM photo")]
        self.places = PhotoPlaces(self._named, own)
        self._folders = ClassFolders(json.loads(ledger.noted(FOLDERS) or "{}"))
        for name in ledger.about.classes:  # in their order, so that which of two gets a counter hangs on no photo
            self._folders.of(name)

    def keep_folders(self) -> None:
        """Write down which class has which folder."""
        self._ledger.note(FOLDERS, json.dumps(self._folders.known))

    def standing(self, photo: Answered) -> Standing:
        name = FAILED_FOLDER if photo.failed else self._folders.of(photo.label) if photo.label else UNKNOWN_FOLDER
        old = []
        for file in self._made.of_photo(photo.id, self._into):
            size = photo.size if file.kind == "labelled" else file.size  # its own is the copy's
            made_of = (file.name, file.source, size, file.source_modified)
            if made_of == (name, photo.path, photo.size, photo.modified) and os.path.lexists(file.path):
                return Standing(file, there=True)
            old.append(file)
        trouble = trouble_with(photo)
        if trouble:
            return Standing(reason=trouble)
        path = self._into / name / self._below(photo.path) / safe_name(photo.path.name)
        wanted = MadeFile(
            self._kind, path, self._into, photo.id, photo.path, photo.modified, name, photo.size, photo.modified
        )
        return Standing(wanted, old=tuple(old))

    def _below(self, path: Path) -> Path:
        """The sub-folders between what the person named and the photo, in names that any drive takes."""
        if self._flat:
            return Path()
        above = [len(folder.parts) for folder in self._named if folder in path.parents]
        return Path(*map(safe_name, path.parent.parts[min(above, default=len(path.parent.parts)) :]))
