"""Several runs selected in Review."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from desktop_app.pages.review import ReviewPage
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.worker import Jobs
from engine import process, runs
from engine.control import Control
from engine.events import EnsembleFinished, Event
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
    page.table.clearSelection()
    for place, row in enumerate(page.table.shown_rows()):
        if row.summary.name in names:
            page.table.selectionModel().select(page.table.model().index(place, 0), flags.Select | flags.Rows)


def test_two_runs_stand_beside_each_other(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    select(page, "one", "two")
    settled(qtbot, jobs)
    view = page.comparison
    assert page._below.currentWidget() is view and view.title.text().startswith("2 runs")
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
    assert page._below.currentWidget() is page.details and page.details.name.whole() == "two"
    assert page.action_button.isEnabled()


def test_ctrl_held_down_selects_what_is_clicked(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    page.resize(1200, 800)
    page.show()
    places = {row.summary.name: place for place, row in enumerate(page.table.shown_rows())}

    def ctrl_click(name: str) -> None:
        spot = page.table.visualRect(page.table.model().index(places[name], 0)).center()
        viewport = page.table.viewport()
        qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, spot)

    page.table.choose(page.table.shown_rows()[places["three"]])
    ctrl_click("two")
    ctrl_click("three")
    settled(qtbot, jobs)
    assert {row.summary.name for row in page.table.selected()} == {"two"}
    assert page.details.name.whole() == "two"
    ctrl_click("one")
    settled(qtbot, jobs)
    assert {row.summary.name for row in page.table.selected()} == {"one", "two"}
    assert page._below.currentWidget() is page.comparison


def test_the_selection_survives_a_new_listing(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    select(page, "one", "two")
    settled(qtbot, jobs)
    project.announce_runs()
    settled(qtbot, jobs)
    assert {row.summary.name for row in page.table.selected()} == {"one", "two"}
    assert page._below.currentWidget() is page.comparison


def test_more_than_six_are_refused_with_a_sentence(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    names = tuple(f"run {number}" for number in range(7))
    page = opened(qtbot, project, jobs, settings, *names)
    select(page, *names)
    settled(qtbot, jobs)
    assert "at most 6" in page.comparison.banner.text() and page.comparison._content.isHidden()


def test_a_run_without_results_is_compared_by_its_curves(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two")
    (settings.runs_folder / "two" / runs.METRICS).unlink()
    select(page, "one", "two")
    settled(qtbot, jobs)
    assert "“two” has no results yet" in page.comparison.banner.text() and page.comparison.plot.curves() == 2


def test_a_search_finds_runs_by_what_they_are(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two")
    page.search.setText("MobileNetV2")
    assert len(page.table.shown_rows()) == 2
    page.search.setText("two")
    assert [row.summary.name for row in page.table.shown_rows()] == ["two"]


def test_runs_that_another_page_asks_for_stand_beside_each_other(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    page.search.setText("three")
    project.compare_runs([settings.runs_folder / "one", settings.runs_folder / "two"])
    settled(qtbot, jobs)
    assert {row.name for row in page.comparison.runs.rows()} == {"one", "two"}
    assert page._below.currentWidget() is page.comparison and project.wanted_comparison == ()
    fake_run.write_run(settings.runs_folder / "four")
    project.compare_runs([settings.runs_folder / "one", settings.runs_folder / "four"])
    settled(qtbot, jobs)
    assert {row.name for row in page.comparison.runs.rows()} == {"one", "four"}, "also one that is not listed yet"


def test_a_page_that_comes_later_knows_what_was_asked_for(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    project.compare_runs([settings.runs_folder / "one", settings.runs_folder / "two"])
    page = opened(qtbot, project, jobs, settings, "one", "two", "three")
    assert {row.name for row in page.comparison.runs.rows()} == {"one", "two"}


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
    page.comparison.join.click()
    assert not page.comparison.join.isEnabled() and "both.thaw" in page.comparison.join.toolTip()
    qtbot.waitUntil(lambda: not jobs.running())
    ((verb, *arguments),) = given
    folders = {str(settings.runs_folder / name) for name in ("one", "two")}
    assert verb == "ensemble" and set(arguments[:2]) == folders
    assert arguments[2:] == ["--out", str(tmp_path / "both.thaw"), "--replace"]
    said = page.comparison.outcome.text()
    assert "100.0\u202f% of their common test photos right, the best of them alone 50.0" in said
    assert project.model_file == tmp_path / "both.thaw" and page.comparison.join.isEnabled()


def test_no_model_is_made_of_a_run_without_one(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings, "one", "two")
    (settings.runs_folder / "two" / runs.MODEL).unlink()
    select(page, "one", "two")
    settled(qtbot, jobs)
    assert not page.comparison.join.isEnabled() and "“two” has no model" in page.comparison.join.toolTip()
