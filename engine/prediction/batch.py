"""predict: a model and some paths in, one Prediction a photo out; a ledger and a table grow with them. No torch."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from engine.control import Control
from engine.devices import cpu_threads
from engine.errors import ThawError
from engine.events import Notice, Prediction, PredictionFinished, PredictionProgress, Watching
from engine.keep_awake import kept_awake_when_long
from engine.model_file import locate, open_model
from engine.prediction.classify import Found, Spent, Work
from engine.prediction.finding import Once, Source
from engine.prediction.hierarchy import read_hierarchy
from engine.prediction.providers import Wanted, installed
from engine.prediction.results import Place, Results
from engine.prediction.rules import CLASS_CALLED_SO, UNKNOWN, LiveRules, rules_for
from engine.prediction.runtime import Classifier
from engine.prediction.stream import Stream
from engine.prediction.walk import PhotoWalk
from engine.prediction.watch import Watch

MOST_THREADS = 16  # unless told: each holds a network's intermediate results for a chunk in memory
SECONDS_BETWEEN_PROGRESS = 0.25
NAMED_APART = (
    f"The model has a class “{UNKNOWN}”. Among the answers it is called “{CLASS_CALLED_SO}”, for there “{UNKNOWN}” "
    "says that no class was sure."
)

PredictEvent = Notice | Prediction | PredictionProgress | PredictionFinished | Watching


def predict(
    model: Path,
    paths: Sequence[Path],
    out: Path | None = None,
    *,
    top: int = 5,
    threshold: float = 0.0,
    by_class: Mapping[str, float] | None = None,
    groups: Path | None = None,
    series_seconds: float = 0.0,
    ledger: Path | None = None,
    resume: bool = False,
    replace: bool = False,
    byte_order_mark: bool = False,
    hashed: bool = False,
    watch: bool = False,
    live_rules: LiveRules | None = None,
    control: Control | None = None,
    threads: int | None = None,
    device: Wanted = "auto",
) -> Generator[PredictEvent, None, None]:
    """Classify photos and all photos in folders, in natural order.

    The answers are kept in a ledger, beside the table `out` unless `ledger` says where; without either nothing is kept.
    `resume` goes on with that ledger: only photos that are new, changed or were not read are classified (those are the
    ones that come as a Prediction). Where another photo is at a path that has a row (see `ledger.met_again`), that row
    stays as it is, the photo gets its own, and a Notice says so. A photo's row is in a table that can grow (CSV, JSON
    lines) before its Prediction is yielded, and in the ledger within a second; XLSX and Parquet are written at the end.
    A bad photo is a Prediction with an error. Below `threshold` (0 to 1), or the model's own for that class, or
    `by_class`, the label is "unknown", or that of one of the `groups` (a CSV file, see `read_hierarchy`). Photos that
    one camera took at most `series_seconds` apart are decided on together when all are there (a Prediction that came
    before says what the photo alone shows). `live_rules` stand in place of all these, and may be changed while it runs.
    `hashed` adds each file's SHA-256. `threads` is how many photos are worked on at once; None takes one for each core,
    at most 16. `device` is "cpu", or "auto" for the fastest that ONNX Runtime has here: a Notice says which, where
    there is a choice.

    PredictionProgress says a total as soon as the photos are counted. A drive that goes away is a Notice and waited
    for. PredictionFinished is last, also after a stop (or finish), which keeps what was written; its `seconds` are
    without pauses, and without those in which it waited for photos.

    With `watch` it goes on until a stop (or finish): photos that come into the folders, or are written over, are
    classified as soon as they are whole, and Watching tells when everything there has its answer. A path that is not
    there yet is waited for. XLSX and Parquet are written anew at most once a minute, and at the end.

    Raises ThawError where nothing can begin: no such model or path, an unreadable folder, no photo at all, an `out` or
    a ledger that exists (unless `resume` or `replace`), a ledger of another model or in use. A folder further down that
    cannot be read, or a named folder without a photo, is a Notice when it is met, and the ThawError comes after
    PredictionFinished: the answers are all there, but the person must not take them for the whole.
    """
    paths, control = [Path(path) for path in paths], control or Control()
    tally, ended = Tally(control), threading.Event()
    if top < 1:
        raise ThawError(f"The number of best classes must be 1 or more, not {top}.")
    place = Place(out and Path(out), ledger and Path(ledger), resume, replace, byte_order_mark)
    source: Source
    if watch:
        source = Watch(paths, place.own_files(), ended, lambda: control.paused)
    else:
        source = Once(paths, place.own_files(), lambda: ended.is_set() or control.stopping or control.finishing)
    model_file = open_model(locate(Path(model)))
    manifest, hierarchy = model_file.manifest, read_hierarchy(groups) if groups else None
    rules = rules_for(
        manifest.classes, manifest.thresholds, threshold=threshold, by_class=by_class, hierarchy=hierarchy,
        series_seconds=series_seconds,
    )  # fmt: skip
    live = live_rules or LiveRules(rules)
    classifier = Classifier(model_file, threads=1, device=device)
    work = Work(classifier, tally.spent, source.comes_back, hashed)
    width = threads or min(cpu_threads(), MOST_THREADS)
    with contextlib.ExitStack() as stack:
        results = Results(place, model_file, live.now, min(top, len(classifier.classes)), paths)
        stack.callback(results.close)
        stack.enter_context(kept_awake_when_long())
        counting = stack.enter_context(_counting(paths, place.own_files()))
        total = _until(source, counting)
        stream = stack.enter_context(Stream(work, source.photos(tally.asking(results)), width, ended))
        if device == "auto" and installed():
            yield Notice(f"Classifying on {classifier.device}. {classifier.device_reason}".strip(), "device")
        if UNKNOWN in manifest.classes:
            yield Notice(NAMED_APART, "unknown")
        for answers in stream:
            if not tally.goes_on(results.keep):
                break
            results.use(live)
            counted = source.taken(answers)
            predictions = results.add(counted) if counted else []
            results.counted(total())
            results.keep()
            yield from source.news()
            yield from predictions
            if predictions or not source.waits:
                yield from tally.counted(predictions, total())
            tally.waited(source.waits)
            if isinstance(source, Watch) and source.looks:
                yield from _waiting(source, results, tally)
        yield from source.news()
        yield from results.others()
        # A stop after the last photo stopped nothing.
        stopped = not tally.goes_on(results.keep) and tally.done != total() and not source.waits
        if not tally.done and not stopped and not watch:
            raise ThawError(_nothing_found(source))
        results.use(live)
        results.counted(total())
        results.finish(stopped)
    yield tally.finished(source, stopped, place)
    if source.troubles and not stopped and not watch:
        raise ThawError(" ".join(source.troubles[:3]), "\n".join(source.troubles))


@dataclass
class Tally:
    """What was done, and how fast. `kept` photos had their answer from earlier; `paused` is in seconds, with those in
    which there was nothing to do."""

    control: Control
    spent: Spent = field(default_factory=Spent)
    new: int = 0
    kept: int = 0
    failed: int = 0
    paused: float = 0.0
    watching: Watching | None = None
    _began: float = field(default_factory=time.monotonic)
    _told: float = 0.0
    _idle_since: float | None = None

    @property
    def done(self) -> int:
        return self.new + self.kept

    def asking(self, results: Results) -> Callable[[Found], bool]:
        """Asks whether a photo has an answer from earlier, and counts those that have one."""

        def asked(found: Found) -> bool:
            known = results.has_answer(found)
            self.kept += known
            return known

        return asked

    def goes_on(self, before_a_pause: Callable[[bool], None]) -> bool:
        """False once the work was told to end; waits while it is paused."""
        if self.control.paused:
            self._idle_since = None  # or a pause would count twice
            before_a_pause(True)
            began = time.monotonic()
            self.control.wait_while_paused()
            self.paused += time.monotonic() - began
        return not (self.control.stopping or self.control.finishing)

    def waited(self, idle: bool) -> None:
        """Take whether there is nothing to do now: that time is none of the work's."""
        now = time.monotonic()
        if idle and self._idle_since is not None:
            self.paused += now - self._idle_since
        self._idle_since = now if idle else None

    def counted(self, predictions: Sequence[Prediction], total: int | None) -> Iterator[PredictionProgress]:
        """Count them, and say so where the last word is long enough ago."""
        self.new += len(predictions)
        self.failed += sum(1 for prediction in predictions if prediction.error)
        now = time.monotonic()
        if not self.done or now - self._told < SECONDS_BETWEEN_PROGRESS:
            return
        self._told = now
        rate, done = self.new / max(now - self._began - self.paused, 1e-9), self.done
        if total is not None and total < done:
            total = None  # a folder grew after it was counted
        left = None if total is None or not rate else (total - done) / rate
        yield PredictionProgress(done, total, rate, left, self.kept, *self.spent.shares())

    def finished(self, source: Source, stopped: bool, place: Place) -> PredictionFinished:
        seconds = time.monotonic() - self._began - self.paused
        rate = self.new / max(seconds, 1e-9)
        return PredictionFinished(
            self.done, self.failed, source.skipped, seconds, rate, stopped, place.out, self.kept, place.kept_in
        )


