"""What a person does with a run in Review: names it, deletes it, goes on with it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop_app import dialogs, training_job
from desktop_app.pages.review import ReviewPage
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.runs import deeds
from desktop_app.widgets.runs.questions import AboutBox, ExtendBox
from desktop_app.worker import Jobs
from engine import process, runs
from engine.control import Control
from engine.errors import RunError
from engine.runs import About, trash
from tests.desktop_app.pages import fake_run


@pytest.fixture
def page(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> ReviewPage:
    """Two finished runs, the second in sight."""
    for name in ("one", "two"):
        run_dir = fake_run.write_run(settings.runs_folder / name)
        (run_dir / runs.LAST).write_bytes(b"a checkpoint")
    project.set_run(settings.runs_folder / "two")
    page = ReviewPage(project, jobs, settings)
    qtbot.addWidget(page)
    settled(qtbot, jobs)
    return page


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that were started."""
    found: list[list[str]] = []

    def run(_verb: str, arguments: list[str], _control: Control) -> Iterator[Any]:
        found.append(arguments)
        yield from ()

    monkeypatch.setattr(process, "run", run)
    return found


def settled(qtbot: QtBot, jobs: Jobs) -> None:
    qtbot.waitUntil(lambda: not jobs.running("read"))


def names(page: ReviewPage) -> set[str]:
    return {row.summary.name for row in page.list.table.rows()}


def summary(page: ReviewPage) -> runs.RunSummary:
    assert page.one.record
    return page.one.record.row.summary


def test_a_deleted_run_comes_back_with_one_click(qtbot: QtBot, page: ReviewPage, jobs: Jobs, project: Project) -> None:
    project.set_model_file(project.run_dir / runs.MODEL)
    page.do("delete")
    settled(qtbot, jobs)
    assert names(page) == {"one"} and page.one.details.name.whole() == "one" and project.model_file is None
    assert "“two” was deleted" in page.deleted.banner.label.text()
    assert page.deleted.menu_button.text() == "Deleted runs (1)" and not page.deleted.menu_button.isHidden()
    page.deleted.banner.button.click()
    settled(qtbot, jobs)
    assert names(page) == {"one", "two"} and page.one.details.name.whole() == "two"
    assert page.deleted.isHidden() and page.deleted.menu_button.isHidden()


