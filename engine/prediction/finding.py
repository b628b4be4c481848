"""Where the photos of a batch come from: a walk through what was named, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from engine.events import Notice
from engine.prediction.classify import Answer, Found
from engine.prediction.drives import Drives
from engine.prediction.walk import PhotoWalk, check_paths

Asked = Callable[[Found], bool]


class Source(Protocol):
    """`photos` is iterated in a thread of its own; all else is for the thread that takes the answers. `skipped` entries
    are no photos; `troubles` are sentences about folders that could not be read."""

    @property
    def skipped(self) -> int: ...

    @property
    def troubles(self) -> list[str]: ...

    def photos(self, has_answer: Asked) -> Iterator[Found]:
        """The photos that have no answer yet."""

    def comes_back(self, path: Path) -> bool:
        """For a path that could not be read: whether to try again, after waiting."""

    def taken(self, answers: list[Answer]) -> list[Answer]:
        """Those of the answers that count."""

    def news(self) -> Iterator[Notice]:
        """What there is to tell since it was asked last."""

    @property
    def waits(self) -> bool:
        """Whether more photos may come, and those that were there have their answers."""


class Once:
    """Each photo that is there now. Raises ThawError where a named path is not there, or cannot be read."""

    waits = False

    def __init__(self, paths: Sequence[Path], own: Sequence[Path], over: Callable[[], bool]) -> None:
        """`own` files are no photos; `over` says whether nobody waits any longer."""
        check_paths(paths)
        self._drives = Drives(paths, over)
        self._walk = PhotoWalk(paths, own, comes_back=self._drives.comes_back)
        self._told = 0

    @property
    def skipped(self) -> int:
        return self._walk.skipped

    @property
    def troubles(self) -> list[str]:
        return self._walk.troubles

    def photos(self, has_answer: Asked) -> Iterator[Found]:
        for path in self._walk:
            found = found_at(path) or Found(path)
            if not has_answer(found):
                yield found

    def comes_back(self, path: Path) -> bool:
        return self._drives.comes_back(path)

    def taken(self, answers: list[Answer]) -> list[Answer]:
        return answers

    def news(self) -> Iterator[Notice]:
        for text in self._drives.news():
            yield Notice(text, "drive" if self._drives.away else "drive-back")
        new = self.troubles[self._told :]
        self._told += len(new)
        for text in new:
            yield Notice(text, "folder")


def found_at(path: Path) -> Found | None:
    """The file with its size and time; None where it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Found(path, status.st_size, status.st_mtime_ns)
