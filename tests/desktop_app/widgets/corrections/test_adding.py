from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.pages.data import DataPage
from desktop_app.project import Project
from desktop_app.worker import Jobs
from engine.prediction.corrections.pack import pack_corrections
from tests.desktop_app.waiting import wait_for_jobs
from tests.engine.prediction.corrections.field import Shot, make_dataset, make_field

PLACES = {
    f"{label}/{number}.jpg": 200 + 7 * number + place
    for place, label in enumerate(("red", "green", "blue"))
    for number in range(2)
}
SHOTS = {
    "1.jpg": Shot(10, "red", "red"),
    "2.jpg": Shot(40, "red", "wasp"),
    "3.jpg": Shot(70, "red", "unknown"),
    "4.jpg": Shot(100, "red", "green"),
    "5.jpg": Shot(130, "red", "wasp"),
}


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ledger = make_field(tmp_path_factory.mktemp("field"), SHOTS)
    list(pack_corrections(ledger, ledger.parent / "card.thaw-corrections"))
    return ledger.parent / "card.thaw-corrections"


def test_corrections_are_looked_at_then_added_then_taken_out(
    qtbot: QtBot, data_page: DataPage, project: Project, jobs: Jobs, pack: Path, tmp_path: Path
) -> None:
    adding = data_page.corrections
    assert adding.button.isHidden()
    adding.open(pack)
    assert "Open the dataset first" in data_page.banner.text()

    root = make_dataset(tmp_path / "data", PLACES)
    data_page.open_folder(root)
    wait_for_jobs(qtbot, jobs)
    assert adding.button.isVisible() and data_page.banner.text() == ""
    adding.open(pack)
    assert not adding.button.isEnabled()
    qtbot.waitUntil(lambda: adding.dialog is not None and adding.dialog.isVisible(), timeout=10_000)
    dialog = adding.dialog
    assert dialog is not None
    assert dialog.title.text() == "Add 2 photos to train on?"
    assert dialog.new.text() == "Make 1 new class:" and dialog.new.accessibleDescription() == "wasp 2"
    assert len(list(root.rglob("*.jpg"))) == len(PLACES), "nothing is added before it was agreed to"
    dialog.new.click()
    assert dialog.agree.text() == "Add 4 photos"
    dialog.agree.click()
    qtbot.waitUntil(lambda: "were added" in data_page.banner.text(), timeout=20_000)
    assert data_page.banner.text() == "4 photos from your corrections were added."
    assert project.dataset is not None and project.dataset.classes == ("blue", "green", "red", "wasp")
    assert data_page.banner.banner is not None
    data_page.banner.banner.button.click()
    qtbot.waitUntil(lambda: "taken out" in data_page.banner.text(), timeout=20_000)
    assert project.dataset.classes == ("blue", "green", "red")
    assert len(list(root.rglob("*.jpg"))) == len(PLACES)
    wait_for_jobs(qtbot, jobs)


def test_a_dataset_that_cannot_be_trained_on_any_more_can_still_be_mended(
    qtbot: QtBot, data_page: DataPage, jobs: Jobs, tmp_path: Path
) -> None:
    """A new class with one photo, say."""
    root = make_dataset(tmp_path / "data", PLACES)
    data_page.open_folder(root)
    wait_for_jobs(qtbot, jobs)
    make_dataset(root, {"wasp/1.jpg": 3})
    data_page.corrections.changed.emit("1 photo was added.", True)
    wait_for_jobs(qtbot, jobs)
    assert data_page.banner.text().startswith("1 photo was added. “wasp” has only one photo")
    assert data_page.banner.banner is not None and data_page.banner.banner.button.text() == "Undo"


def test_what_is_no_pack_is_said_on_the_page(
    qtbot: QtBot, data_page: DataPage, jobs: Jobs, pack: Path, tmp_path: Path
) -> None:
    data_page.open_folder(make_dataset(tmp_path / "data", PLACES))
    wait_for_jobs(qtbot, jobs)
    wrong = tmp_path / "x.thaw-corrections"
    wrong.write_bytes(pack.read_bytes()[:-9])
    data_page.corrections.open(wrong)
    qtbot.waitUntil(lambda: "damaged" in data_page.banner.text(), timeout=10_000)
    assert data_page.corrections.button.isEnabled()
