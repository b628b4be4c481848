"""What a job has told so far, as one line and a bar: works for every job, knows none."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtWidgets import QProgressBar

from desktop_app.widgets.figures import count, duration, megabytes, quantity
from engine import events

BAR_STEPS = 1000


@dataclass(frozen=True)
class Progress:
    """`share` from 0 to 1 is None where no end is in sight; `epochs` is what the run was asked for."""

    detail: str = ""
    share: float | None = None
    seconds_left: float | None = None
    epochs: int = 0

    @property
    def left(self) -> str:
        return "" if self.seconds_left is None else f"{duration(self.seconds_left)} left"


def after(now: Progress, event: Any) -> Progress:
    """`now`, brought up to date by `event`; events that tell nothing of progress change nothing."""
    step = _STEPS.get(type(event))
    return step(now, event) if step else now


def show_share(bar: QProgressBar, share: float | None) -> None:
    """Fill `bar`; without a share it only moves, for no end is in sight."""
    bar.setRange(0, 0 if share is None else BAR_STEPS)
    bar.setValue(0 if share is None else round(BAR_STEPS * min(1.0, share)))


def _started(_now: Progress, event: events.RunStarted) -> Progress:
    share = (event.first_epoch - 1) / max(1, event.epochs)
    return Progress(f"epoch {event.first_epoch} of {event.epochs}", share, None, event.epochs)


def _stage(now: Progress, event: events.StageStarted) -> Progress:
    title = event.title.rstrip(".…")
    return Progress(title[:1].lower() + title[1:], None, None, now.epochs)


def _step(now: Progress, event: events.StepFinished) -> Progress:
    epochs = max(now.epochs, event.epoch)
    share = (event.epoch - 1 + event.step / max(1, event.steps)) / epochs
    left = now.seconds_left if event.seconds_left is None else event.seconds_left
    return Progress(f"epoch {event.epoch} of {epochs}", share, left, epochs)


def _epoch(_now: Progress, event: events.EpochFinished) -> Progress:
    share = event.epoch / max(1, event.epochs)
    return Progress(f"epoch {event.epoch} of {event.epochs}", share, event.seconds_left, event.epochs)


def _transfer(now: Progress, event: events.Transferred) -> Progress:
    detail = f"{event.name}, {megabytes(event.received_bytes, event.total_bytes)}"
    share = event.received_bytes / event.total_bytes if event.total_bytes else None
    return dataclasses.replace(now, detail=detail, share=share, seconds_left=None)


def _scan(_now: Progress, event: events.ScanProgress) -> Progress:
    return Progress(f"{quantity(event.photos, 'photo')} found")


def _predicted(_now: Progress, event: events.PredictionProgress) -> Progress:
    speed = f", {event.images_per_second:.0f} photos/s" if event.images_per_second >= 1 else ""
    if not event.total:
        return Progress(f"{quantity(event.done, 'photo')}{speed}", None, event.seconds_left)
    detail = f"{count(event.done)} of {quantity(event.total, 'photo')}{speed}"
    return Progress(detail, event.done / event.total, event.seconds_left)


def _waiting(_now: Progress, event: events.Watching) -> Progress:
    coming = f", {quantity(event.coming, 'file')} on the way" if event.coming else ""
    return Progress(f"waiting for photos{coming}", 1.0)


def _features(_now: Progress, event: events.FeaturesComputed) -> Progress:
    detail = f"{count(event.done)} of {quantity(event.total, 'photo')}"
    return Progress(detail, event.done / max(1, event.total), event.seconds_left)


def _ended(now: Progress, _event: Any) -> Progress:
    return Progress("", 1.0, None, now.epochs)


def _by_file(now: Progress, event: events.SortingProgress) -> Progress:
    share = event.done / event.total if event.total else None
    done = f"{count(event.done)} of {quantity(event.total, 'photo')}" if event.total else quantity(event.done, "photo")
    return dataclasses.replace(now, detail=done, share=share, seconds_left=event.seconds_left)


_STEPS: dict[type, Callable[[Progress, Any], Progress]] = {
    events.RunStarted: _started,
    events.StageStarted: _stage,
    events.StepFinished: _step,
    events.EpochFinished: _epoch,
    events.Transferred: _transfer,
    events.ScanProgress: _scan,
    events.PredictionProgress: _predicted,
    events.Watching: _waiting,
    events.FeaturesComputed: _features,
    events.SortingProgress: _by_file,
    events.ScanFinished: _ended,
    events.PredictionFinished: _ended,
    events.RunFinished: _ended,
    events.Advice: _ended,
    events.PseudoLabelsFinished: _ended,
    events.SortingFinished: _ended,
    events.SidecarsFinished: _ended,
    events.SortingUndone: _ended,
}
