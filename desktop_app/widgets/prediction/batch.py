"""One batch that runs: started, steered, and what it tells."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from desktop_app.widgets.figures import THIN, count, duration, quantity
from desktop_app.widgets.prediction.decision import Decision
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs, Worker
from engine.control import Control
from engine.errors import ThawError
from engine.events import Notice, Prediction, PredictionFinished, PredictionProgress, Watching
from engine.photo_formats import is_photo_name

if TYPE_CHECKING:
    from engine.prediction.rules import LiveRules

AWAY, BACK = "drive", "drive-back"


@dataclass(frozen=True)
class Asked:
    """What is to be classified, and the `ledger` in which the answers are kept; `resume` goes on with it. With `watch`
    photos that come are waited for."""

    model: Path
    paths: tuple[Path, ...]
    ledger: Path
    resume: bool = False
    watch: bool = False


class Batch(QObject):
    """`grew` says that there may be more rows in the ledger, `waiting` that all there is has its answer, `decided` that
    its labels are by the newest decision; `noticed` carries a Notice, `steered` a word that the job was given, and
    `ended` PredictionFinished or None once the job has ended, after `failed` where an exception ended it."""

    grew = Signal(object)  # PredictionProgress
    waiting = Signal(object)  # Watching
    decided = Signal()
    noticed = Signal(object)
    steered = Signal(str)
    failed = Signal(object)
    ended = Signal(object)

    def __init__(self, asked: Asked, decision: Decision, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.asked, self.decision = asked, decision
        self.worker: Worker | None = None
        self._rules: LiveRules | None = None
        self._model_says: tuple[tuple[str, ...], dict[str, float]] = ((), {})
        self._told_used: object = None
        self._finished: PredictionFinished | None = None

    def start(self, jobs: Jobs, title: str) -> None:
        # Watching mostly waits, so it is no heavy job: nothing has to wait for it.
        kind, heavy = ("watch", False) if self.asked.watch else ("predict", True)
        self.worker = jobs.start(title, self._work, kind, heavy, at_place=(ThawError,))
        self.worker.happened.connect(self._on_happened)
        self.worker.steered.connect(self.steered)
        self.worker.failed.connect(self._on_failed)
        self.worker.returned.connect(lambda _value: self.ended.emit(self._finished))

    def stop(self) -> None:
        if self.worker and not self.worker.control.stopping:
            self.worker.control.stop()

    def is_decided(self) -> bool:
        """Whether the newest decision is that of all that is there; one that came at the very end may have come too
        late."""
        return self._rules is None or self._rules.now is self._rules.used

    def decide(self, decision: Decision) -> None:
        """Decide otherwise, from the next photo on and on all that is there."""
        self.decision = decision
        if self._rules:
            try:
                self._rules.now = decision.fitting(self._model_says[0]).rules(*self._model_says)
            except ThawError as error:
                self.noticed.emit(Notice(str(error)))

    def _work(self, control: Control) -> Iterator[Any]:
        """In the job's thread. What streams in is in the ledger; the window needs no Prediction of it."""
        # Loaded here: ONNX Runtime and NumPy have no part in opening the window.
        files = importlib.import_module("engine.model_file")
        manifest = files.open_model(files.locate(self.asked.model)).manifest
        rules = importlib.import_module("engine.prediction.rules")
        self._model_says = (rules.classes_in_answers(manifest.classes), dict(manifest.thresholds))
        self._rules = rules.LiveRules(self.decision.fitting(self._model_says[0]).rules(*self._model_says))
        yield from classify(self.asked, self._rules, control)

    def _on_happened(self, event: object) -> None:
        if isinstance(event, PredictionProgress):
            self.grew.emit(event)
            if self._rules and self._rules.used is not self._told_used:
                is_first, self._told_used = self._told_used is None, self._rules.used
                if not is_first:
                    self.decided.emit()
        elif isinstance(event, Watching):
            self.waiting.emit(event)
        elif isinstance(event, Notice):
            self.noticed.emit(event)
        elif isinstance(event, PredictionFinished):
            self._finished = event

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, ThawError):
            self.failed.emit(error)
        self.ended.emit(self._finished)


def called(paths: Sequence[Path]) -> str:
    """What is classified, in few words: a name, or how many folders and photos, as their names say."""
    if len(paths) == 1:
        return shown(paths[0].name)
    photos = sum(1 for path in paths if is_photo_name(path))
    folders = len(paths) - photos
    parts = [quantity(folders, "folder")] if folders else []
    return " and ".join([*parts, quantity(photos, "photo")] if photos else parts)


def course(progress: PredictionProgress) -> str:
    """How a batch comes on, and what limits it."""
    done = progress.done
    told = [f"{count(done)} of {quantity(progress.total, 'photo')}" if progress.total else quantity(done, "photo")]
    if progress.images_per_second >= 0.1:
        told.append(f"{progress.images_per_second:.{0 if progress.images_per_second >= 10 else 1}f} photos/s")
    if progress.seconds_left is not None:
        told.append(f"{duration(progress.seconds_left)} left")
    shares = (("reading", progress.reading), ("decoding", progress.decoding), ("model", progress.network))
    if any(share for _, share in shares):
        told.append(", ".join(f"{name} {share * 100:.0f}{THIN}%" for name, share in shares))
    return " · ".join(told)


def words(finished: PredictionFinished) -> str:
    """What a batch did, in a line."""
    speed = finished.images_per_second
    took = duration(finished.seconds) if finished.seconds >= 60 else f"{finished.seconds:.1f} s"
    kept = f"{count(finished.kept)} known before" if finished.kept else ""
    told = (
        f"{quantity(finished.photos, 'photo')} in {took}",
        kept,
        f"{speed:.0f} photos/s" if speed >= 1 else "",
        f"{quantity(finished.skipped, 'other file')} left out" if finished.skipped else "",
        "stopped" if finished.stopped else "",
    )
    return " · ".join(filter(None, told))


def classify(asked: Asked, rules: LiveRules, control: Control) -> Iterator[Any]:
    """A job: the answers go into the ledger, and what is told of them comes out."""
    predict = importlib.import_module("engine.prediction.batch").predict
    for event in predict(
        asked.model, asked.paths, ledger=asked.ledger, resume=asked.resume, watch=asked.watch, live_rules=rules,
        control=control,
    ):  # fmt: skip
        if not isinstance(event, Prediction):
            yield event
