"""A run that says what ails it: the rules look after every epoch and at the end, and what they find is kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import replace

from engine import runs
from engine.diagnosis import record
from engine.diagnosis.course import Course
from engine.diagnosis.learning import not_a_number
from engine.diagnosis.watch import look
from engine.errors import DivergedError
from engine.events import Diagnosis, EpochFinished, Event, StepFinished
from engine.runs import PredictionRow
from engine.training.run_parts import Run


def diagnosed(run: Run, events: Iterable[Event]) -> Generator[Event, None, None]:
    """Pass `events` on, with a Diagnosis after the epoch in which it was found.

    Where the loss is no number any more, the DivergedError says what the diagnosis says.
    """
    course = _begun(run)
    losses: list[float] = []
    epoch = run.progress.epoch + 1
    try:
        for event in events:
            if isinstance(event, StepFinished):
                if event.epoch != epoch:
                    losses, epoch = [], event.epoch
                losses.append(event.loss)
            yield event
            if isinstance(event, EpochFinished):
                history = (*course.history, event)
                course = replace(course, history=history, step_losses=tuple(losses), vitals=run.vitals)
                yield from _told(run, look(course, record.read(run.folder)))
                losses, epoch = [], event.epoch + 1
    except DivergedError as error:
        found = not_a_number(replace(course, step_losses=tuple(losses)), epoch)
        yield from _told(run, (found,))
        raise DivergedError(f"{found.sentence} {found.remedy}", found.evidence) from error


def diagnosed_end(run: Run, rows: Sequence[PredictionRow]) -> Generator[Event, None, None]:
    """What the predictions of the best weights say, beside the whole history."""
    val = tuple(row for row in rows if row.split == "val")
    course = replace(_begun(run), vitals=run.vitals, predictions=val)
    yield from _told(run, look(course, record.read(run.folder)))


def _begun(run: Run) -> Course:
    counted = {split: Counter(run.photos[number].label for number in run.numbers(split)) for split in ("train", "val")}
    folders = {split: {run.photos[number].path.parent for number in run.numbers(split)} for split in ("train", "val")}
    return Course(
        config=run.config,
        train={name: counted["train"][name] for name in run.classes},
        val={name: counted["val"][name] for name in run.classes},
        history=runs.read_history(run.folder),
        val_cut=bool(folders["train"] & folders["val"]),
    )


def _told(run: Run, found: Sequence[Diagnosis]) -> Generator[Event, None, None]:
    """Keep what was found, then tell it."""
    if found:
        record.write(run.folder, (*record.read(run.folder), *found))
    yield from found
