"""What a run says of its time: how long it still takes, and that it slept."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.clock import Stopwatch
from engine.events import StepFinished
from engine.training.run import train
from tests.engine.training.short_run import epochs_of, notices_of, short

pytestmark = pytest.mark.usefixtures("no_export")
PHOTOS, BATCH, EPOCHS = 16, 4, 4
"""Of each split, the two that cannot be read among them."""


def test_the_time_left_is_known_in_the_last_phase_and_is_that_of_the_photos_to_come(
    photos_with_bad_ones: Path, whole: Path, tmp_path: Path
) -> None:
    """At the pace of the moment; a later phase trains other layers, whose pace nobody knows."""
    asked = short(photos_with_bad_ones, strategy="fine-tuning", continue_from=whole, epochs=EPOCHS)
    events = list(train(asked, tmp_path / "run"))
    epochs, steps = epochs_of(events), [event for event in events if isinstance(event, StepFinished)]
    assert [epoch.phase for epoch in epochs] == [1, 2, 2, 2]
    for step in steps:
        if step.epoch == 1:
            assert step.seconds_left is None
            continue
        later = EPOCHS - step.epoch
        to_come = PHOTOS - step.step * BATCH + later * PHOTOS + (later + 1) * PHOTOS
        assert step.seconds_left is not None
        assert step.seconds_left * step.images_per_second == pytest.approx(to_come)
    assert epochs[0].seconds_left is None
    for epoch in epochs[1:]:
        assert epoch.seconds_left is not None
        to_come = 2 * (EPOCHS - epoch.epoch) * PHOTOS
        assert epoch.seconds_left * epoch.images_per_second == pytest.approx(to_come, abs=1e-6)


def test_a_machine_that_slept_is_told_once_and_a_nap_is_not(
    few_photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeps = iter([2.0, 2520.0])
    monkeypatch.setattr(Stopwatch, "slept", lambda _watch: next(sleeps, 0.0))
    (told,) = notices_of(list(train(short(few_photos, epochs=2), tmp_path / "run")), "machine_slept")
    assert "slept for 42 min" in told.text
