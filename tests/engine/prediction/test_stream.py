"""Photos through threads: in order, bounded, and ended in every case."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ThawError
from engine.model_file import Preprocessing
from engine.prediction import stream
from engine.prediction.classify import Answer, Found, Seen, Spent, Work
from engine.prediction.stream import Stream

HOW = Preprocessing(image_size=8, fit="crop", interpolation="bilinear", channels=3, mean=(), std=())


class Fake:
    """In place of reading and the network: what was read, in chunks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read: list[Found] = []
        self.chunks: list[int] = []
        self.slow = 0.0
        self.fault: Exception | None = None
        self.network: Future[Any] = Future()
        self.network.set_result(None)
        self.enough_found = threading.Event()
        self.enough_found.set()
        monkeypatch.setattr(stream, "see", self.see)
        monkeypatch.setattr(stream, "classified", self.classified)
        monkeypatch.setattr(stream, "SECONDS_BETWEEN_LOOKS", 0.01)

    def see(self, _work: Work, found: Found) -> Seen:
        assert self.enough_found.wait(10)
        self.read.append(found)
        time.sleep(random.random() * self.slow)
        return Seen(Answer(found))

    def classified(self, work: Work, seen: Sequence[Seen]) -> list[Answer]:
        work.network.result()
        if self.fault:
            raise self.fault
        self.chunks.append(len(seen))
        return [one.answer for one in seen]

    def stream(self, found: Any, width: int = 3) -> Stream:
        return Stream(Work(HOW, self.network, Spent(), lambda _: False), found, width, threading.Event())


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    return Fake(monkeypatch)


def some(number: int) -> list[Found]:
    return [Found(Path(f"{n}.jpg")) for n in range(number)]


def names(answers: list[list[Answer]]) -> list[str]:
    return [answer.found.path.name for chunk in answers for answer in chunk]


@pytest.mark.parametrize("number", [0, 1, 2, 7, 200])
@pytest.mark.parametrize("width", [1, 4])
def test_each_photo_comes_once_and_in_order(fake: Fake, number: int, width: int) -> None:
    fake.slow = 0.002
    with fake.stream(some(number), width) as at_work:
        assert names(list(at_work)) == [f"{n}.jpg" for n in range(number)]
    assert max(fake.chunks, default=0) <= stream.CHUNK


def test_the_first_row_needs_no_whole_chunk_and_the_last_chunks_are_small(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> Iterator[Found]:
        yield from some(100)
        fake.enough_found.set()

    monkeypatch.setattr(stream, "AHEAD", 100)
    fake.enough_found.clear()
    with fake.stream(found(), 1) as at_work:
        list(at_work)
    assert fake.chunks[0] == 1 and fake.chunks[-1] == 1 and max(fake.chunks) == stream.CHUNK


def test_what_is_on_its_way_is_bounded(fake: Fake) -> None:
    met = 0

    def endless() -> Iterator[Found]:
        nonlocal met
        while True:
            met += 1
            yield Found(Path(f"{met}.jpg"))

    most = stream.AHEAD * stream.CHUNK * 2
    with fake.stream(endless(), 2) as at_work:
        deadline = time.monotonic() + 10
        while (len(fake.read) < most or met <= most) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)  # long enough for many more, were they let
        assert len(fake.read) == most and met == most + 1
        first = next(one for one in at_work if one)
        assert first[0].found.path.name == "1.jpg"


def test_photos_are_read_while_the_network_is_being_loaded(fake: Fake) -> None:
    def found() -> Iterator[Found]:
        for number, one in enumerate(some(100)):
            if number == 3 * stream.CHUNK:
                fake.enough_found.set()
            yield one

    fake.enough_found.clear()
    fake.network = Future()
    with fake.stream(found(), 2) as at_work:
        deadline = time.monotonic() + 10
        while len(fake.read) < 2 * stream.CHUNK and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not fake.chunks and next(iter(at_work)) == []
        fake.network.set_result(None)
        assert len(names(list(at_work))) == 100
    assert sorted(fake.chunks[:2]) == [stream.CHUNK] * 2


def test_a_walk_that_breaks_is_told_after_what_it_found(fake: Fake) -> None:
    def broken() -> Iterator[Found]:
        yield from some(20)
        raise ThawError("The folder went away.")

    told: list[list[Answer]] = []
    with fake.stream(broken()) as at_work, pytest.raises(ThawError, match="went away"):
        told.extend(at_work)
    assert len(names(told)) == 20


def test_a_network_that_cannot_be_loaded_ends_it(fake: Fake) -> None:
    fake.network = Future()
    fake.network.set_exception(ThawError("The network is damaged."))
    with fake.stream(some(20)) as at_work, pytest.raises(ThawError, match="damaged"):
        list(at_work)


def test_a_fault_ends_it(fake: Fake) -> None:
    fake.fault = RuntimeError("a fault")
    with fake.stream(some(20)) as at_work, pytest.raises(RuntimeError, match="a fault"):
        list(at_work)


def test_leaving_early_ends_all_threads(fake: Fake) -> None:
    fake.slow = 0.01
    before = threading.active_count()
    with fake.stream(some(1000)) as at_work:
        next(one for one in at_work if one)
    assert threading.active_count() == before and len(fake.read) < 1000
