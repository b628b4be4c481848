"""Several runs selected in Review."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from desktop_app import dialogs
from desktop_app.pages.review import ReviewPage
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.runs.joining import Joining
from desktop_app.worker import Jobs
from engine import process, runs
from engine.control import Control
from engine.events import EnsembleFinished, Event
from tests.desktop_app.child import Child
from tests.desktop_app.pages import fake_run


def opened(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, *names: str) -> ReviewPage:
    for number, name in enumerate(names, 1):
        fake_run.write_run(settings.runs_folder / name, epochs=number)
    page = ReviewPage(project, jobs, settings)
    qtbot.addWidget(page)
    settled(qtbot, jobs)
    return page


def settled(qtbot: QtBot, jobs: Jobs) -> None:
    qtbot.waitUntil(lambda: not jobs.running("read"))


def select(page: ReviewPage, *names: str) -> None:
    """As the person does with Ctrl held down."""
    flags = QItemSelectionModel.SelectionFlag
    page.list.table.clearSelection()
    for place, row in enumerate(page.list.table.shown_rows()):
        if row.summary.name in names:
            page.list.table.selectionModel().select(page.list.table.model().index(place, 0), flags.Select | flags.Rows)


def test_two_runs_stand_beside_each_other(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    select(page, "one", "two")
    settled(qtbot, jobs)
    view = page.several.comparison
    assert page._below.currentWidget() is page.several and view.title.text().startswith("2 runs")
    assert {row.name for row in view.runs.rows()} == {"one", "two"}
    assert [row.setting for row in view.settings_table.rows()] == ["epochs"]
    assert "right on the same photos" in view.verdicts.text()
    assert view.plot.curves() == 2
    view.training.click()
    assert view.plot.curves() == 4
    assert not page.action_button.isEnabled(), "of two runs, neither is the one to predict with"


def test_one_run_again_shows_its_details(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two")
    select(page, "one", "two")
    settled(qtbot, jobs)
    select(page, "two")
    settled(qtbot, jobs)
    assert page._below.currentWidget() is page.one and page.one.details.name.whole() == "two"
    assert page.action_button.isEnabled()


def test_ctrl_held_down_selects_what_is_clicked(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    page.resize(1200, 800)
    page.show()
    places = {row.summary.name: place for place, row in enumerate(page.list.table.shown_rows())}

    def ctrl_click(name: str) -> None:
        spot = page.list.table.visualRect(page.list.table.model().index(places[name], 0)).center()
        viewport = page.list.table.viewport()
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, spot)

    page.list.table.choose(page.list.table.shown_rows()[places["three"]])
    ctrl_click("two")
    ctrl_click("three")
    settled(qtbot, jobs)
    assert {row.summary.name for row in page.list.table.selected()} == {"two"}
    assert page.one.details.name.whole() == "two"
    ctrl_click("one")
    settled(qtbot, jobs)
    assert {row.summary.name for row in page.list.table.selected()} == {"one", "two"}
    assert page._below.currentWidget() is page.several


def test_the_selection_survives_a_new_listing(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    select(page, "one", "two")
    settled(qtbot, jobs)
    titles: list[str] = []
    jobs.started.connect(lambda worker: titles.append(worker.title))
    project.announce_runs()
    settled(qtbot, jobs)
    assert {row.summary.name for row in page.list.table.selected()} == {"one", "two"}
    assert page._below.currentWidget() is page.several and titles == ["Looking for runs"], "nothing is compared anew"


def test_a_run_that_ends_leaves_a_comparison_in_sight(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    page.show()
    select(page, "one", "two")
    settled(qtbot, jobs)
    project.set_run(settings.runs_folder / "three")
    assert {row.summary.name for row in page.list.table.selected()} == {"one", "two"}
    page.hide()
    project.set_run(settings.runs_folder / "two")
    assert page._below.currentWidget() is page.one, "who comes back wants to see what has ended"
    settled(qtbot, jobs)


def test_more_than_six_are_refused_with_a_sentence(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    names = tuple(f"run {number}" for number in range(7))
    page = opened(qtbot, project, jobs, settings, *names)
    select(page, *names[:2])
    settled(qtbot, jobs)
    assert not page.several.comparison.join.isHidden()
    select(page, *names[:3])
    assert page.several.comparison.join.isHidden(), "other runs are selected than those in sight"
    select(page, *names)
    settled(qtbot, jobs)
    assert "at most 6" in page.several.comparison.banner.text() and page.several.comparison._content.isHidden()
    assert page.several.comparison.join.isHidden(), "it would join runs that are not selected any more"


def test_a_run_without_results_is_compared_by_its_curves(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two")
    (settings.runs_folder / "two" / runs.METRICS).unlink()
    select(page, "one", "two")
    settled(qtbot, jobs)
    assert (
        "“two” has no results yet" in page.several.comparison.banner.text()
        and page.several.comparison.plot.curves() == 2
    )


def test_a_search_finds_runs_by_what_they_are(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two")
    page.list.search.setText("MobileNetV2")
    assert len(page.list.table.shown_rows()) == 2
    page.list.search.setText("two")
    assert [row.summary.name for row in page.list.table.shown_rows()] == ["two"]


def test_runs_that_another_page_asks_for_stand_beside_each_other(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    page.list.search.setText("three")
    project.compare_runs([settings.runs_folder / "one", settings.runs_folder / "two"])
    settled(qtbot, jobs)
    assert {row.name for row in page.several.comparison.runs.rows()} == {"one", "two"}
    assert page._below.currentWidget() is page.several and project.wanted_comparison == ()
    fake_run.write_run(settings.runs_folder / "four")
    project.compare_runs([settings.runs_folder / "one", settings.runs_folder / "four"])
    settled(qtbot, jobs)
    assert {row.name for row in page.several.comparison.runs.rows()} == {"one", "four"}, (
        "also one that is not listed yet"
    )


def test_a_page_that_comes_later_knows_what_was_asked_for(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    project.compare_runs([settings.runs_folder / "one", settings.runs_folder / "two"])
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    assert {row.name for row in page.several.comparison.runs.rows()} == {"one", "two"}


def test_one_model_is_made_of_the_selected_runs(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given: list[list[str]] = []

    def run(verb: str, arguments: list[str], _control: Control) -> Iterator[Event]:
        given.append([verb, *arguments])
        yield EnsembleFinished(tmp_path / "both.thaw", ("one", "two"), 6, 0.5, 0.5, 2, 1.0, 0.5, 7)

    monkeypatch.setattr(process, "run", run)
    page = opened(qtbot, project, jobs, settings, "one", "two")
    select(page, "one", "two")
    settled(qtbot, jobs)
    chosen = (str(tmp_path / "both"), "")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
    page.several.comparison.join.click()
    assert not page.several.comparison.join.isEnabled() and "both.thaw" in page.several.comparison.join.toolTip()
    qtbot.waitUntil(lambda: not jobs.running())
    ((verb, *arguments),) = given
    folders = {str(settings.runs_folder / name) for name in ("one", "two")}
    assert verb == "ensemble" and set(arguments[:2]) == folders
    assert arguments[2:] == ["--out", str(tmp_path / "both.thaw"), "--replace"]
    said = page.several.comparison.outcome.text()
    assert "100.0\u202f% of their common test photos right, the best of them alone 50.0" in said
    assert project.model_file == tmp_path / "both.thaw" and page.several.comparison.join.isEnabled()


@pytest.fixture
def joining(qtbot: QtBot, project: Project, jobs: Jobs) -> Iterator[Joining]:
    window = QWidget()
    qtbot.addWidget(window)
    yield Joining(project, jobs, window)


def test_a_model_file_keeps_its_whole_name_and_replaces_none_unasked(
    joining: Joining, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made: list[str] = []
    asked: list[str] = []
    monkeypatch.setattr(joining, "make", lambda _runs, out: made.append(out.name))
    monkeypatch.setattr(dialogs, "ask", lambda _parent, question, *_: asked.append(question))
    (tmp_path / "flowers.thaw").touch()
    for typed in ("v1.2", "flowers", "flowers.thaw"):
        chosen = (str(tmp_path / typed), "")
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, chosen=chosen: chosen)
        joining.ask([tmp_path])
    assert made == ["v1.2.thaw", "flowers.thaw"] and asked == ["Replace “flowers.thaw”?"]


def test_making_one_model_that_was_stopped_says_so(
    qtbot: QtBot, joining: Joining, jobs: Jobs, child: Child, tmp_path: Path
) -> None:
    said: list[str] = []
    joining.told.connect(lambda text, _kind: said.append(text))
    joining.make([tmp_path, tmp_path], tmp_path / "a.thaw")
    assert child.asked == []
    qtbot.waitUntil(lambda: not jobs.running())
    assert said == ["Making one model of 2 runs…", "Stopped: no model was made."]


def test_no_model_is_made_of_a_run_without_one(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two")
    (settings.runs_folder / "two" / runs.MODEL).unlink()
    select(page, "one", "two")
    settled(qtbot, jobs)
    assert (
        not page.several.comparison.join.isEnabled() and "“two” has no model" in page.several.comparison.join.toolTip()
    )