@contextlib.contextmanager
def _counting(paths: Sequence[Path], own: Sequence[Path]) -> Iterator[Callable[[], int | None]]:
    """Gives what tells how many photos there are, None until they are counted: beside the work, without a list."""
    ended = threading.Event()

    def count() -> int | None:
        number = 0
        for _ in PhotoWalk(paths, own, sort=False):
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


def _until(source: Source, counting: Callable[[], int | None]) -> Callable[[], int | None]:
    """What was counted, as long as that is what is classified."""
    return lambda: None if isinstance(source, Watch) and source.looks else counting()


def _waiting(source: Watch, results: Results, tally: Tally) -> Iterator[Notice | Watching]:
    """What there is to tell once everything was looked through: that more is waited for, where that is news."""
    if trouble := results.refresh():
        yield Notice(trouble, "table")
    if source.waits:
        yield from results.others()
        results.counted(tally.done)
    now = Watching(tally.done, tally.failed, source.coming)
    if source.waits and now != tally.watching:
        tally.watching = now
        results.keep(now=True)  # whoever hears of it finds all of it in the ledger
        yield now


def _nothing_found(source: Source) -> str:
    skipped = f" {source.skipped} other entries were skipped." if source.skipped else ""
    return " ".join(source.troubles[:3]) + skipped
