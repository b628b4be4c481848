"""What a run will take, in the window: measured when asked, kept for its settings, compared, and checked."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop_app import training_job
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.start.estimate import EstimateSection
from desktop_app.worker import Jobs
from engine.control import Control
from engine.events import Event, Notice, RunEstimated, StageStarted
from tests.desktop_app.child import Child, into_run
from tests.desktop_app.pages import fake_run

OWN = RunEstimated(
    "mobilenet_v2", "feature-extraction", 10, 200.0, 12.0, (("Training", 120.0), ("Testing", 80.0)),
    1_100_000_000, 0, 40_000_000, 5_000_000, (), 18.0,
)  # fmt: skip
OTHER = replace(OWN, strategy="last-blocks", seconds=700.0)
THIRD = replace(OWN, model="squeezenet1_0", seconds=100.0)


def answer(arguments: Sequence[str], _control: Control, own: RunEstimated = OWN) -> Iterator[Event]:
    yield StageStarted("Measuring a few steps on this machine")
    yield own
    if "--compare" in arguments:
        yield OTHER
        yield Notice("ResNet-18: there is no room.", "not_estimated")
        yield THIRD


@pytest.fixture
def section(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, tmp_path: Path, child: Child
) -> EstimateSection:
    child.answer = answer
    project.set_dataset(fake_run.dataset(tmp_path / "insects"))
    section = EstimateSection(project, jobs, settings)
    qtbot.addWidget(section)
    return section


def wait(qtbot: QtBot, jobs: Jobs) -> None:
    qtbot.waitUntil(lambda: not jobs.running())


def test_nothing_is_said_before_it_is_measured(section: EstimateSection, project: Project) -> None:
    assert section.line.isHidden() and section.table.isHidden() and not section.offer.isHidden()
    project.set_config(strategy="last-blocks")
    assert section.line.isHidden()


def test_an_estimate_is_kept_for_the_settings_that_it_hangs_on(
    section: EstimateSection,
    qtbot: QtBot,
    jobs: Jobs,
    project: Project,
    settings: Settings,
    child: Child,
) -> None:
    section.measure.click()
    wait(qtbot, jobs)
    ((verb, arguments),) = child.asked
    assert verb == "preflight" and arguments[-2:] == ["--out", str(settings.runs_folder)]
    told = "This run will take about 3 min 20 s (12 s an epoch) · 1.1 GB memory · 40 MB disk"
    assert section.line.text() == told.replace("40 MB", "45 MB")
    assert "Training: 2 min" in section.times.text() and section.table.isHidden()
    project.set_config(learning_rate=0.01, seed=7, patience=3)
    assert not section.line.isHidden()
    project.set_config(batch_size=8)
    assert section.line.isHidden() and not section.offer.isHidden()
    project.set_config(batch_size=None)
    assert not section.line.isHidden()
    project.set_dataset(fake_run.dataset(settings.runs_folder / "birds"))
    assert section.line.isHidden()


def test_a_warning_is_seen(section: EstimateSection, qtbot: QtBot, jobs: Jobs, child: Child) -> None:
    warned = replace(OWN, warnings=("The run will take 9.0 GB of memory, and 2.0 GB are free.",))
    child.answer = functools.partial(answer, own=warned)
    section.measure.click()
    wait(qtbot, jobs)
    assert section.warnings.text().startswith("The run will take 9.0 GB")


def test_a_click_takes_another_choice_whose_estimate_is_there_at_once(
    section: EstimateSection, qtbot: QtBot, jobs: Jobs, project: Project
) -> None:
    section.compare.click()
    wait(qtbot, jobs)
    assert section.banner.text() == "ResNet-18: there is no room."
    assert list(section.table.table.rows()) == [OWN, OTHER, THIRD] and not section.table.isHidden()
    assert not section.table.use.isEnabled()
    section.table.table.selectRow(1)
    assert section.table.use.text() == "Use MobileNetV2, Last blocks"
    section.table.use.click()
    assert (project.config.model, project.config.strategy) == ("mobilenet_v2", "last-blocks")
    assert section.line.text().startswith("This run will take about 12 min")
    assert not section.table.use.isEnabled() and not section.table.isHidden()
    project.set_config(epochs=50)
    assert section.table.isHidden()  # the rows were measured for ten


def test_the_real_time_stands_beside_the_estimate(
    section: EstimateSection, qtbot: QtBot, jobs: Jobs, project: Project, settings: Settings, child: Child
) -> None:
    section.measure.click()
    wait(qtbot, jobs)
    child.answer = into_run(lambda run_dir, _control: fake_run.whole_run(run_dir, 10))
    with qtbot.waitSignal(section.run_compared) as told:
        training_job.start(jobs, settings, project.config)
    wait(qtbot, jobs)
    (text,) = told.args
    assert text.startswith("The run took ") and text.endswith("; 3 min 20 s was estimated.")
    assert section.after.text() == text


def test_a_run_of_other_settings_is_not_held_against_the_estimate_of_the_draft(
    section: EstimateSection, qtbot: QtBot, jobs: Jobs, project: Project, settings: Settings, child: Child
) -> None:
    section.measure.click()
    wait(qtbot, jobs)
    child.answer = into_run(lambda run_dir, _control: fake_run.whole_run(run_dir, 10))
    training_job.start(jobs, settings, project.config.with_changes(batch_size=4))
    wait(qtbot, jobs)
    assert section.after.isHidden()


def test_with_nothing_chosen_nothing_is_said_to_be_in_use(section: EstimateSection) -> None:
    section.table.show_estimates([OWN, OTHER], None)
    assert section.table.use.text() == "Use" and section.table.use.toolTip() == "Choose a row"
    assert not section.table.use.isEnabled()


@pytest.mark.parametrize("reason", ["not measured", "another length"])
def test_nothing_is_compared_with_what_was_not_estimated(
    section: EstimateSection, qtbot: QtBot, jobs: Jobs, project: Project, settings: Settings, child: Child, reason: str
) -> None:
    child.answer = functools.partial(answer, own=replace(OWN, epochs=99))
    if reason == "another length":
        section.measure.click()
        wait(qtbot, jobs)
    child.answer = into_run(lambda run_dir, _control: fake_run.whole_run(run_dir, 10))
    training_job.start(jobs, settings, project.config)
    wait(qtbot, jobs)
    assert section.after.isHidden()


def test_it_says_why_it_cannot_measure_now(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, tmp_path: Path
) -> None:
    section = EstimateSection(project, jobs, settings)
    qtbot.addWidget(section)
    assert not section.measure.isEnabled() and section.compare.toolTip() == "Choose a dataset first"
    project.set_dataset(fake_run.dataset(tmp_path))

    def busy(control: Control) -> Iterator[Any]:
        while not control.stopping:
            yield 1

    jobs.start("Classifying", busy, "predict", heavy=True)
    assert not section.measure.isEnabled() and "Classifying" in section.measure.toolTip()
    jobs.stop_all()
    wait(qtbot, jobs)
    assert section.measure.isEnabled()