def test_a_run_that_others_came_from_is_asked_about(
    qtbot: QtBot, page: ReviewPage, jobs: Jobs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = runs.read_config(settings.runs_folder / "two").with_changes(extends=settings.runs_folder / "two")
    runs.create(settings.runs_folder / "longer", config)
    asked: list[str] = []
    monkeypatch.setattr(dialogs, "ask", lambda _parent, question, text, *_: asked.append(question + text))
    page.do("delete")
    settled(qtbot, jobs)
    assert "two" in names(page) and "“longer” is not finished" in asked[0]


def test_a_run_in_training_cannot_be_deleted(
    qtbot: QtBot, page: ReviewPage, jobs: Jobs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_verb: str, _arguments: list[str], control: Control) -> Iterator[Any]:
        while not control.stopping:
            yield None

    monkeypatch.setattr(process, "run", run)
    worker = training_job.resume(jobs, settings, settings.runs_folder / "two", "mobilenet_v2")
    page.list.refresh()
    settled(qtbot, jobs)
    page.do("delete")
    action = page.one.details.actions_row.actions_by_name["delete"]
    assert names(page) == {"one", "two"} and not action.isEnabled() and "trained now" in action.toolTip()
    worker.control.stop()
    qtbot.waitUntil(lambda: not jobs.running())


def test_a_run_that_another_process_trains_is_only_looked_at(
    qtbot: QtBot, page: ReviewPage, jobs: Jobs, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings.runs_folder / "two" / runs.METRICS).unlink()
    with runs.taken(settings.runs_folder / "two"):
        page.list.refresh()
        settled(qtbot, jobs)
        row = next(row for row in page.list.table.rows() if row.summary.name == "two")
        assert row.state == "running" and f"process {os.getpid()} on" in row.elsewhere
        actions = page.one.details.actions_row
        for name in ("resume", "delete"):
            action = actions.actions_by_name[name]
            assert not action.isEnabled() and action.toolTip() == row.elsewhere
        assert not actions.offers("extend") and not training_job.can_resume(row.summary.path, jobs)
        monkeypatch.setattr(dialogs, "show_error", lambda _window, error: told.append(str(error)))
        told: list[str] = []
        page.deleted.delete(row.summary)
        settled(qtbot, jobs)
        assert "stop it first" in told[0] and row.summary.path.is_dir()
    page.show()
    page.list._looking.timeout.emit()
    settled(qtbot, jobs)
    assert actions.offers("resume") and actions.offers("delete")


def test_a_run_of_a_comparison_shows_the_others_beside_it(
    qtbot: QtBot, page: ReviewPage, jobs: Jobs, settings: Settings
) -> None:
    assert not page.one.details.actions_row.offers("together")
    three = fake_run.write_run(settings.runs_folder / "three")
    for run_dir in (three, settings.runs_folder / "two"):
        runs.write_config(run_dir, runs.read_config(run_dir).with_changes(comparison="2026-01-02 10:00:00.0"))
    page.list.refresh()
    settled(qtbot, jobs)
    page.do("together")
    settled(qtbot, jobs)
    assert {row.summary.name for row in page.list.table.selected()} == {"two", "three"}
    assert page._below.currentWidget() is page.several


def test_the_only_run_that_was_deleted_comes_back(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    fake_run.write_run(settings.runs_folder / "one")
    page = ReviewPage(project, jobs, settings)
    qtbot.addWidget(page)
    settled(qtbot, jobs)
    page.do("delete")
    settled(qtbot, jobs)
    assert (
        page.is_empty()
        and "can be put back" in page.empty_state.sentence()
        and page.deleted.menu_button.isVisibleTo(page)
    )
    assert page.deleted.isVisibleTo(page) and page.deleted.banner and page.deleted.banner.button.isVisibleTo(page)
    page.deleted.banner.button.click()
    settled(qtbot, jobs)
    assert not page.is_empty() and names(page) == {"one"}


def test_what_was_deleted_can_be_removed_for_good(
    qtbot: QtBot, page: ReviewPage, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.do("delete")
    settled(qtbot, jobs)
    answers = [True, False]
    monkeypatch.setattr(dialogs, "ask", lambda *_: answers.pop())
    page.deleted.menu_button.menu().actions()[-1].trigger()
    settled(qtbot, jobs)
    assert page.deleted.menu_button.text() == "Deleted runs (1)", "the person thought better of it"
    page.deleted.menu_button.menu().actions()[-1].trigger()
    settled(qtbot, jobs)
    assert "1 deleted run is removed for good" in page.deleted.banner.label.text()
    assert page.deleted.menu_button.isHidden()


def test_what_was_deleted_long_ago_is_removed_and_said(
    qtbot: QtBot, page: ReviewPage, jobs: Jobs, settings: Settings
) -> None:
    deleted = runs.delete(settings.runs_folder / "one")
    long_ago = deleted.deleted - timedelta(days=runs.DAYS_KEPT)
    deleted.path.rename(deleted.path.with_name(f"{long_ago.strftime(trash._WHEN)} one"))
    page.deleted.sweep()
    settled(qtbot, jobs)
    assert "1 run deleted more than 30 days ago is removed" in page.deleted.banner.label.text()


def test_a_name_and_a_note_are_shown_and_found(qtbot: QtBot, page: ReviewPage, jobs: Jobs) -> None:
    box = AboutBox(page, summary(page), lambda about: page.one.deeds.tell_about(summary(page), about))
    box.title.setText("The best so far")
    box.note.setPlainText("blurred wings")
    box.save.click()
    settled(qtbot, jobs)
    assert page.one.details.name.whole() == "The best so far"
    assert page.one.details.note.whole() == "two · blurred wings"
    page.list.search.setText("wings")
    assert [row.summary.name for row in page.list.table.shown_rows()] == ["two"]
    page.one.deeds.tell_about(summary(page), About())
    settled(qtbot, jobs)
    assert page.one.details.name.whole() == "two" and page.one.details.note.isHidden()


def test_what_cannot_be_kept_is_not_lost(page: ReviewPage) -> None:
    def refuse(_about: About) -> None:
        raise RunError("The disk is full.")

    box = AboutBox(page, summary(page), refuse)
    box.open()
    box.note.setPlainText("an hour of thoughts")
    box.save.click()
    assert box.isVisible() and box.refusal.text() == "✗ The disk is full." and box.about().note == "an hour of thoughts"
    box.reject()


def test_extending_starts_a_new_run_that_goes_on(
    qtbot: QtBot, page: ReviewPage, jobs: Jobs, given: list[list[str]]
) -> None:
    box = ExtendBox(page, summary(page), 20.0, lambda epochs: page.one.deeds.extend(summary(page), epochs))
    box.epochs.setValue(2)
    assert box.sum.text() == "5 epochs in all, about 00:40"
    with qtbot.waitSignal(page.page_requested) as asked:
        box.extend.click()
    qtbot.waitUntil(lambda: bool(given) and not jobs.running())
    assert asked.args == ["train"]
    text = given[0][given[0].index("--config-text") + 1]
    assert "epochs = 5" in text and f'extends = "{summary(page).path}"' in text


def test_a_model_that_is_no_more_is_not_trained_again(
    page: ReviewPage, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(dialogs, "show_error", lambda _window, error: told.append(str(error)))
    runs.write_config(summary(page).path, runs.read_config(summary(page).path).with_changes(model="mine"))
    before = project.config
    page.do("again")
    assert "mine" in told[0] and project.config is before


def test_a_person_who_is_at_something_else_by_now_stays_there(
    qtbot: QtBot, page: ReviewPage, jobs: Jobs, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deeds, "load", lambda folder, _control: fake_run.dataset(folder))
    page.do("again")
    project.set_config(seed=11)
    qtbot.waitUntil(lambda: not jobs.running())
    assert project.dataset is None and project.config.seed == 11


def test_training_again_takes_the_settings_and_the_photos(
    qtbot: QtBot, page: ReviewPage, jobs: Jobs, project: Project, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = runs.read_config(summary(page).path).with_changes(seed=7, learning_rate=0.25, extends=settings.runs_folder)
    runs.write_config(summary(page).path, config)
    monkeypatch.setattr(deeds, "load", lambda folder, _control: fake_run.dataset(folder))
    with qtbot.waitSignal(page.page_requested) as asked:
        page.do("again")
    qtbot.waitUntil(lambda: not jobs.running())
    assert asked.args == ["train"]
    assert project.config == config.with_changes(extends=None) and project.dataset.root == config.data
