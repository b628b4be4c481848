from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.project import Project
from desktop_app.run_queue import queue_of
from desktop_app.settings import Settings
from desktop_app.widgets.start.panel import StartPanel
from desktop_app.widgets.start.strategies import StrategiesSection
from desktop_app.worker import Jobs
from engine import process, runs
from engine.config import TrainConfig, from_toml
from engine.control import Control
from engine.dataset.index import DatasetIndex, Photo
from engine.errors import ThawError
from tests.desktop_app.pages.fake_run import whole_run


class Child:
    """Stands for the child process: leaves the run that was asked for."""

    def __init__(self) -> None:
        self.begun: list[TrainConfig] = []
        self.fails: set[str] = set()
        self.waits_in = ""

    def run(self, _verb: str, arguments: Sequence[str], control: Control) -> Iterator[Any]:
        config = from_toml(arguments[arguments.index("--config-text") + 1])
        self.begun.append(config)
        while self.waits_in == config.strategy and not control.stopping:
            yield "at work"
        if config.strategy in self.fails or control.stopping:
            raise ThawError("The loss is no longer a number.")
        run_dir = Path(arguments[arguments.index("--out") + 1])
        yield from whole_run(run_dir)
        runs.write_config(run_dir, config)


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> Child:
    child = Child()
    monkeypatch.setattr(process, "run", child.run)
    return child


