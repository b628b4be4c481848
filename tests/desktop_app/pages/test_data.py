from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.pages import data
from desktop_app.pages.data import DataPage, sample_folder
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets import thumbnails
from desktop_app.widgets.drops import SPLIT_NAMES, sort_drop
from desktop_app.worker import Jobs
from engine.dataset.index import SPLIT_FOLDERS
from engine.errors import DatasetError
from engine.events import ScanProgress
from tests.desktop_app.photo_files import write_dataset
from tests.desktop_app.waiting import wait_for_jobs
from tests.shared_data import shared


def test_a_folder_becomes_the_dataset(
    qtbot: QtBot, data_page: DataPage, project: Project, jobs: Jobs, tmp_path: Path
) -> None:
    root = write_dataset(tmp_path / "colours", splits=("train", "val"))
    data_page.open_folder(root)
    wait_for_jobs(qtbot, jobs)
    assert project.dataset is not None and project.dataset.classes == ("blue", "green", "red")
    assert data_page.context() == "colours · 24 photos · 3 classes"
    model = data_page.view.table.class_model
    cells = [[model.index(row, column).data() for column in range(4)] for row in range(4)]
    assert cells[0] == ["All classes", "12", "12", "24"]
    assert cells[1] == ["blue", "4", "4", "8"]
    assert model.headerData(3, Qt.Orientation.Horizontal) == "Photos"
    assert data_page.next.isVisible()


def test_a_class_shows_its_photos_only(qtbot: QtBot, data_page: DataPage, jobs: Jobs, tmp_path: Path) -> None:
    data_page.open_folder(write_dataset(tmp_path / "colours"))
    wait_for_jobs(qtbot, jobs)
    assert data_page.view.grid.photo_model.rowCount() == 12
    data_page.view.table.selectRow(2)
    assert {photo.path.parent.name for photo in data_page.view.grid.photo_model.photos()} == {"green"}
    assert "75\u202f%\u00a0train, 15\u202f%\u00a0val, 10\u202f%\u00a0test" in data_page.view.note.text()
    shown = data_page.view.grid.photo_model.photos()[0].path
    qtbot.waitUntil(lambda: any(wish.path == shown for wish in thumbnails.shared()._kept), timeout=5000)


def test_what_is_wrong_with_a_folder_stands_on_the_page(
    qtbot: QtBot, data_page: DataPage, project: Project, jobs: Jobs, tmp_path: Path
) -> None:
    good = write_dataset(tmp_path / "colours")
    data_page.open_folder(good)
    wait_for_jobs(qtbot, jobs)
    (tmp_path / "empty").mkdir()
    data_page.open_folder(tmp_path / "empty")
    wait_for_jobs(qtbot, jobs)
    qtbot.waitUntil(lambda: data_page.banner.isVisibleTo(data_page), timeout=5000)
    assert data_page.banner.text().endswith(".")
    assert project.dataset is not None and project.dataset.root == good
    data_page.open_folder(good)
    wait_for_jobs(qtbot, jobs)
    assert data_page.banner.isHidden()


def test_the_last_folder_asked_for_wins(
    qtbot: QtBot, data_page: DataPage, project: Project, jobs: Jobs, tmp_path: Path
) -> None:
    first, second = write_dataset(tmp_path / "first"), write_dataset(tmp_path / "second")
    data_page.open_folder(first)
    data_page.open_folder(second)
    wait_for_jobs(qtbot, jobs)
    assert project.dataset is not None and project.dataset.root == second


