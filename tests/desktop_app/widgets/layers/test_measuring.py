from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.widgets.layers.measuring import Measuring
from desktop_app.worker import Jobs
from engine.models.layers import measured
from tests.desktop_app.child import Child
from tests.desktop_app.waiting import wait_for_jobs


@pytest.mark.usefixtures("child")
def test_times_that_cannot_be_kept_are_told_and_the_measurement_is_over(
    qtbot: QtBot, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_events: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(measured, "write_measured", full)
    measuring, told = Measuring(jobs), []
    measuring.running.connect(told.append)
    measuring.failed.connect(told.append)
    measuring.ended.connect(lambda: told.append("ended"))
    measuring.start("resnet18", 224)
    wait_for_jobs(qtbot, jobs)
    assert told == [True, False, "The times cannot be kept (No space left on device)."]


def test_what_was_measured_is_kept(qtbot: QtBot, jobs: Jobs, child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[object] = []
    monkeypatch.setattr(measured, "write_measured", kept.append)
    measuring = Measuring(jobs)
    with qtbot.waitSignal(measuring.ended):
        measuring.start("resnet18", 224)
    wait_for_jobs(qtbot, jobs)
    assert kept == [[]] and child.asked == [("measure", ["resnet18", "--image-size", "224"])]
