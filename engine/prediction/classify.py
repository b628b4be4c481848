"""Photos to answers, in one thread: read the file, decode it, apply the network, and say how long each of them took."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import numpy.typing as npt

from engine import photos
from engine.errors import PhotoError
from engine.photo_facts import NOTHING, PhotoFacts
from engine.prediction.rules import Probabilities

if TYPE_CHECKING:
    from engine.model_file import Preprocessing
    from engine.prediction.runtime import Classifier

WHOLE_IN_MEMORY = 64 * 2**20
"""Files up to so many bytes are read before they are decoded, which tells reading from decoding apart; larger ones
(scans, panoramas) are decoded from the disk, as several of them at once would fill the memory."""
NO_ANSWER = "The model gave no usable answer for this photo."


@dataclass(frozen=True, slots=True)
class Found:
    """A file to classify. `size` is in bytes, `modified` in nanoseconds since 1970; 0 where it is not there."""

    path: Path
    size: int = 0
    modified: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of one photo: its `probabilities` by class, or an `error`. `sha256` is "" unless asked for."""

    found: Found
    probabilities: Probabilities | None = None
    error: str = ""
    facts: PhotoFacts = NOTHING
    sha256: str = ""


@dataclass
class Spent:
    """Seconds of all threads together. Its methods may be called from several threads."""

    reading: float = 0.0
    decoding: float = 0.0
    network: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, reading: float, decoding: float, network: float) -> None:
        with self._lock:
            self.reading += reading
            self.decoding += decoding
            self.network += network

    def shares(self) -> tuple[float, float, float]:
        """Of reading, decoding and the network; they add up to 1, or are 0 before anything was done."""
        whole = self.reading + self.decoding + self.network
        return (self.reading / whole, self.decoding / whole, self.network / whole) if whole else (0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Work:
    """What a thread needs. The photos are read as `how` says while the `network` may still be on its way.
    `comes_back(path)` waits while the drive that holds it is away, and says whether it was."""

    how: Preprocessing
    network: Future[Classifier]
    spent: Spent
    comes_back: Callable[[Path], bool]
    hashed: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """A photo that was read: what is known of it so far, and its `pixels` (uint8, H × W × 3) where there is no
    error."""

    answer: Answer
    pixels: npt.NDArray[np.uint8] | None = None


def classified(work: Work, seen: Sequence[Seen]) -> list[Answer]:
    """An Answer for each photo, in order: the network is applied to all at once. Raises what the network's loading
    raised."""
    network = work.network.result()
    began = time.perf_counter()
    answers = answered(network, [one.answer for one in seen], [one.pixels for one in seen if one.pixels is not None])
    work.spent.add(0.0, 0.0, time.perf_counter() - began)
    return answers


def answered(
    classifier: Classifier, answers: Sequence[Answer], pixels: Sequence[npt.NDArray[np.uint8]]
) -> list[Answer]:
    """The answers with probabilities: `pixels` are, in order, those of the photos without an error."""
    rows = iter(classifier.probabilities(np.stack(pixels)).astype(np.float32) if pixels else ())
    return [answer if answer.error else _with(answer, next(rows)) for answer in answers]


def _with(answer: Answer, probabilities: Probabilities) -> Answer:
    if np.isfinite(probabilities).all():
        return Answer(answer.found, probabilities, "", answer.facts, answer.sha256)
    return Answer(answer.found, None, NO_ANSWER, answer.facts, answer.sha256)


def see(work: Work, found: Found) -> Seen:
    """Read a photo. A drive that goes away is waited for, and then it is read again; so is, once, what the drive
    refused though it is there by now: it may have been away between two looks."""
    how, tried = work.how, False
    while True:
        began = time.perf_counter()
        try:
            with photos.opened(found.path) as file:
                source, sha256 = _content(file, found.size, work.hashed)
                read = time.perf_counter()
                image = photos.read(
                    found.path, how.image_size, how.fit, interpolation=how.interpolation, file=source, with_facts=True
                )
            work.spent.add(read - began, time.perf_counter() - read, 0.0)
            return Seen(Answer(found, None, "", image.facts, sha256), image.pixels)
        except PhotoError as error:
            cause = error.__cause__
            if isinstance(cause, OSError) and work.comes_back(found.path):
                continue
            if tried or not (isinstance(cause, OSError) and cause.errno and found.path.exists()):
                return Seen(Answer(found, None, str(error)))
            tried = True


def _content(file: io.BufferedReader, size: int, hashed: bool) -> tuple[BinaryIO, str]:
    if size > WHOLE_IN_MEMORY:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest() if hashed else ""
        file.seek(0)
        return file, sha256
    content = file.read()
    return io.BytesIO(content), hashlib.sha256(content).hexdigest() if hashed else ""
