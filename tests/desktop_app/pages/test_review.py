from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app import training_job
from desktop_app.pages.review import ReviewPage
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.plain_table import PlainTable
from desktop_app.widgets.runs.tables import RUN_COLUMNS
from desktop_app.worker import Jobs
from engine import process, runs
from engine.control import Control
from engine.diagnosis import record
from engine.events import Diagnosis, Event
from tests.desktop_app.pages import fake_run


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.runs_folder


def opened(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> ReviewPage:
    page = ReviewPage(project, jobs, settings)
    qtbot.addWidget(page)
    settled(qtbot, jobs)
    return page


def settled(qtbot: QtBot, jobs: Jobs) -> None:
    qtbot.waitUntil(lambda: not jobs.running("read"))


def choose(page: ReviewPage, name: str) -> None:
    row = next(row for row in page.list.table.rows() if row.summary.name == name)
    page.list.table.choose(row)
    page.list.table.chosen.emit(row)


def cells(page: ReviewPage, row: int) -> list[str]:
    model = page.list.table.model()
    return [model.index(row, column).data() for column in range(model.columnCount())]


def test_without_runs_there_is_one_thing_to_do(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> None:
    page = opened(qtbot, project, jobs, settings)
    assert page.is_empty() and "no runs yet" in page.empty_state.sentence()
    with qtbot.waitSignal(page.page_requested) as asked:
        page.empty_state.button.click()
    assert asked.args == ["train"]


def test_a_run_and_its_numbers(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path) -> None:
    fake_run.write_run(folder / "one")
    page = opened(qtbot, project, jobs, settings)
    assert cells(page, 0) == [
        "one",
        "insects",
        "MobileNetV2",
        "Feature extraction",
        "3 of 3",
        "66.7\u202f%",
        "100.0\u202f%",
        "01:13",
        "finished",
    ]
    values = {name: label.text() for name, label in page.one.details.facts.values.items()}
    assert values["Right"] == "66.7\u202f%" and values["95 % interval"] == "30.0–90.3\u202f%"
    assert page.one.details.matrix._counts == [[2, 1], [1, 2]]
    assert [photo.caption for photo in page.one.details.grid.photo_model.photos()] == [
        "ants → bees  70.0\u202f%",
        "bees → ants  60.0\u202f%",
    ]
    assert page.one.details.classes.rows()[0]["name"] == "ants"
    assert len(page.one.details.curves.data.epochs) == 3
    assert page.action_button.isEnabled()


def test_a_cell_of_the_matrix_filters_the_pictures(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path
) -> None:
    fake_run.write_run(folder / "one")
    page = opened(qtbot, project, jobs, settings)
    page.one.details.matrix.choose((0, 0))
    photos = page.one.details.grid.photo_model.photos()
    assert [photo.sign for photo in photos] == ["circle-check", "circle-check"]
    assert page.one.details.filter.whole() == "2 of 3 photos of ants (66.7\u202f%) were recognised."
    page.one.details.filter.set_whole("a class with a long name " * 30)
    assert page.one.details.filter.parentWidget().minimumSizeHint().width() < 500, "long names give way"
    page.one.details.clear_filter.click()
    assert len(page.one.details.grid.photo_model.photos()) == 2
    assert page.one.details.matrix.choice() is None


def test_the_locked_test_set_is_named_and_apart(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path
) -> None:
    fake_run.write_run(folder / "one")
    page = opened(qtbot, project, jobs, settings)
    button = page.one.details.switch["test"]
    assert button.text() == "Test (locked)" and not button.isHidden()
    button.click()
    assert page.one.details.facts.values["Photos"].text() == "2"
    assert page.one.details._photos.currentWidget() is page.one.details.no_wrong


def test_no_test_set_no_switch(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path) -> None:
    fake_run.write_run(folder / "one", test=False)
    page = opened(qtbot, project, jobs, settings)
    assert all(button.isHidden() for button in page.one.details.switch.values())


def test_a_killed_run_has_no_results_and_can_be_resumed(
    qtbot: QtBot,
    project: Project,
    jobs: Jobs,
    settings: Settings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_run.write_run(folder / "killed", done=False)
    page = opened(qtbot, project, jobs, settings)
    assert cells(page, 0)[-1] == "interrupted"
    assert page.one.details._body.currentWidget() is page.one.details.nothing
    assert "Resume it" in page.one.details.nothing.sentence.text()
    assert len(page.one.details.nothing.curves.data.epochs) == 3, "how far it came is in sight"
    assert not page.action_button.isEnabled()
    given: list[list[str]] = []

    def run(_verb: str, arguments: list[str], _control: Control) -> Iterator[Event]:
        given.append(arguments)
        yield from ()

    monkeypatch.setattr(process, "run", run)
    with qtbot.waitSignal(page.page_requested) as asked:
        page.one.details.actions_row.buttons["resume"].click()
    qtbot.waitUntil(lambda: not jobs.running())
    assert asked.args == ["train"]
    assert given[0][-1] == "--resume" and str(folder / "killed") in given[0]


def test_the_project_and_the_table_follow_each_other(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path
) -> None:
    for name in ("one", "two"):
        fake_run.write_run(folder / name)
    page = opened(qtbot, project, jobs, settings)
    choose(page, "one")
    settled(qtbot, jobs)
    assert project.run_dir == folder / "one" and page.one.details.name.whole() == "one"
    project.set_run(folder / "two")
    settled(qtbot, jobs)
    assert page.one.details.name.whole() == "two"


def test_new_runs_appear(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path) -> None:
    page = opened(qtbot, project, jobs, settings)
    fake_run.write_run(folder / "one")
    project.announce_runs()
    settled(qtbot, jobs)
    qtbot.waitUntil(lambda: len(page.list.table.rows()) == 1)
    assert not page.is_empty()


def test_a_run_that_goes_on_now_is_said_to_be_running(
    qtbot: QtBot,
    project: Project,
    jobs: Jobs,
    settings: Settings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_run.write_run(folder / "one", done=False)

    def run(_verb: str, _arguments: list[str], control: Control) -> Iterator[Event]:
        while not control.stopping:
            yield fake_run.epoch(1, 3)

    monkeypatch.setattr(process, "run", run)
    worker = training_job.resume(jobs, settings, folder / "one", "mobilenet_v2")
    page = opened(qtbot, project, jobs, settings)
    assert cells(page, 0)[-1] == "running"
    assert page.one.details.actions_row.buttons["resume"].isHidden()
    worker.control.stop()
    qtbot.waitUntil(lambda: not jobs.running())
    assert cells(page, 0)[-1] == "interrupted"


def test_the_model_goes_to_prediction(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path
) -> None:
    fake_run.write_run(folder / "one")
    page = opened(qtbot, project, jobs, settings)
    with qtbot.waitSignal(page.page_requested) as asked:
        page.action_button.click()
    assert asked.args == ["predict"]
    assert project.model_file == folder / "one" / runs.MODEL


def test_a_damaged_run_is_an_error_of_its_job_and_the_page_lives_on(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path
) -> None:
    fake_run.write_run(folder / "one")
    page = opened(qtbot, project, jobs, settings)
    (folder / "one" / runs.PREDICTIONS).write_text("path,split\n1,2\n")
    errors: list[object] = []
    jobs.started.connect(lambda worker: worker.failed.connect(errors.append))
    page.one.show_row(None)
    choose(page, "one")
    settled(qtbot, jobs)
    assert len(errors) == 1
    assert not page.is_empty()


def test_what_is_done_is_done_with_the_run_that_is_selected(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path
) -> None:
    for name in ("one", "two"):
        fake_run.write_run(folder / name)
    project.set_run(folder / "one")
    page = opened(qtbot, project, jobs, settings)
    (folder / "two" / runs.PREDICTIONS).write_text("path,split\n1,2\n")
    choose(page, "two")
    assert page.one.details.name.whole() == "two", "before its files are read"
    settled(qtbot, jobs)
    nothing = page.one.details.nothing
    assert page.one.details._body.currentWidget() is nothing, "no figures of another run"
    assert runs.PREDICTIONS in nothing.nothing.sentence()
    page.do("delete")
    settled(qtbot, jobs)
    assert {row.summary.name for row in page.list.rows()} == {"one"}


def test_a_run_is_read_once_and_stays_as_it_was_looked_at(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path
) -> None:
    for name in ("one", "two"):
        fake_run.write_run(folder / name)
    page = opened(qtbot, project, jobs, settings)
    titles: list[str] = []
    jobs.started.connect(lambda worker: titles.append(worker.title))
    choose(page, "two" if page.one.details.name.whole() == "one" else "one")
    settled(qtbot, jobs)
    assert len(titles) == 1
    page.one.details.matrix.choose((0, 0))
    project.run_dir = None
    fake_run.write_run(folder / "three", done=False)
    project.announce_runs()
    settled(qtbot, jobs)
    assert len(page.list.rows()) == 3 and page.one.details.matrix.choice() == (0, 0)
    runs.write_about(page.one.row.summary.path, runs.About("Called anew"))
    project.announce_runs()
    settled(qtbot, jobs)
    assert page.one.details.name.whole() == "Called anew" and page.one.details.matrix.choice() == (0, 0)


def test_columns_give_way_in_a_narrow_window(qtbot: QtBot) -> None:
    table = PlainTable("Runs", RUN_COLUMNS)
    qtbot.addWidget(table)
    table.resize(1100, 200)
    table.show()
    assert not any(table.isColumnHidden(place) for place in range(len(RUN_COLUMNS)))
    table.resize(560, 200)
    assert table.isColumnHidden(1) and not table.isColumnHidden(5)
    table.hide()


def test_what_ailed_a_run_stands_above_its_results_and_opens_its_photos(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, folder: Path
) -> None:
    run_dir = fake_run.write_run(folder / "one")
    photo = next(row.path for row in runs.read_predictions(run_dir) if row.split == "val")
    doubted = Diagnosis("noisy-labels", "note", "A label may be wrong.", "1 photo.", "Look.", {}, None, (photo,))
    record.write(run_dir, (doubted,))
    details = opened(qtbot, project, jobs, settings).one.details
    details.switch["test"].click()
    assert details.diagnoses.banner and details.diagnoses.banner.button.text() == "Show 1 photo"
    details.diagnoses.banner.button.click()
    assert details.split == "val" and details.switch["val"].isChecked()
    assert [shown.path for shown in details.grid.photo_model.photos()] == [photo]
    details.clear_filter.click()
    assert len(details.grid.photo_model.photos()) == 2
