from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from pytestqt.qtbot import QtBot

from desktop_app.widgets.prediction.sorting import into_folders, words
from desktop_app.widgets.prediction.sorting import sorting as sorting_module
from desktop_app.widgets.prediction.sorting.deeds import Made, Outcome, Undo, made_from
from desktop_app.widgets.prediction.sorting.into_folders import SortDialog, suggested
from desktop_app.widgets.prediction.sorting.sorting import AT_WORK, RUNNING, Sorting
from desktop_app.worker import Jobs
from engine.control import Control
from engine.events import SortingFinished, SortingProgress, SortingUndone
from tests.desktop_app.waiting import wait_for_jobs
from tests.engine.prediction.sorting.made_ledger import make_ledger, names, say, tree

PHOTOS = {"a/1.jpg": "red", "a/2.jpg": "blue", "b/3.jpg": "unknown", "b/4.jpg": ""}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return make_ledger(tmp_path, PHOTOS)


@pytest.fixture
def sorting(qtbot: QtBot, jobs: Jobs, ledger: Path) -> Iterator[Sorting]:
    sorting = Sorting(jobs)
    qtbot.addWidget(sorting.button)
    qtbot.addWidget(sorting.banner)
    sorting.offer(ledger, False)
    yield sorting
    if sorting.dialog:
        sorting.dialog.reject()


def asked(qtbot: QtBot, jobs: Jobs, sorting: Sorting, into: Path) -> SortDialog:
    """The dialog, once it has said what would come of sorting into that folder."""
    sorting.button.click()
    assert isinstance(sorting.dialog, SortDialog)
    sorting.dialog.set_into(into)
    wait_for_jobs(qtbot, jobs)
    return sorting.dialog


def test_it_is_said_before_anything_is_written_then_done_and_undone(
    qtbot: QtBot, jobs: Jobs, sorting: Sorting, ledger: Path, tmp_path: Path
) -> None:
    before, into = tree(tmp_path / "photos"), tmp_path / "sorted"
    dialog = asked(qtbot, jobs, sorting, into)
    assert dialog.preview.text().startswith("4 copies to make in 4 folders · 1 MB of ")
    assert [(name, files) for name, files, _ in dialog.table.rows()] == [
        ("_failed", 1), ("_unknown", 1), ("blue", 1), ("red", 1),
    ]  # fmt: skip
    assert not into.exists() and not dialog.undo.isVisibleTo(dialog)
    dialog.tree.buttons["flat"].click()
    wait_for_jobs(qtbot, jobs)
    dialog.main.click()
    assert sorting.at_work == ledger
    wait_for_jobs(qtbot, jobs)
    assert names(into) == ["_failed/4.jpg", "_unknown/3.jpg", "blue/2.jpg", "red/1.jpg"]
    assert sorting.banner.text() == f"Sorted: 4 files made in “{into}”."
    assert sorting.banner.banner
    sorting.banner.banner.button.click()
    wait_for_jobs(qtbot, jobs)
    assert not into.exists() and tree(tmp_path / "photos") == before
    assert sorting.banner.text() == "4 files and 5 empty folders were taken away. Your photos are untouched."


def test_it_is_undone_later_from_the_same_place_and_sorted_where_it_was(
    qtbot: QtBot, jobs: Jobs, sorting: Sorting, ledger: Path, tmp_path: Path
) -> None:
    into = tmp_path / "elsewhere"
    asked(qtbot, jobs, sorting, into).main.click()
    wait_for_jobs(qtbot, jobs)
    say(ledger, tmp_path / "photos/a/1.jpg", "blue")
    sorting.button.click()
    dialog = sorting.dialog
    assert isinstance(dialog, SortDialog) and dialog.into == into
    wait_for_jobs(qtbot, jobs)
    assert dialog.preview.text().endswith("3 photos are there already. 1 photo changes to another folder.")
    assert dialog.main.text() == "Sort 1 photo"
    assert dialog.earlier.whole() == f"4 files of this batch are in “{into}”."
    dialog.undo.click()
    wait_for_jobs(qtbot, jobs)
    assert not into.exists() and not made_from(ledger).photos


def test_links_take_no_room_and_what_is_gone_is_left_out(
    qtbot: QtBot, jobs: Jobs, sorting: Sorting, tmp_path: Path
) -> None:
    (tmp_path / "photos/a/2.jpg").unlink()
    dialog = asked(qtbot, jobs, sorting, tmp_path / "sorted")
    dialog.how.cards["hardlink"].radio.click()
    wait_for_jobs(qtbot, jobs)
    assert dialog.preview.text() == "3 hard links to make in 3 folders"
    assert dialog.left_out.text() == "1 left out: It is not there any more."


