"""Finding a learning rate in the window: asked, watched, taken, and told when it holds no more."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.start.learning_rate import LearningRateSection
from desktop_app.worker import Jobs
from engine import process
from engine.control import Control
from engine.errors import ThawError
from engine.events import Event, LearningRateFound, RateTried
from tests.desktop_app.child import Child
from tests.desktop_app.pages import fake_run

WHY = "Halfway down the longest descent of the loss; it diverges at 6.3."


def sweep(rate: float | None) -> Iterator[Event]:
    for step in range(1, 6):
        yield RateTried(step, 100, 10.0**-step, 1 / step, 1 / step)
    yield LearningRateFound("mobilenet_v2", "feature-extraction", "Head", rate, rate and 0.02, 3e-3, WHY, 5, 4.0)


@pytest.fixture
def section(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, tmp_path: Path, child: Child
) -> LearningRateSection:
    child.answer = lambda _arguments, _control: sweep(0.0018)
    project.set_dataset(fake_run.dataset(tmp_path / "insects"))
    section = LearningRateSection(project, jobs, settings)
    qtbot.addWidget(section)
    return section


def find(section: LearningRateSection, qtbot: QtBot, jobs: Jobs) -> None:
    section.find.click()
    qtbot.waitUntil(lambda: not jobs.running())


def test_one_click_takes_what_was_found(
    section: LearningRateSection, qtbot: QtBot, jobs: Jobs, project: Project, child: Child
) -> None:
    assert section.plot.isHidden() and section.use.isHidden()
    find(section, qtbot, jobs)
    ((verb, arguments),) = child.asked
    assert verb == "find-lr" and arguments == process.run_arguments(project.config)
    assert len(section.plot.tried) == 5 and not section.plot.isHidden()
    assert "0.0018 suits MobileNetV2, Feature extraction, insects" in section.answer.text()
    section.use.click()
    assert project.config.learning_rate == 0.0018
    assert section.use.text() == "0.0018 is in use" and not section.use.isEnabled()


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({"epochs": 30, "patience": 3, "learning_rate": 0.5}, True),
        ({"model": "resnet18"}, False),
        ({"strategy": "last-blocks"}, False),
        ({"batch_size": 8}, False),
        ({"augmentation": "none"}, False),
    ],
)
def test_it_holds_for_what_it_was_found_for(
    section: LearningRateSection, qtbot: QtBot, jobs: Jobs, project: Project, changes: dict[str, Any], holds: bool
) -> None:
    find(section, qtbot, jobs)
    project.set_config(**changes)
    assert section.use.isEnabled() is holds
    if not holds:
        (name,) = changes
        assert "changed since" in section.use.toolTip() and name.split("_")[0] in section.use.toolTip()
        project.set_config(**{name: getattr(section.finding.config, name)})  # type: ignore[union-attr]
        assert section.use.isEnabled()


def test_it_does_not_hold_for_other_photos(
    section: LearningRateSection, qtbot: QtBot, jobs: Jobs, project: Project, tmp_path: Path
) -> None:
    find(section, qtbot, jobs)
    project.set_dataset(fake_run.dataset(tmp_path / "birds"))
    assert not section.use.isEnabled() and section.use.toolTip() == "Found for another dataset."


def test_a_curve_that_says_nothing_offers_nothing(
    section: LearningRateSection, qtbot: QtBot, jobs: Jobs, child: Child
) -> None:
    child.answer = lambda _arguments, _control: sweep(None)
    find(section, qtbot, jobs)
    assert section.use.isHidden() and section.answer.text().startswith("Halfway")


def test_a_stop_leaves_nothing_behind(section: LearningRateSection, qtbot: QtBot, jobs: Jobs, child: Child) -> None:
    def until_stopped(_arguments: Sequence[str], control: Control) -> Iterator[Event]:
        yield RateTried(1, 100, 1e-7, 0.7, 0.7)
        while not control.stopping:
            threading.Event().wait(0.01)

    child.answer = until_stopped
    section.find.click()
    qtbot.waitUntil(lambda: bool(section.plot.tried))
    assert section.find.isHidden() and not section.stop.isHidden()
    section.stop.click()
    qtbot.waitUntil(lambda: not jobs.running())
    assert section.plot.isHidden() and section.finding is None and not section.find.isHidden()


def test_a_failure_is_told_at_its_place(section: LearningRateSection, qtbot: QtBot, jobs: Jobs, child: Child) -> None:
    refusal = ThawError("With 8 training photos no learning rate can be told from another.")
    child.answer = lambda _arguments, _control: (refusal,)
    find(section, qtbot, jobs)
    assert section.banner.text().startswith("With 8 training photos")


def test_without_photos_or_while_the_machine_is_taken_it_says_why(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, tmp_path: Path
) -> None:
    section = LearningRateSection(project, jobs, settings)
    qtbot.addWidget(section)
    assert not section.find.isEnabled() and section.find.toolTip() == "Choose a dataset first"
    project.set_dataset(fake_run.dataset(tmp_path))
    assert section.find.isEnabled()

    def wait(control: Control) -> Iterator[Any]:
        while not control.stopping:
            yield 1

    jobs.start("Classifying", wait, "predict", heavy=True)
    assert not section.find.isEnabled() and "Classifying" in section.find.toolTip()
    jobs.stop_all()
    qtbot.waitUntil(lambda: not jobs.running())
    assert section.find.isEnabled()
