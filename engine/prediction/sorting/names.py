"""Names that every drive takes, Windows' and FAT included: of classes' folders, of sub-folders, of files."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

UNKNOWN_FOLDER, FAILED_FOLDER = "_unknown", "_failed"

REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
DEVICES = {"CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$"} | {
    f"{port}{number}" for port in ("COM", "LPT") for number in "0123456789¹²³"
}
"""Names that Windows keeps for devices, with any suffix, after Microsoft's “Naming Files, Paths, and Namespaces”."""
MOST_BYTES = 200
"""Of a name: file systems take 255 bytes or UTF-16 units, and there is a counter to come."""


def safe_name(name: str) -> str:
    """`name` as any drive takes it: what Windows refuses becomes "_", bytes that are no text are escaped."""
    text = REFUSED.sub("_", name.encode("utf-8", "backslashreplace").decode()).rstrip(" .")
    stem, dot, suffix = text.rpartition(".")
    if not stem or len(suffix) > 10:
        stem, dot, suffix = text, "", ""
    ending = dot + suffix
    stem = stem.encode()[: MOST_BYTES - len(ending.encode())].decode(errors="ignore").rstrip(" .")
    if stem.split(".")[0].rstrip().upper() in DEVICES:
        stem = "_" + stem
    return (stem or "_") + ending


def folded(name: str) -> str:
    """The same for names that some drive takes for one: upper and lower case, accents composed or not."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


class ClassFolders:
    """The folder of each class. A class keeps the name it once got, whatever classes come later."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.known = dict(known)
        self._taken = {folded(name) for name in (UNKNOWN_FOLDER, FAILED_FOLDER, *self.known.values())}

    def of(self, label: str) -> str:
        """The name of a class's folder: safe, and no other class's, not even in other case."""
        if label not in self.known:
            name = safe_name(label)
            if name.startswith("."):  # it would be hidden
                name = "_" + name.lstrip(".")
            self.known[label] = next(name for name in counted(name) if folded(name) not in self._taken)
            self._taken.add(folded(self.known[label]))
        return self.known[label]


class FreeNames:
    """Hands out names that are not taken, in folders that are there or not yet."""

    def __init__(self, refuse: Callable[[Path], None], is_on_record: Callable[[Path], bool]) -> None:
        """`refuse` raises where nothing may be put into a folder; `is_on_record` says that another file is to be at a
        path, even if it is not there."""
        self._refuse, self._is_on_record = refuse, is_on_record
        self._looked: set[Path] = set()
        self._taken: dict[str, dict[str, int]] = {}

    def choose(self, folder: Path, name: str) -> Path:
        """A free path in `folder` for a file called `name`, which gets a counter where that is taken."""
        taken = self._names(folder)
        asked = folded(name)
        if asked not in taken and not self._is_on_record(folder / name):
            taken[asked] = 1
            return folder / name
        stem, suffix = Path(name).stem, Path(name).suffix
        for number in itertools.count(taken.setdefault(asked, 1) + 1):
            chosen = f"{stem} ({number}){suffix}"
            if folded(chosen) not in taken and not self._is_on_record(folder / chosen):
                taken[asked] = number
                taken[folded(chosen)] = 1
                return folder / chosen
        raise AssertionError("numbers do not end")

    def release(self, path: Path) -> None:
        """A file was taken away, and its name is free."""
        self._names(path.parent).pop(folded(path.name), None)

    def _names(self, folder: Path) -> dict[str, int]:
        # Folders whose names differ in case only are one on some drives, so their files share the names.
        taken = self._taken.setdefault(folded(str(folder)), {})
        if folder not in self._looked:
            self._refuse(folder)
            self._looked.add(folder)
            for found in _listed(folder):
                taken.setdefault(folded(found), 1)
        return taken


def counted(name: str) -> Iterable[str]:
    """`name`, then with 2, 3 and so on."""
    yield name
    for number in itertools.count(2):
        yield f"{name} ({number})"


def _listed(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []  # not there yet; or it cannot be read, and then making a file says so
