"""`thaw demo`: the whole job on the built-in sample set, without a network and without pretrained weights."""

from __future__ import annotations

import time
from collections.abc import Generator
from pathlib import Path

import engine
from engine import runs
from engine.config import make_config
from engine.control import Control
from engine.dataset.sample import SETTINGS, make_sample
from engine.errors import ThawError
from engine.evaluation.curves_picture import draw_curves
from engine.events import DemoFinished, Event, RunFinished, StageStarted
from engine.prediction.batch import predict


def demo(out: Path, control: Control | None = None) -> Generator[Event, None, None]:
    """Draw the sample set, train, test, and classify the test photos as if they were new; DemoFinished is last.

    Leaves in `out` the photos, a run directory, predictions.csv and curves.png; an earlier demo there is kept and the
    new run stands beside it. A stop ends it after the run's own orderly end.
    """
    control = control or Control()
    start = time.perf_counter()
    yield StageStarted("Drawing the sample photos")
    photos = _drawn(out)
    run_dir = _unused(out / "run")
    finished: RunFinished | None = None
    for event in engine.train(make_config(SETTINGS | {"data": photos}), run_dir, control=control):
        yield event
        finished = event if isinstance(event, RunFinished) else None
    if finished is None or finished.model_file is None or finished.test_accuracy is None or control.stopping:
        return
    yield StageStarted("Drawing the curves")
    curves, table = out / "curves.png", out / "predictions.csv"
    draw_curves(runs.read_history(run_dir), curves)
    yield from predict(finished.model_file, [photos / "test"], table, control=control, replace=True)
    yield DemoFinished(
        out, run_dir, finished.model_file, table, curves, finished.test_accuracy, time.perf_counter() - start
    )


def _drawn(out: Path) -> Path:
    try:
        return make_sample(out / "photos")
    except OSError as error:
        raise ThawError(f"The sample set cannot be written to {out}: {error.strerror or error}.") from None


def _unused(path: Path) -> Path:
    """`path`, or with the first number that is free behind its name."""
    found, number = path, 2
    while found.exists():
        found, number = path.with_name(f"{path.name}-{number}"), number + 1
    return found
