"""In place of the work of a batch."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desktop_app.widgets.prediction import batch
from desktop_app.widgets.prediction.batch import Asked
from engine.control import Control
from engine.events import PredictionFinished
from engine.model_file import open_model
from tests.engine.prediction import many_photos


def hanging(monkeypatch: pytest.MonkeyPatch, *events: object) -> list[Asked]:
    """Tells these events, then waits to be stopped; what was asked for."""
    asked: list[Asked] = []

    def classify(wanted: Asked, _rules: object, control: Control) -> Iterator[object]:
        asked.append(wanted)
        if not wanted.ledger.exists():
            many_photos.write(wanted.ledger, open_model(wanted.model), 3)
        yield from events
        while not control.stopping:
            control.wait_for_stop(0.01)
        yield PredictionFinished(1, 0, 0, 1.0, 1.0, stopped=True)

    monkeypatch.setattr(batch, "classify", classify)
    return asked
