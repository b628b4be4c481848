"""predict: a model and some paths in, one Prediction a photo out; a ledger and a table grow with them. No torch."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from engine.control import Control
from engine.devices import cpu_threads
from engine.errors import ThawError
from engine.events import Notice, Prediction, PredictionFinished, PredictionProgress, Watching
from engine.keep_awake import kept_awake_when_long
from engine.model_file import ModelFile, locate, open_model
from engine.prediction.classify import Answer, Work
from engine.prediction.finding import Asked, Once, Source
from engine.prediction.hierarchy import read_hierarchy
from engine.prediction.place import Place
from engine.prediction.rules import CLASS_CALLED_SO, UNKNOWN, LiveRules, rules_for
from engine.prediction.stream import Stream
from engine.prediction.tally import Tally
from engine.prediction.walk import PhotoWalk
from engine.prediction.watch import Watch

if TYPE_CHECKING:
    from engine.prediction.providers import Wanted
    from engine.prediction.results import Results
    from engine.prediction.runtime import Classifier

MOST_THREADS = 16  # unless told: each holds a network's intermediate results for a chunk in memory
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
    `hashed` adds each file's SHA-256; photos whose answer has none are classified again for it. `threads` is how many
    photos are worked on at once; None takes one for each core, at most 16. `device` is "cpu", or "auto" for the fastest
    that ONNX Runtime has here: a Notice says which, where there is a choice.

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
    if resume and place.kept_in:
        paths = importlib.import_module("engine.prediction.ledger.named").as_named_before(place.kept_in, paths)
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
    with contextlib.ExitStack() as stack:
        stack.enter_context(kept_awake_when_long())
        network = stack.enter_context(_loading(model_file, device))
        total = stack.enter_context(_counting(paths, place.own_files()))
        work = Work(manifest.preprocessing, network, tally.spent, source.comes_back, hashed)

        def begin_results() -> Results:
            network.result()  # a network that cannot be loaded leaves what is there as it is
            results = importlib.import_module("engine.prediction.results").Results
            begun: Results = results(place, model_file, live.now, min(top, len(manifest.classes)), paths, hashed)
            stack.callback(begun.close)
            return begun

        def begin_stream(has_answer: Asked) -> Stream:
            width = threads or min(cpu_threads(), MOST_THREADS)
            return stack.enter_context(Stream(work, source.photos(has_answer), width, ended))

        if resume or watch:
            results = begin_results()
            stream = begin_stream(tally.asking(results))
        else:  # no photo has an answer, so they are read while the network is being loaded
            stream = begin_stream(lambda _found: False)
            results = begin_results()
        if network.result().device_was_chosen:
            yield Notice(
                f"Classifying on {network.result().device}. {network.result().device_reason}".strip(), "device"
            )
        if UNKNOWN in manifest.classes:
            yield Notice(NAMED_APART, "unknown")
        batch = _Batch(source, results, tally, live, total)
        yield from batch.answered(stream)
        stopped = batch.end(needs_photos=not watch)
    yield tally.finished(source, stopped, place)
    if source.troubles and not stopped and not watch:
        raise ThawError(" ".join(source.troubles[:3]), "\n".join(source.troubles))


@dataclass
class _Batch:
    """One batch at work."""

    source: Source
    results: Results
    tally: Tally
    live: LiveRules
    counted: Callable[[], int | None]

    def answered(self, stream: Iterable[list[Answer]]) -> Iterator[PredictEvent]:
        """Keeps all answers, and tells of them."""
        source, results, tally = self.source, self.results, self.tally
        for answers in stream:
            if not tally.goes_on(results.keep):
                break
            results.use(self.live)
            counted = source.taken(answers)
            predictions = results.add(counted) if counted else []
            results.counted(self.total)
            results.keep()
            yield from source.news()
            yield from predictions
            if predictions or not source.waits:
                yield from tally.counted(predictions, self.total)
            tally.waited(source.waits)
            if isinstance(source, Watch) and source.looks:
                yield from self._waiting(source)
        yield from source.news()
        yield from results.others()

    def end(self, needs_photos: bool) -> bool:
        """Leaves the table as it is to be read, and says whether the batch was stopped before its end. Raises ThawError
        where there was not one photo though it `needs_photos`."""
        # A stop after the last photo stopped nothing.
        stopped = not self.tally.goes_on(self.results.keep) and self.tally.done != self.total and not self.source.waits
        if not self.tally.done and not stopped and needs_photos:
            raise ThawError(_nothing_found(self.source))
        self.results.use(self.live)
        self.results.counted(self.total)
        self.results.finish(stopped)
        return stopped

    @property
    def total(self) -> int | None:
        """What was counted, as long as that is what is classified."""
        return None if isinstance(self.source, Watch) and self.source.looks else self.counted()

    def _waiting(self, source: Watch) -> Iterator[Notice | Watching]:
        """What there is to tell once everything was looked through: that more is waited for, where that is news."""
        if trouble := self.results.refresh():
            yield Notice(trouble, "table")
        if source.waits:
            yield from self.results.others()
            self.results.counted(self.tally.done)
        now = Watching(self.tally.done, self.tally.failed, source.coming)
        if source.waits and now != self.tally.watching:
            self.tally.watching = now
            self.results.keep(now=True)  # whoever hears of it finds all of it in the ledger
            yield now


@contextlib.contextmanager
def _loading(model: ModelFile, device: Wanted) -> Iterator[Future[Classifier]]:
    """Gives the network while it is being loaded. So is the library that runs it, which takes as long again."""

    def load() -> Classifier:
        runtime = importlib.import_module("engine.prediction.runtime")
        network: Classifier = runtime.Classifier(model, threads=1, device=device)
        return network

    with ThreadPoolExecutor(1, thread_name_prefix="load") as pool:
        yield pool.submit(load)


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


def _nothing_found(source: Source) -> str:
    skipped = f" {source.skipped} other entries were skipped." if source.skipped else ""
    return " ".join(source.troubles[:3]) + skipped
