from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.start.search import SearchSection
from desktop_app.worker import Jobs
from engine.dataset.index import DatasetIndex, Photo
from engine.errors import ThawError
from engine.events import Event, RunFinished, SearchFinished, TrialFinished, TrialStarted
from tests.desktop_app.child import Child

BETTER = {"weight_decay": 0.03, "augmentation": "standard"}


@pytest.fixture
def section(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> SearchSection:
    section = SearchSection(project, jobs, settings)
    qtbot.addWidget(section)
    return section


def opened(project: Project) -> None:
    photos = tuple(Photo(Path(f"/birds/{label}/{n}.jpg"), label) for label in "ab" for n in range(10))
    project.set_dataset(DatasetIndex(Path("/birds"), ("a", "b"), photos, ()))


def trial(number: int, accuracy: float | None, outcome: Any = "finished", best: bool = False) -> TrialFinished:
    return TrialFinished(number, 3, BETTER if number > 1 else {}, outcome, 4, accuracy, best, 5.0, 10.0)


def test_what_is_missing_is_said(section: SearchSection, project: Project) -> None:
    assert not section.search.isEnabled() and section.search.toolTip() == "Choose a dataset first"
    opened(project)
    assert section.search.isEnabled() and section.search.toolTip() == ""
    for tick in section.ticks.values():
        tick.setChecked(False)
    assert not section.search.isEnabled() and section.search.toolTip() == "Tick what may vary"


def test_trials_are_shown_and_the_best_can_be_taken(
    qtbot: QtBot, section: SearchSection, project: Project, jobs: Jobs, child: Child, tmp_path: Path
) -> None:
    opened(project)
    rows = [trial(1, 0.9, best=True), trial(2, 0.4, "pruned"), trial(3, 0.95, best=True)]
    events: list[Event] = [event for row in rows for event in (TrialStarted(row.trial, 3, row.changes), row)]
    events += [
        RunFinished(tmp_path, 4, 4, 0.95, 0.9, 1.0, 10.0, False),
        SearchFinished(tmp_path, 3, 3, BETTER, 0.95, 0.9, 20.0),
    ]
    child.answer = lambda _arguments, _control: events
    section.number.setValue(3)
    section.start()
    qtbot.waitUntil(lambda: not jobs.running(), timeout=10_000)
    assert list(section.table.rows()) == rows
    (arguments,) = child.arguments
    assert arguments[arguments.index("--trials") + 1] == "3"
    assert "weight_decay" in arguments[arguments.index("--vary") + 1].split(",")
    assert "95.0\u202f%" in section.answer.text() and "90.0\u202f%" in section.answer.text()
    assert project.run_dir == tmp_path
    section.use.click()
    assert project.config.weight_decay == 0.03 and project.config.augmentation == "standard"
    assert not section.use.isEnabled()
    project.set_config(weight_decay=0.1, epochs=30)
    assert section.use.isEnabled(), "a longer run may begin with what a short one found"
    project.set_config(model="squeezenet1_0")
    assert not section.use.isEnabled() and "changed since: model" in section.use.toolTip()
    project.set_config(model="mobilenet_v2")
    project.set_dataset(DatasetIndex(Path("/cats"), ("a",), (Photo(Path("/cats/a/1.jpg"), "a"),), ()))
    assert not section.use.isEnabled() and section.answer.text().startswith("Found for another dataset.")


def test_a_failure_is_told_at_its_place(
    qtbot: QtBot, section: SearchSection, project: Project, jobs: Jobs, child: Child
) -> None:
    opened(project)
    child.answer = lambda _arguments, _control: (TrialStarted(1, 3, {}), ThawError("The photos are gone."))
    section.start()
    qtbot.waitUntil(lambda: not jobs.running(), timeout=10_000)
    assert "The photos are gone." in section.banner.text()
    assert not section.search.isHidden() and section.search.isEnabled()
