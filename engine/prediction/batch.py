"""predict: a model and some paths in, one Prediction a photo out, and a CSV that grows with them. No torch."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.control import Control
from engine.devices import cpu_threads
from engine.errors import PhotoError, ThawError
from engine.events import Notice, Prediction, PredictionFinished, PredictionProgress
from engine.model_file import locate, open_model
from engine.photos import read
from engine.prediction.runtime import Classifier, Floats
from engine.prediction.tables import PredictionTable
from engine.prediction.walk import PhotoWalk, check_paths

UNKNOWN = "unknown"
CHUNK = 8  # photos that one thread reads and classifies at a time; more is no faster and makes rows come later
MOST_THREADS = 16  # unless told: each holds a network's intermediate results for a chunk in memory
SECONDS_BETWEEN_PROGRESS = 0.25

PredictEvent = Notice | Prediction | PredictionProgress | PredictionFinished
Answers = Future[list[Prediction]]


def predict(
    model: Path,
    paths: Sequence[Path],
    out: Path | None = None,
    *,
    top: int = 5,
    threshold: float = 0.0,
    control: Control | None = None,
    threads: int | None = None,
    replace: bool = False,
) -> Generator[PredictEvent, None, None]:
    """Classify photos and all photos in folders, in natural order.

    A photo's row is on disk (in `out`) before its Prediction is yielded. A bad photo is a Prediction with an error.
    Below `threshold` (0 to 1), or the model's own for that class, the label is "unknown". `threads` is how many photos
    are worked on at once; None takes one for each core, at most 16. PredictionProgress says a total as soon as the
    photos are counted. PredictionFinished is last, also after a stop (or finish), which keeps what was written; its
    `seconds` are without pauses.

    Raises ThawError where nothing can begin: no such model or path, an unreadable folder, no photo at all, an `out`
    that exists (unless `replace`). A folder further down that cannot be read, or a named folder without a photo, is a
    Notice when it is met, and the ThawError comes after PredictionFinished: the answers are all there, but the person
    must not take them for the whole.
    """
    started = time.monotonic()
    paths = [Path(path) for path in paths]
    control = control or Control()
    _check_range(top, threshold)
    check_paths(paths)
    classifier = Classifier(open_model(locate(Path(model))), threads=1)
    rules = Rules(min(top, len(classifier.classes)), threshold)
    table = None if out is None else PredictionTable(Path(out), rules.top, replace)
    walk = PhotoWalk(paths, table.path if table else None)
    tally = Tally(control)
    width = threads or min(cpu_threads(), MOST_THREADS)
    with contextlib.ExitStack() as stack:
        if table:
            stack.callback(table.abandon)
        total = stack.enter_context(_counting(paths, walk.table))
        submit = stack.enter_context(_threads(width, classifier, rules))
        for predictions in _in_order(iter(walk), submit, width, tally.goes_on):
            if table:
                table.add(predictions)
            yield from _new_notices(walk, tally)
            yield from predictions
            yield from tally.counted(predictions, total())
        yield from _new_notices(walk, tally)
        stopped = not tally.goes_on() and tally.done != total()  # a stop after the last photo stopped nothing
        if not tally.done and not stopped:
            raise ThawError(_nothing_found(walk))
        if table:
            table.close()
    seconds = time.monotonic() - started - tally.paused
    yield PredictionFinished(
        tally.done, tally.failed, walk.skipped, seconds, tally.done / max(seconds, 1e-9), stopped, walk.table
    )
    if walk.troubles and not stopped:
        raise ThawError(" ".join(walk.troubles[:3]), "\n".join(walk.troubles))


@dataclass(frozen=True)
class Rules:
    """How probabilities become an answer."""

    top: int
    threshold: float


@dataclass
class Tally:
    """What was done, and how fast. `paused` is in seconds."""

    control: Control
    done: int = 0
    failed: int = 0
    paused: float = 0.0
    troubles_told: int = 0
    _began: float = field(default_factory=time.monotonic)
    _told: float = 0.0

    def goes_on(self) -> bool:
        """False once the work was told to end; waits while it is paused."""
        if self.control.paused:
            began = time.monotonic()
            self.control.wait_while_paused()
            self.paused += time.monotonic() - began
        return not (self.control.stopping or self.control.finishing)

    def counted(self, predictions: Sequence[Prediction], total: int | None) -> Iterator[PredictionProgress]:
        """Count them, and say so where the last word is long enough ago."""
        self.done += len(predictions)
        self.failed += sum(1 for prediction in predictions if prediction.error)
        now = time.monotonic()
        if now - self._told < SECONDS_BETWEEN_PROGRESS:
            return
        self._told = now
        rate = self.done / max(now - self._began - self.paused, 1e-9)
        if total is not None and total < self.done:
            total = None  # a folder grew after it was counted
        yield PredictionProgress(self.done, total, rate, None if total is None else (total - self.done) / rate)


def classify(classifier: Classifier, paths: Sequence[Path], rules: Rules) -> list[Prediction]:
    """A Prediction for each path, in order; the calling thread reads the photos and applies the network."""
    seen = classifier.preprocessing
    pixels, errors = [], []
    for path in paths:
        try:
            pixels.append(read(path, seen.image_size, seen.fit, interpolation=seen.interpolation).pixels)
            errors.append("")
        except PhotoError as error:
            errors.append(str(error))
    answers = iter(classifier.probabilities(np.stack(pixels)) if pixels else ())
    return [
        Prediction(path, "", 0.0, (), error) if error else _answer(classifier, path, next(answers), rules)
        for path, error in zip(paths, errors, strict=True)
    ]


def _answer(classifier: Classifier, path: Path, probabilities: Floats, rules: Rules) -> Prediction:
    if not np.isfinite(probabilities).all():
        return Prediction(path, "", 0.0, (), "The model gave no usable answer for this photo.")
    best = np.argsort(-probabilities, kind="stable")[: rules.top]
    ranked = tuple((classifier.classes[index], float(probabilities[index])) for index in best)
    label, confidence = ranked[0]
    needed = max(rules.threshold, classifier.model_file.manifest.thresholds.get(label, 0.0))
    return Prediction(path, label if confidence >= needed else UNKNOWN, confidence, ranked)


def _in_order(
    found: Iterator[Path], submit: Callable[[list[Path]], Answers], width: int, goes_on: Callable[[], bool]
) -> Iterator[list[Prediction]]:
    """The found photos classified, chunk after chunk in the order they were found, with a bounded look-ahead.

    Each of `width` threads reads its photos and applies the network to them on its own, on one core: on two cores as
    fast as reading in threads and applying the network with both, and on more the threads never wait for each other.
    """
    waiting: deque[Answers] = deque()
    for number in itertools.count():
        if not goes_on():
            return
        # The first chunks are small, so that the first rows come at once.
        chunk = list(itertools.islice(found, min(CHUNK, 1 + number // width)))
        if chunk:
            waiting.append(submit(chunk))
        if not waiting:
            return
        if not chunk or len(waiting) >= 2 * width:
            yield waiting.popleft().result()


@contextlib.contextmanager
def _threads(width: int, classifier: Classifier, rules: Rules) -> Iterator[Callable[[list[Path]], Answers]]:
    """Gives what hands a chunk of paths to the next free thread; at the end, chunks not yet begun are dropped."""
    pool = ThreadPoolExecutor(width, thread_name_prefix="predict")
    try:
        yield lambda chunk: pool.submit(classify, classifier, chunk, rules)
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _counting(paths: Sequence[Path], table: Path | None) -> Iterator[Callable[[], int | None]]:
    """Gives what tells how many photos there are, None until they are counted: beside the work, without a list."""
    ended = threading.Event()

    def count() -> int | None:
        number = 0
        for _ in PhotoWalk(paths, table, sort=False):
            number += 1
            if ended.is_set():
                return None
        return number

    with ThreadPoolExecutor(1, thread_name_prefix="count") as pool:
        counted = pool.submit(count)
        try:
            yield lambda: counted.result() if counted.done() and not counted.exception() else None
        finally:
            ended.set()


def _new_notices(walk: PhotoWalk, tally: Tally) -> Iterator[Notice]:
    new = walk.troubles[tally.troubles_told :]
    tally.troubles_told += len(new)
    for text in new:
        yield Notice(text, "folder")


def _nothing_found(walk: PhotoWalk) -> str:
    skipped = f" {walk.skipped} other entries were skipped." if walk.skipped else ""
    return " ".join(walk.troubles[:3]) + skipped


def _check_range(top: int, threshold: float) -> None:
    if top < 1:
        raise ThawError(f"The number of best classes must be 1 or more, not {top}.")
    if not 0 <= threshold <= 1:
        raise ThawError(f"The threshold must lie between 0 and 1, not {threshold}.")