@pytest.fixture
def section(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> StrategiesSection:
    section = StrategiesSection(project, jobs, settings)
    qtbot.addWidget(section)
    photos = tuple(Photo(Path(f"/birds/{label}/{n}.jpg"), label) for label in "ab" for n in range(10))
    project.set_dataset(DatasetIndex(Path("/birds"), ("a", "b"), photos, ()))
    return section


def tick(section: StrategiesSection, *names: str) -> None:
    for name, box in section.ticks.items():
        box.setChecked(name in names)


def test_what_is_missing_is_said(section: StrategiesSection, project: Project) -> None:
    assert section.train.isEnabled() and section.train.toolTip() == ""
    tick(section, "last-blocks", "custom")
    assert section.train.toolTip() == "Tick at least two strategies", "without ticked layers, one's own is none"
    assert section.ticks["custom"].toolTip() == "Tick layers on the Model page first"
    project.set_config(trainable=("classifier.1",))
    assert section.train.isEnabled()
    project.set_config(model="small_resnet")
    assert not section.ticks["last-blocks"].isEnabled() and section.ticks["from-scratch"].isEnabled()
    tick(section, *section.ticks)
    project.set_config(model="mobilenet_v2")
    assert section.train.toolTip() == "Tick at most 6 strategies"
    project.set_dataset(None)
    assert section.train.toolTip() == "Choose a dataset first"


def test_one_click_trains_them_and_shows_them_beside_each_other(
    qtbot: QtBot, section: StrategiesSection, project: Project, jobs: Jobs, child: Child
) -> None:
    project.set_config(learning_rate=0.01)
    assert "0.01 holds for all" in section.rate.text()
    tick(section, "feature-extraction", "last-blocks", "fine-tuning")
    with qtbot.waitSignal(section.in_sight_wanted):
        section.train.click()
        assert not section.train.isEnabled() and not section.ticks["last-blocks"].isEnabled()
    assert [config.strategy for config in child.begun] == ["feature-extraction", "last-blocks", "fine-tuning"]
    assert len({config.with_changes(strategy="custom") for config in child.begun}) == 1
    qtbot.waitUntil(lambda: not jobs.running())
    rows = section.result.rows()
    assert [row.strategy for row in rows] == ["feature-extraction", "last-blocks", "fine-tuning"]
    assert "Feature extraction, Last blocks and Fine-tuning are best alike" in section.result.sentence.text()
    assert section.fold.is_open()
    assert section.train.isEnabled() and section.progress.whole().startswith("The comparison of ")
    section.result.choice.table.chosen.emit(rows[2])
    assert section.result.choice.use.text() == "Use Fine-tuning"
    section.result.choice.use.click()
    assert project.config.strategy == "fine-tuning" and not section.result.choice.use.isEnabled()
    with qtbot.waitSignal(section.review_wanted):
        section.result.closer.click()
    assert project.wanted_comparison == tuple(row.run_dir for row in rows)


def test_one_that_fails_is_left_out(qtbot: QtBot, section: StrategiesSection, jobs: Jobs, child: Child) -> None:
    child.fails = {"last-blocks"}
    tick(section, "feature-extraction", "last-blocks", "from-scratch")
    with qtbot.waitSignal(section.in_sight_wanted):
        section.train.click()
    qtbot.waitUntil(lambda: not jobs.running())
    assert [row.strategy for row in section.result.rows()] == ["feature-extraction", "from-scratch"]


def test_progress_is_told_and_a_stop_lets_the_others_wait(
    qtbot: QtBot, section: StrategiesSection, jobs: Jobs, settings: Settings, child: Child
) -> None:
    child.waits_in = "last-blocks"
    tick(section, "feature-extraction", "last-blocks", "from-scratch")
    section.train.click()
    qtbot.waitUntil(lambda: "Last blocks is being trained" in section.progress.whole())
    qtbot.waitUntil(lambda: len(section.result.rows()) == 1)
    assert section.progress.whole().startswith("1 of 3 have ended") and not section.result.closer.isEnabled()
    jobs.stop_all()
    qtbot.waitUntil(lambda: not jobs.running())
    assert "1 wait until you let them start" in section.progress.whole()
    queue = queue_of(jobs, settings)
    queue.remove(len(queue.runs) - 1)
    assert section.train.isEnabled() and section.progress.whole().startswith("The comparison of ")


@pytest.mark.usefixtures("child")
def test_what_is_left_of_the_last_comparison_is_shown_again(
    qtbot: QtBot, section: StrategiesSection, project: Project, jobs: Jobs, settings: Settings
) -> None:
    for chosen in (("from-scratch", "discriminative"), ("feature-extraction", "last-blocks", "fine-tuning")):
        tick(section, *chosen)
        with qtbot.waitSignal(section.in_sight_wanted):
            section.train.click()
        qtbot.waitUntil(lambda: not jobs.running())
    asked = section.progress.whole()
    new = StrategiesSection(project, jobs, settings)
    qtbot.addWidget(new)
    qtbot.waitUntil(lambda: not jobs.running())
    assert [row.strategy for row in new.result.rows()] == ["feature-extraction", "last-blocks", "fine-tuning"]
    assert new.fold.is_open() and new.train.isEnabled() and new.progress.whole() == asked
    new.take(new.result.rows()[1])
    assert project.config.strategy == "last-blocks" and project.config.comparison is None
    runs.delete(new.result.rows()[0].run_dir)
    project.announce_runs()
    qtbot.waitUntil(lambda: not jobs.running())
    assert [row.strategy for row in new.result.rows()] == ["last-blocks", "fine-tuning"]
    runs.delete(new.result.rows()[0].run_dir)
    project.announce_runs()
    qtbot.waitUntil(lambda: not jobs.running())
    assert new.result.sentence.text() == "There is only Fine-tuning, and nothing to hold it against."
    project.set_dataset(DatasetIndex(Path("/cats"), ("a",), (Photo(Path("/cats/a/1.jpg"), "a"),), ()))
    qtbot.waitUntil(lambda: not jobs.running())
    assert not new.result.rows() and new.result.isHidden() and new.progress.isHidden()


def test_what_waits_of_a_comparison_belongs_to_it_again(
    qtbot: QtBot, section: StrategiesSection, project: Project, jobs: Jobs, settings: Settings, child: Child
) -> None:
    child.waits_in = "last-blocks"
    tick(section, "feature-extraction", "last-blocks", "from-scratch")
    section.train.click()
    qtbot.waitUntil(lambda: "Last blocks is being trained" in section.progress.whole())
    jobs.stop_all()
    qtbot.waitUntil(lambda: not jobs.running())
    new = StrategiesSection(project, jobs, settings)
    qtbot.addWidget(new)
    qtbot.waitUntil(lambda: not jobs.running())
    assert "1 wait until you let them start" in new.progress.whole() and not new.train.isEnabled()
    child.waits_in = ""
    with qtbot.waitSignal(new.in_sight_wanted):
        queue_of(jobs, settings).go_on()
    assert [row.strategy for row in new.result.rows()] == ["feature-extraction", "from-scratch"]
    qtbot.waitUntil(lambda: not jobs.running())


def test_a_comparison_of_other_photos_is_not_shown(
    qtbot: QtBot, section: StrategiesSection, project: Project, jobs: Jobs, child: Child
) -> None:
    birds = project.dataset
    child.waits_in = "last-blocks"
    tick(section, "feature-extraction", "last-blocks", "from-scratch")
    section.train.click()
    qtbot.waitUntil(lambda: len(section.result.rows()) == 1)
    project.set_dataset(DatasetIndex(Path("/cats"), ("a",), (Photo(Path("/cats/a/1.jpg"), "a"),), ()))
    assert not section.result.rows() and section.result.isHidden()
    child.waits_in = ""
    qtbot.waitUntil(lambda: not jobs.running())
    assert not section.result.rows() and section.progress.isHidden()
    project.set_dataset(birds)
    qtbot.waitUntil(lambda: not jobs.running())
    assert len(section.result.rows()) == 3


def test_what_a_person_has_chosen_and_folded_stays_when_other_runs_change(
    qtbot: QtBot, section: StrategiesSection, project: Project, jobs: Jobs, child: Child
) -> None:
    tick(section, "feature-extraction", "last-blocks")
    with qtbot.waitSignal(section.in_sight_wanted):
        section.train.click()
    qtbot.waitUntil(lambda: not jobs.running())
    other = next(row for row in section.result.rows() if row != section.result.choice.chosen())
    section.result.choice.table.chosen.emit(other)
    section.fold.set_open(False)
    project.announce_runs()
    qtbot.waitUntil(lambda: not jobs.running())
    assert section.result.choice.chosen() == other and not section.fold.is_open() and len(child.begun) == 2


def test_runs_by_hand_do_not_belong_to_it(
    qtbot: QtBot, section: StrategiesSection, project: Project, jobs: Jobs, settings: Settings, child: Child
) -> None:
    queue_of(jobs, settings).add(project.config)
    qtbot.waitUntil(lambda: len(child.begun) == 1 and not jobs.running())
    assert section.runs.folders() == () and section.result.isHidden()


def test_the_result_is_brought_into_sight(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, child: Child
) -> None:
    panel = StartPanel(project, jobs, settings)
    qtbot.addWidget(panel)
    panel.resize(700, 600)
    panel.show()
    section = panel.sections["StrategiesSection"]
    assert isinstance(section, StrategiesSection)
    project.set_dataset(DatasetIndex(Path("/birds"), ("a", "b"), (Photo(Path("/birds/a/1.jpg"), "a"),), ()))
    tick(section, "feature-extraction", "last-blocks")
    with qtbot.waitSignal(panel.in_sight_wanted):
        section.start()
    bar, use = panel.verticalScrollBar(), section.result.choice.use
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() and not use.visibleRegion().isEmpty())
    assert len(child.begun) == 2
    qtbot.waitUntil(lambda: not jobs.running())
