"""Photos as they come: the folders are looked through again and again, as network drives and cards tell of nothing.

A photo counts once its size and time were the same at two looks, and one whose answer came while it was still written
to is asked again, so that the middle of a copy never becomes an answer.
"""

from __future__ import annotations

import collections
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ThawError
from engine.events import Notice
from engine.photos import printable
from engine.prediction.classify import Answer, Found
from engine.prediction.finding import Asked, found_at
from engine.prediction.seen import Seen
from engine.prediction.walk import PhotoWalk

SECONDS_BETWEEN = 2.0
SECONDS_WHILE_PAUSED = 0.1
SHARE_OF_TIME = 0.2
"""Looks pause so long that they take no more of the time than this, and looks through everything a quarter of it."""
OLD_SECONDS = 10.0
"""A photo that was there at the start, and did not change for so long, needs no second look."""
SECOND_TRY_SECONDS = 30.0
"""What cannot be read, and changed lately, is tried again after so long: a copy may have come to a halt."""
ON_ITS_WAY = (".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp", ".temp", ".upload")
"""What programs add to a name until the file is whole."""


@dataclass(slots=True)
class _Coming:
    """A file, as it was at the last look, that counts once it stayed the same until `due` (seconds of the clock that
    never goes back)."""

    found: Found
    due: float = 0.0


class Watch:
    """What is at the paths now, and then what comes. It ends only where whoever iterates it ends."""

    def __init__(
        self, paths: Sequence[Path], own: Sequence[Path], ended: threading.Event, paused: Callable[[], bool]
    ) -> None:
        """`own` files are no photos; `ended` is set where nobody waits any longer."""
        if not paths:
            raise ThawError("Name at least one folder to watch.")
        self.skipped = self.looks = 0
        self.troubles: list[str] = []
        self._own, self._ended, self._paused = own, ended, paused
        self._places = [_Place(path) for path in paths]
        self._seen = Seen()
        self._coming: dict[Path, _Coming] = {}
        self._given = self._taken = 0
        self._again: collections.deque[tuple[Found, float]] = collections.deque()
        self._failed: dict[Path, Found] = {}  # those that are tried a second time
        self._news: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self._thorough = 0.0  # when the next look goes through everything

    @property
    def waits(self) -> bool:
        return self.looks > 0 and self._given == self._taken

    @property
    def coming(self) -> int:
        """How many files are there that do not count yet. Where they change hands they are counted twice, never left
        out."""
        return len(self._coming) + len(self._again)

    def photos(self, has_answer: Asked) -> Iterator[Found]:
        while not self._ended.is_set():
            began = time.monotonic()
            thorough = self._seen.through = began >= self._thorough
            yield from self.look(has_answer)
            took = time.monotonic() - began if self.looks > 1 else 0.0  # the first waited for the network
            if thorough:
                self._thorough = time.monotonic() + 4 * took / SHARE_OF_TIME
            self._ended.wait(max(SECONDS_BETWEEN, took / SHARE_OF_TIME))
            while self._paused() and not self._ended.wait(SECONDS_WHILE_PAUSED):
                pass

    def look(self, has_answer: Asked) -> Iterator[Found]:
        """What counts since the look before and has no answer yet."""
        for found in self._look():
            self._seen.add(*_told_apart(found))
            if self._ended.is_set():
                return
            if not has_answer(found):
                self._given += 1
                yield found
        self.looks += 1

    def comes_back(self, path: Path) -> bool:
        del path  # `taken` drops the answer, and the photo is met again when its drive is back
        return False

    def taken(self, answers: list[Answer]) -> list[Answer]:
        """Without the answers for photos that changed or went away meanwhile, and that may not be whole yet."""
        counted = [answer for answer in answers if self._counts(answer)]
        self._taken += len(answers)
        return counted

    def news(self) -> Iterator[Notice]:
        while not self._news.empty():
            yield self._news.get()

    def _counts(self, answer: Answer) -> bool:
        found = answer.found
        if found_at(found.path) != found:
            self._again.append((found, 0.0))
            return False
        again = self._failed.pop(found.path, None) == found
        if not answer.error or again or not _is_new(found.path, 2 * SECOND_TRY_SECONDS):
            return True
        self._failed[found.path] = found
        self._again.append((found, time.monotonic() + SECOND_TRY_SECONDS))
        return False

    def _look(self) -> Iterator[Found]:
        """The photos that count since the look before, in natural order at the first, else as they were met."""
        while self._again:
            found, due = self._again[0]
            self._seen.forget(*_told_apart(found))
            if (now := found_at(found.path)) and not self._seen.has(*_told_apart(now)):
                self._coming[found.path] = _Coming(now, due)
            self._again.popleft()
        before = list(self._coming.values())
        walk = PhotoWalk(list(self._there()), self._own, sort=not self.looks, seen=self._seen)
        for path in walk:
            if self._ended.is_set():
                return
            now = None if path in self._coming or path.suffix.lower() in ON_ITS_WAY else found_at(path)
            if now is None or self._seen.has(*_told_apart(now)):
                continue
            if self.looks or _is_new(path, OLD_SECONDS):
                self._coming[path] = _Coming(now)
            else:
                yield now
        if not self.looks:
            self.skipped = walk.skipped
        self._tell_troubles(walk)
        yield from self._settled(before)

    def _settled(self, before: Sequence[_Coming]) -> Iterator[Found]:
        for one in before:
            now = found_at(one.found.path)
            if now is None:
                del self._coming[one.found.path]
            elif now != one.found:
                one.found, one.due = now, 0.0
            elif time.monotonic() >= one.due:
                yield now
                del self._coming[one.found.path]

    def _there(self) -> Iterator[Path]:
        for place in self._places:
            if notice := place.look():
                self._news.put(notice)
                self._thorough = 0.0  # what is back may be another card
                self._seen.through = True
            if place.there:
                yield place.path

    def _tell_troubles(self, walk: PhotoWalk) -> None:
        for text in walk.troubles:
            if text not in self.troubles:
                self.troubles.append(text)
                self._news.put(Notice(text, "folder"))


class _Place:
    """A named path, and whether it is there. A drive that is unplugged may leave behind the empty folder in which it
    was mounted, and a card may appear in a folder that was there before."""

    def __init__(self, path: Path) -> None:
        self.path, self.there = path, True
        self._mounted = False

    def look(self) -> Notice | None:
        """A word where it went away, or is back."""
        mounted = os.path.ismount(self.path)
        there = _readable(self.path) and (mounted or not self._mounted)
        self._mounted |= mounted
        if there == self.there:
            return None
        self.there = there
        name = printable(str(self.path))
        if there:
            return Notice(f"“{name}” is there; its photos are classified.", "drive-back", self.path)
        return Notice(f"“{name}” is not there; it is waited for. What was done is kept.", "drive", self.path)


def _readable(path: Path) -> bool:
    try:
        if path.is_dir():
            os.scandir(path).close()  # a drive that was pulled may still answer for the folder itself
        else:
            path.stat()
    except PermissionError:
        return True  # the walk says what is wrong
    except OSError:
        return False
    return True


def _told_apart(found: Found) -> tuple[str, int, int]:
    return str(found.path), found.size, found.modified


def _is_new(path: Path, seconds: float) -> bool:
    """Whether the file changed in the last so many seconds, or its clock is ahead."""
    try:
        status = path.stat()
    except OSError:
        return True
    return max(status.st_mtime, status.st_ctime) > time.time() - seconds
