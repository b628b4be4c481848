"""predict_and_sort: a batch whose photos are sorted as soon as all have their answer."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from engine.control import Control
from engine.errors import ThawError
from engine.events import Event, PredictionFinished
from engine.prediction.batch import predict
from engine.prediction.sorting.places import check_target
from engine.prediction.sorting.sort import sort


def predict_and_sort(
    model: Path,
    paths: Sequence[Path],
    out: Path,
    *,
    sort_into: Path,
    label_in_copies: bool = False,
    control: Control | None = None,
    **options: Any,
) -> Generator[Event, None, None]:
    """`predict` with its `options`, then `sort` into the folder `sort_into`, unless the batch was stopped;
    `label_in_copies` is that of `sort`. It is refused before the batch where photos could not be sorted there.
    PredictionFinished is last, and what `predict` or `sort` raises comes after it: a folder that could not be read
    keeps no other photo from being sorted."""
    control = control or Control()
    check_target(Path(sort_into), map(Path, paths))
    finished: PredictionFinished | None = None
    troubles: list[ThawError] = []
    try:
        for event in predict(model, paths, out, control=control, **options):
            if isinstance(event, PredictionFinished):
                finished = event
            else:
                yield event
    except ThawError as error:
        troubles.append(error)
    if finished:
        if finished.ledger and not finished.stopped:
            try:
                yield from sort(finished.ledger, sort_into, label_in_copies=label_in_copies, control=control)
            except ThawError as error:
                troubles.append(error)
        yield finished
    if len(troubles) == 1:
        raise troubles[0]
    if troubles:
        raise ThawError(" ".join(map(str, troubles)))
