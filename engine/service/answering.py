"""Photos in memory to answers, by the rules that a batch decides by, in a bounded number of threads."""

from __future__ import annotations

import io
import itertools
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engine import photos
from engine.errors import PhotoError
from engine.events import Prediction
from engine.prediction.classify import Answer, Found, answered
from engine.prediction.ledger.rows import predictions_of
from engine.prediction.results import labels_of
from engine.prediction.rules import Rules
from engine.prediction.runtime import Classifier
from engine.prediction.stream import CHUNK
from engine.service.body import Refused, Sent
from engine.service.limits import RETRY_SECONDS, Limits


class Answering:
    """Its methods may be called from several threads. `photos` and `failed` count what was answered."""

    def __init__(self, classifier: Classifier, rules: Rules, limits: Limits, top: int) -> None:
        self.classifier, self.rules, self.limits, self.top = classifier, rules, limits, top
        self.requests = self.photos = self.failed = 0
        self.pool = ThreadPoolExecutor(limits.threads, thread_name_prefix="serve")
        self._places = threading.BoundedSemaphore(limits.requests)
        self._counting = threading.Lock()

    def __enter__(self) -> None:
        """Take a place among the requests. Raises Refused where all are taken."""
        if not self._places.acquire(blocking=False):
            raise Refused(503, f"{self.limits.requests} requests are at work; try again in {RETRY_SECONDS} s.")

    def __exit__(self, *_: object) -> None:
        self._places.release()

    def answer(self, sent: Sequence[Sent], top: int | None = None) -> list[Prediction]:
        """Each photo's answer, in order, with at most `top` classes; one that cannot be read has an error. Raises
        ThawError where the network cannot be applied."""
        answers = [answer for chunk in _in_chunks(sent) for answer in self._classified(chunk)]
        decided = labels_of(self.rules, answers)
        predictions = predictions_of(answers, decided, self.rules.classes, min(top or self.top, self.top))
        with self._counting:
            self.requests += 1
            self.photos += len(predictions)
            self.failed += sum(1 for one in predictions if one.error)
        return predictions

    def _classified(self, chunk: Iterable[Sent]) -> list[Answer]:
        how = self.classifier.preprocessing
        answers, pixels = [], []
        for one in chunk:
            found = Found(Path(one.name), len(one.content))
            try:
                image = photos.read(
                    found.path, how.image_size, how.fit, interpolation=how.interpolation,
                    file=io.BytesIO(one.content), max_megapixels=self.limits.megapixels,
                )  # fmt: skip
            except PhotoError as error:
                answers.append(Answer(found, None, str(error)))
            else:
                pixels.append(image.pixels)
                answers.append(Answer(found))
        return answered(self.classifier, answers, pixels)


def _in_chunks(sent: Sequence[Sent]) -> Iterable[list[Sent]]:
    """A few at a time go through the network, so that memory is bounded."""
    waiting = iter(sent)
    return iter(lambda: list(itertools.islice(waiting, CHUNK)), [])
