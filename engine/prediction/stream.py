"""Photos through threads: found, classified side by side, given back in the order in which they were found.

One thread walks. Each of the others takes photos, reads them and applies the network to a few at once, on its own, on
one core: on two cores that is as fast as reading in threads and applying the network with both, and on more the threads
never wait for each other. What is on its way is bounded, so memory is the same for ten photos and for a million.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Iterable, Iterator

from engine.prediction.classify import Answer, Found, Seen, Work, classified, see

CHUNK = 8  # photos that one thread applies the network to at a time; more is no faster and makes rows come later
AHEAD = 3
"""Chunks for each thread that are on their way at most, from the walk to whoever iterates."""
SECONDS_BETWEEN_LOOKS = 0.1


class Stream:
    """Iterate it for the answers, some at a time; an empty list comes where nothing was ready for a moment, so that
    whoever iterates can tell what there is to tell. Enter it to begin, leave it to end all threads."""

    def __init__(self, work: Work, found: Iterable[Found], width: int, ended: threading.Event) -> None:
        """`found` is iterated in a thread of its own; `width` photos are worked on at once. `ended` is set at the end,
        for whoever waits in one of the threads."""
        self._work, self._found, self._width, self._ended = work, found, width, ended
        self._most = AHEAD * CHUNK * width
        self._threads = [
            threading.Thread(target=run, name=f"predict {name}", daemon=True)
            for run, name in ((self._walk, "walk"), *[(self._classify, "classify")] * width)
        ]
        self._lock = threading.Lock()
        self._some_wait = threading.Condition(self._lock)
        self._some_ready = threading.Condition(self._lock)
        self._some_room = threading.Condition(self._lock)
        self._waiting: collections.deque[tuple[int, Found]] = collections.deque()
        self._answers: dict[int, Answer] = {}
        self._met = self._given = 0
        self._walked = False
        self._walk_error: BaseException | None = None
        self._fault: BaseException | None = None

    def __enter__(self) -> Stream:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with self._lock:
            self._some_wait.notify_all()
            self._some_room.notify_all()
        for thread in self._threads:
            thread.join()

    def __iter__(self) -> Iterator[list[Answer]]:
        while True:
            with self._lock:
                if not self._is_news:
                    self._some_ready.wait(SECONDS_BETWEEN_LOOKS)
                if self._fault:
                    raise self._fault
                answers = self._next_ones()
                if not answers and self._is_over:
                    if self._walk_error:
                        raise self._walk_error
                    return
            yield answers

    @property
    def _is_over(self) -> bool:
        return self._walked and self._given == self._met

    @property
    def _is_news(self) -> bool:
        return self._given in self._answers or self._is_over or self._fault is not None

    def _next_ones(self) -> list[Answer]:
        answers: list[Answer] = []
        while self._given in self._answers and len(answers) < CHUNK:
            answers.append(self._answers.pop(self._given))
            self._given += 1
        if answers:
            self._some_room.notify()
        return answers

    # --- the thread that walks -----------------------------------------------------------------------------------

    def _walk(self) -> None:
        try:
            for one in self._found:
                if not self._put(one):
                    return
        except BaseException as error:  # told after the answers for what was found before
            self._walk_error = error
        with self._lock:
            self._walked = True
            self._some_wait.notify_all()
            self._some_ready.notify()

    def _put(self, one: Found) -> bool:
        with self._lock:
            self._some_room.wait_for(lambda: self._ended.is_set() or self._met - self._given < self._most)
            if self._ended.is_set():
                return False
            self._waiting.append((self._met, one))
            self._met += 1
            self._some_wait.notify()
        return True

    # --- those that classify -------------------------------------------------------------------------------------

    def _classify(self) -> None:
        try:
            done = 0
            while chunk := self._chunk(done):
                answers = classified(self._work, [seen for _, seen in chunk])
                done += 1
                with self._lock:
                    self._answers.update(zip((number for number, _ in chunk), answers, strict=True))
                    self._some_ready.notify()
        except BaseException as error:  # no photo's own
            with self._lock:
                self._fault = error
                self._some_ready.notify()

    def _chunk(self, done: int) -> list[tuple[int, Seen]]:
        """Photos, read, that one thread applies the network to; none at the end. While the network is still being
        loaded there is time to read. The first chunks are small, so that the first rows come at once, and so are the
        last, so that no thread has a whole chunk left when the others have nothing."""
        chunk: list[tuple[int, Seen]] = []
        while taken := self._take(len(chunk), done):
            number, found = taken
            chunk.append((number, see(self._work, found)))
        return [] if self._ended.is_set() else chunk

    def _take(self, so_far: int, done: int) -> tuple[int, Found] | None:
        with self._lock:
            if not so_far:
                self._some_wait.wait_for(lambda: self._waiting or self._walked or self._ended.is_set())
            share = min(1 + done, len(self._waiting) // self._width) if self._work.network.done() else CHUNK
            full = so_far and so_far >= min(CHUNK, share)
            return None if full or self._ended.is_set() or not self._waiting else self._waiting.popleft()