def test_a_long_scan_shows_progress_and_can_be_stopped(
    qtbot: QtBot, data_page: DataPage, project: Project, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(folder: Path, control):
        number = 0
        while not control.stopping:
            number += 1
            qtbot_sleep(control)
            yield ScanProgress(folder, number)
        return None

    def qtbot_sleep(control) -> None:
        control._stop.wait(0.01)

    monkeypatch.setattr(data, "read_dataset", slow)
    data_page.open_folder(Path("/somewhere/slow"))
    qtbot.waitUntil(lambda: data_page.scanning.isVisible())
    qtbot.waitUntil(lambda: "photos" in data_page.scanning.number.text())
    data_page.scanning.stop.click()
    wait_for_jobs(qtbot, jobs)
    assert project.dataset is None
    assert data_page.start.isVisible()


def test_the_sample_set_is_made_and_opened(qtbot: QtBot, data_page: DataPage, project: Project, jobs: Jobs) -> None:
    data_page.start.button.click()
    wait_for_jobs(qtbot, jobs)
    assert project.dataset is not None and len(project.dataset.photos) == 420
    assert (project.config.model, project.config.strategy) == ("small_resnet", "from-scratch")
    assert not project.config_touched


def test_the_sample_set_among_the_recent_folders_trains_as_well(
    qtbot: QtBot, data_page: DataPage, project: Project, jobs: Jobs, tmp_path: Path
) -> None:
    data_page.open_sample()
    wait_for_jobs(qtbot, jobs)
    data_page.open_folder(write_dataset(tmp_path / "colours"))
    wait_for_jobs(qtbot, jobs)
    assert project.config.model == "mobilenet_v2" and project.config.learning_rate is None
    data_page.open_folder(sample_folder())
    wait_for_jobs(qtbot, jobs)
    assert project.config.model == "small_resnet"


def test_the_note_of_the_split_follows_the_settings(
    qtbot: QtBot, data_page: DataPage, project: Project, jobs: Jobs, tmp_path: Path
) -> None:
    data_page.open_folder(write_dataset(tmp_path / "colours"))
    wait_for_jobs(qtbot, jobs)
    project.set_config(val_share=0.2, test_share=0.0)
    assert data_page.view.note.text().endswith("80\u202f%\u00a0train, 20\u202f%\u00a0val.")
    data_page.open_folder(write_dataset(tmp_path / "split", splits=("train",)))
    wait_for_jobs(qtbot, jobs)
    assert "20\u202f% of the training photos become val" in data_page.view.note.text()
    assert data_page.view.note.text().endswith("There is no test set.")


def test_recent_folders_open_and_are_forgotten(
    qtbot: QtBot, data_page: DataPage, settings: Settings, jobs: Jobs, project: Project, tmp_path: Path
) -> None:
    root = write_dataset(tmp_path / "colours")
    settings.add_recent_folder(root)
    settings.add_recent_folder(tmp_path / "gone")
    rows = data_page.recent_folders.rows()
    assert [row.accessibleName() for row in rows] == ["gone, not found", "colours"]
    rows[1].click()
    wait_for_jobs(qtbot, jobs)
    assert project.dataset is not None
    data_page.recent_folders.rows()[-1].forgotten.emit()
    assert tmp_path / "gone" not in settings.recent_folders


def test_odd_things_are_told(qtbot: QtBot, data_page: DataPage, jobs: Jobs) -> None:
    data_page.open_folder(shared("data/hymenoptera"))
    wait_for_jobs(qtbot, jobs)
    assert any("imageNotFound.gif" in banner.label.text() for banner in data_page.view.findings.banners)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no names that are not UTF-8")
def test_names_that_are_no_utf8(
    qtbot: QtBot, data_page: DataPage, jobs: Jobs, project: Project, tmp_path: Path
) -> None:
    root = write_dataset(tmp_path / "colours")
    odd = Path(os.fsdecode(bytes(root / "red") + b"/caf\xe9.png"))
    (root / "red" / "0.png").rename(odd)
    data_page.open_folder(root)
    wait_for_jobs(qtbot, jobs)
    assert project.dataset is not None and len(project.dataset.photos) == 12


def test_a_scan_error_is_shown_here_and_not_in_a_box(
    data_page: DataPage, jobs: Jobs, qtbot: QtBot, tmp_path: Path
) -> None:
    started = []
    jobs.started.connect(started.append)
    data_page.open_folder(tmp_path / "missing")
    wait_for_jobs(qtbot, jobs)
    qtbot.waitUntil(data_page.banner.isVisible, timeout=5000)
    assert "missing" in data_page.banner.text()
    assert started[0].at_place == (DatasetError,), "what the window leaves to the page"


def test_a_recent_folder_whose_drive_answers_with_an_error_keeps_no_page_from_opening(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, tmp_path: Path
) -> None:
    """As one that is locked or a server that is gone does: here a name that is too long."""
    settings.add_recent_folder(tmp_path / ("x" * 300))
    settings.last_folder = tmp_path / ("x" * 300)
    page = DataPage(project, jobs, settings)
    qtbot.addWidget(page)
    assert "not found" in page.recent_folders.rows()[0].accessibleName()
    assert "not found" in page.recent.menu().actions()[0].text()
    assert settings.last_folder == Path.home()


@pytest.mark.parametrize("names", [("train", "val"), ("Training", "Testing"), ("valid", "test")])
def test_a_dropped_folder_of_splits_is_a_dataset_by_any_name_of_a_split(names: tuple[str, ...], tmp_path: Path) -> None:
    write_dataset(tmp_path / "colours", splits=names)
    (tmp_path / "colours" / "loop").symlink_to(tmp_path / "colours" / "loop")
    assert sort_drop([tmp_path / "colours"]).kind == "dataset"
    assert frozenset(SPLIT_FOLDERS) == SPLIT_NAMES


def test_a_folder_keeps_its_name_in_the_menu(data_page: DataPage, settings: Settings, tmp_path: Path) -> None:
    settings.add_recent_folder(tmp_path / "R&D")
    assert data_page.recent.menu().actions()[0].text() == "R&&D (not found)", "a lone & would be gone"