def test_a_folder_among_the_photos_and_a_full_drive_are_refused_at_once(
    qtbot: QtBot, jobs: Jobs, sorting: Sorting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = asked(qtbot, jobs, sorting, tmp_path / "photos" / "sorted")
    assert "whose photos were classified" in dialog.banner.text()
    assert not dialog.main.isEnabled() and dialog.main.toolTip() == dialog.banner.text()
    monkeypatch.setattr("engine.prediction.sorting.places.free_bytes", lambda _into: 5_000_000_000)
    dialog.set_into(tmp_path / "sorted")
    wait_for_jobs(qtbot, jobs)
    assert dialog.main.isEnabled()
    monkeypatch.setattr("engine.prediction.sorting.places.free_bytes", lambda _into: 1000)
    dialog.look()
    wait_for_jobs(qtbot, jobs)
    assert "The copies need about" in dialog.banner.text() and not dialog.main.isEnabled()


def test_labels_go_into_copies_alone_and_it_is_told_where_they_did_not(
    qtbot: QtBot, jobs: Jobs, sorting: Sorting, tmp_path: Path
) -> None:
    (tmp_path / "own" / "photos" / "a").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(tmp_path / "own" / "photos" / "a" / "1.jpg")
    sorting.offer(make_ledger(tmp_path / "own", PHOTOS), False)
    dialog = asked(qtbot, jobs, sorting, tmp_path / "sorted")
    dialog.label.click()
    dialog.how.cards["hardlink"].radio.click()
    assert not dialog.label.isEnabled() and "choose copies" in dialog.label.toolTip()
    assert not dialog.deed().labelled
    dialog.how.cards["copy"].radio.click()
    wait_for_jobs(qtbot, jobs)
    assert dialog.label.isEnabled() and dialog.deed().labelled
    dialog.main.click()
    wait_for_jobs(qtbot, jobs)
    assert sorting.banner.text() == (
        f"Sorted: 4 files made in “{tmp_path / 'sorted'}”. 1 copy has its label inside. 1 copy has none: Only JPEG and "
        "PNG files take a label."
    )


def test_labels_beside_the_photos_are_a_choice_of_their_own(
    qtbot: QtBot, jobs: Jobs, sorting: Sorting, tmp_path: Path
) -> None:
    before = tree(tmp_path / "photos")
    sorting.ask_for_sidecars()
    dialog = sorting.dialog
    assert dialog
    wait_for_jobs(qtbot, jobs)
    assert dialog.preview.text() == "2 new files to write · 2 photos have no label"
    assert tree(tmp_path / "photos") == before
    dialog.main.click()
    wait_for_jobs(qtbot, jobs)
    assert [name for name in names(tmp_path / "photos") if name not in before] == ["a/1.jpg.xmp", "a/2.jpg.xmp"]
    assert sorting.banner.text() == "2 label files were written beside the photos."
    sorting.ask_for_sidecars()
    dialog = sorting.dialog
    assert dialog
    wait_for_jobs(qtbot, jobs)
    assert (
        dialog.earlier.whole() == "2 label files of this batch lie beside the photos." and not dialog.main.isEnabled()
    )
    dialog.undo.click()
    wait_for_jobs(qtbot, jobs)
    assert tree(tmp_path / "photos") == before


def test_what_cannot_be_undone_stays_and_says_why(
    qtbot: QtBot, jobs: Jobs, sorting: Sorting, ledger: Path, tmp_path: Path
) -> None:
    into, called = tmp_path / "sorted", []
    asked(qtbot, jobs, sorting, into).main.click()
    wait_for_jobs(qtbot, jobs)
    shutil.rmtree(tmp_path / "photos" / "a")
    sorting.start(ledger, Undo(), lambda: called.append("then"))
    wait_for_jobs(qtbot, jobs)
    assert names(into) == ["blue/a/2.jpg", "red/a/1.jpg"] and not called
    assert sorting.banner.banner and sorting.banner.banner.details_text() == (
        "2 left: Its photo is no longer where it was, so this may be the last copy of it."
    )


def test_it_tells_how_it_comes_on_and_is_stopped(
    qtbot: QtBot, jobs: Jobs, sorting: Sorting, ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_ledger: Path, _deed: object, control: Control) -> Iterator[object]:
        yield SortingProgress("sort", 1, 4, 12.0)
        control.wait_for_stop(10)
        return Outcome(SortingFinished(tmp_path, 1, 0, 0, 0, 1, 1.0, stopped=True))

    monkeypatch.setattr(sorting_module, "do", slow)
    sorting.start(ledger, into_folders.Sort(tmp_path / "sorted"))
    sorting.offer(ledger, False)
    assert not sorting.button.isEnabled() and sorting.button.toolTip() == AT_WORK
    told = "Sorting into “sorted”: 1 of 4 photos, 00:12 left"
    qtbot.waitUntil(lambda: sorting.banner.text() == told, timeout=10_000)
    assert sorting.banner.banner and sorting.banner.banner.button.text() == "Stop"
    sorting.banner.banner.button.click()
    wait_for_jobs(qtbot, jobs)
    assert sorting.banner.text() == f"Sorting was stopped after 1 file in “{tmp_path}”; sorting again goes on."
    sorting.offer(ledger, True)
    assert not sorting.button.isEnabled() and sorting.button.toolTip() == RUNNING


def test_where_a_batch_may_be_sorted_to(tmp_path: Path) -> None:
    (tmp_path / "card").mkdir()
    photo = tmp_path / "card" / "1.jpg"
    photo.write_bytes(b"x")
    beside = tmp_path / "card sorted"
    assert suggested(Made(named=(tmp_path / "card",))) == suggested(Made(named=(photo,))) == beside
    assert suggested(Made(3, (Path("/x"), Path("/y")), named=(photo,))) == Path("/y")


def test_one_file_is_no_files() -> None:
    assert words.done(Outcome(SortingFinished(Path("x"), 2, 1, 0, 0, 1, 1.0))) == (
        "Sorted: 2 files made in “x”, 1 was there already."
    )
    assert words.done(Outcome(SortingUndone(1, 1, 0, 0, 1.0))) == (
        "1 file was taken away. 1 was not there any more. Your photos are untouched."
    )
