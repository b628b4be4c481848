"""Photos through threads: found, classified side by side, given back in the order in which they were found.

One thread walks and hands chunks to the others; each of those reads its photos and applies the network to them on its
own, on one core: on two cores that is as fast as reading in threads and applying the network with both, and on more
the threads never wait for each other. What is on its way is bounded, so memory is the same for ten photos and for a
million.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from dataclasses import dataclass

from engine.prediction.classify import Answer, Found, Work, classify

CHUNK = 8  # photos that one thread reads and classifies at a time; more is no faster and makes rows come later
SECONDS_BETWEEN_LOOKS = 0.1

Answers = Future[list[Answer]]


@dataclass(frozen=True)
class _Broken:
    """The walk ended with an error."""

    error: BaseException


class Stream:
    """Iterate it for the answers, a chunk at a time; an empty list comes where nothing was ready for a moment, so that
    whoever iterates can tell what there is to tell. Close it to end all threads."""

    def __init__(self, work: Work, found: Iterable[Found | None], width: int, ended: threading.Event) -> None:
        """`found` is iterated in a thread of its own, and says None where no more may come for a while; `width` photos
        are worked on at once. `ended` is set at the end, for whoever waits in one of the threads."""
        self._work, self._found, self._width, self._ended = work, found, width, ended
        self._ready: queue.Queue[Answers | _Broken | None] = queue.Queue(2 * width)
        self._pool = ThreadPoolExecutor(width, thread_name_prefix="predict")
        self._walker = threading.Thread(target=self._walk, name="predict walk", daemon=True)

    def __enter__(self) -> Stream:
        self._walker.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with contextlib.suppress(queue.Empty):
            while True:
                self._ready.get_nowait()
        self._walker.join()
        self._pool.shutdown(cancel_futures=True)

    def __iter__(self) -> Iterator[list[Answer]]:
        while True:
            try:
                first = self._ready.get(timeout=SECONDS_BETWEEN_LOOKS)
            except queue.Empty:
                yield []
                continue
            if first is None:
                return
            if isinstance(first, _Broken):
                raise first.error
            yield from self._waited_for(first)

    def _waited_for(self, answers: Answers) -> Iterator[list[Answer]]:
        while True:
            try:
                done = answers.result(timeout=SECONDS_BETWEEN_LOOKS)
            except TimeoutError:
                if answers.done():  # a photo's own, which is no photo's: a fault
                    raise
                yield []
                continue
            yield done
            return

    def _walk(self) -> None:
        try:
            for chunk in _in_chunks(self._found, self._width):
                if not self._put(self._pool.submit(classify, self._work, chunk)):
                    return
            self._put(None)
        except BaseException as error:
            self._put(_Broken(error))

    def _put(self, item: Answers | _Broken | None) -> bool:
        while not self._ended.is_set():
            with contextlib.suppress(queue.Full):
                self._ready.put(item, timeout=SECONDS_BETWEEN_LOOKS)
                return True
        return False


def _in_chunks(found: Iterable[Found | None], width: int) -> Iterator[Sequence[Found]]:
    """The first ones are small, so that the first rows come at once."""
    chunk: list[Found] = []
    number = 0
    for one in itertools.chain(found, (None,)):
        if one is not None:
            chunk.append(one)
        if chunk and (one is None or len(chunk) >= min(CHUNK, 1 + number // width)):
            yield chunk
            chunk, number = [], number + 1
