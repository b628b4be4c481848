from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.pages.predict import PredictPage
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.prediction.batch import BACK, Asked
from desktop_app.widgets.prediction.sorting.deeds import Sort
from desktop_app.widgets.status_line import StatusLine
from desktop_app.worker import Jobs, Worker
from engine.control import Control
from engine.events import Notice, PredictionProgress
from engine.prediction.ledger import views
from tests.desktop_app.photo_files import write_dataset, write_photo
from tests.desktop_app.waiting import wait_for_jobs
from tests.desktop_app.widgets.prediction.fake_batch import hanging
from tests.engine import tiny_model

Made = Callable[[], PredictPage]


@pytest.fixture
def pages(qtbot: QtBot, jobs: Jobs, settings: Settings) -> Iterator[Made]:
    """Makes pages, each as after a new start of the program."""
    made: list[PredictPage] = []

    def make() -> PredictPage:
        page = PredictPage(Project(), jobs, settings)
        qtbot.addWidget(page)
        page.resize(1100, 700)
        made.append(page)
        page.show()
        return page

    yield make
    for page in made:
        page.chooser._background.close()
        page.close_files()


@pytest.fixture
def page(pages: Made) -> PredictPage:
    return pages()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "colours.thaw"
    tiny_model.make(path)
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve photos in three folders, and one that cannot be read."""
    root = write_dataset(tmp_path / "photos")
    (root / "bad.jpg").write_bytes(b"\xff\xd8\xff not a photo")
    return root


def use(qtbot: QtBot, page: PredictPage, model: Path) -> None:
    page._project.set_model_file(model)
    qtbot.waitUntil(lambda: page._usable, timeout=10_000)


def wait_for_end(qtbot: QtBot, page: PredictPage, jobs: Jobs) -> None:
    shown = page.desk.results.model
    qtbot.waitUntil(
        lambda: (
            shown.path is not None and not jobs.running() and not shown.reads and not page.desk.results.decider.at_work
        ),
        timeout=20_000,
    )


def classify(qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path) -> None:
    use(qtbot, page, model)
    page.open_photos((photos,))
    qtbot.waitUntil(lambda: page.desk.batch is not None, timeout=10_000)
    wait_for_end(qtbot, page, jobs)


def labels(page: PredictPage) -> dict[str, str]:
    shown = page.desk.results.model
    return {
        f"{one.path.parent.name}/{one.path.stem}": one.label
        for one in (shown.prediction(row) for row in range(shown.rowCount()))
    }


def saved(qtbot: QtBot, page: PredictPage, jobs: Jobs, out: Path) -> list[dict[str, str]]:
    page.desk.saving.save(out)
    qtbot.waitUntil(lambda: not jobs.running(), timeout=10_000)
    return list(csv.DictReader(out.open(encoding="utf-8-sig")))


def cut(path: Path, keep: int) -> None:
    """The ledger as a crash leaves it: some photos have their answer, and nobody said that it was the end."""
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM photo WHERE id > ?", (keep,))
        connection.execute(
            "UPDATE about SET value = replace(value, '\"finished\": true', '\"finished\": false') WHERE key = 'course'"
        )
    connection.close()


def busy(jobs: Jobs) -> Worker:
    """The machine trains until it is told to stop."""

    def train(control: Control) -> Iterator[object]:
        control.wait_for_stop(10)
        yield from ()

    return jobs.start("Training", train, "train", heavy=True)


def test_without_a_model_it_says_what_to_do(page: PredictPage) -> None:
    assert page.desk.empty.isVisible() and page.desk.empty.sentence().startswith("Choose a model first")
    assert not page.action_button.isEnabled()
    assert page.action_button.accessibleDescription() == "Choose a model first."


def test_photos_wait_for_the_model_and_their_answers_for_the_person(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path, settings: Settings
) -> None:
    page.open_photos((photos,))
    assert page.desk.results.model.path is None
    use(qtbot, page, model)
    assert page.chooser.about.whole() == "3 classes (red, green, blue) · 32 × 32 pixels"
    qtbot.waitUntil(lambda: page.desk.batch is not None, timeout=10_000)
    wait_for_end(qtbot, page, jobs)
    assert {(name.split("/")[0], label) for name, label in labels(page).items()} == {
        ("red", "red"), ("green", "green"), ("blue", "blue"), ("photos", ""),
    }  # fmt: skip
    assert page.desk.results.summary.whole() == "13 photos · 1 not read"
    assert page.context().startswith("photos · 13 photos in ")
    page.desk.results.table.selectRow(1)
    assert page.desk.results.detail.label.whole() in ("red", "green", "blue")
    # the answers lie in Thaw's own folder, and nothing lies among the photos
    assert page.desk.results.model.path is not None and page.desk.results.model.path.parent == settings.batches_folder
    assert sorted(path.name for path in photos.iterdir()) == ["bad.jpg", "blue", "green", "red"]


def test_the_threshold_moves_without_another_run(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path, tmp_path: Path
) -> None:
    classify(qtbot, page, jobs, model, photos)
    page.desk.results.controls.threshold.setValue(100)
    qtbot.waitUntil(lambda: page.desk.results.model.counts.unknown == 12)
    wait_for_end(qtbot, page, jobs)
    assert page.desk.results.summary.whole() == "13 photos · 12 unknown · 1 not read"
    page.desk.results.model.set_view(kind=views.FAILED)
    wait_for_end(qtbot, page, jobs)
    assert list(labels(page)) == ["photos/bad"]
    rows = saved(qtbot, page, jobs, tmp_path / "out.csv")
    assert sorted(row["label"] for row in rows) == ["", *["unknown"] * 12]
    assert page.desk.banner.text().startswith("Saved to ")
    page.desk.results.controls.threshold.setValue(0)
    qtbot.waitUntil(lambda: page.desk.results.model.counts.unknown == 0)


def test_formats_and_the_byte_order_mark(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path, tmp_path: Path, settings: Settings
) -> None:
    classify(qtbot, page, jobs, model, photos)
    saved(qtbot, page, jobs, tmp_path / "plain.csv")
    page.desk.saving.mark.setChecked(True)
    saved(qtbot, page, jobs, tmp_path / "marked.csv")
    plain, marked = ((tmp_path / name).read_bytes() for name in ("plain.csv", "marked.csv"))
    assert marked == b"\xef\xbb\xbf" + plain and settings.csv_byte_order_mark
    page.desk.saving.save(tmp_path / "nowhere" / "a.csv")
    qtbot.waitUntil(lambda: not jobs.running(), timeout=10_000)
    assert "could not be written" in page.desk.banner.text()


def test_stop_keeps_what_is_done(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging(monkeypatch, PredictionProgress(1, 100, 10.0, 9.9))
    use(qtbot, page, model)
    page.open_photos((photos,))
    qtbot.waitUntil(lambda: page.action_button.text() == "Stop", timeout=10_000)
    page.action_button.click()
    assert not page.action_button.isEnabled() and page.action_button.accessibleDescription() == "Stopping…"
    wait_for_end(qtbot, page, jobs)
    assert page.action_button.text() == "Choose folder…" and page.action_button.isEnabled()
    assert "stopped" in page.context()


def test_another_folder_replaces_the_one_that_runs(
    qtbot: QtBot, page: PredictPage, model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = hanging(monkeypatch)
    use(qtbot, page, model)
    page.open_photos((photos,))
    qtbot.waitUntil(lambda: len(asked) == 1, timeout=10_000)
    page.open_photos((photos / "red",))
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=10_000)
    assert asked[1].paths == (photos / "red",)


def test_a_folder_without_photos_leaves_nothing_behind(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "empty").mkdir()
    use(qtbot, page, model)
    page.open_photos((tmp_path / "empty",))
    qtbot.waitUntil(lambda: "There is no photo in" in page.desk.banner.text() and not jobs.running(), timeout=10_000)
    assert page.desk.empty.isVisible() and not page.desk.saving.button.isVisible()
    assert not list(settings.batches_folder.iterdir())


def test_a_drive_that_is_away_is_told_until_it_is_back(
    qtbot: QtBot, page: PredictPage, model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = hanging(monkeypatch, Notice("“USB” is gone.", "drive"))
    use(qtbot, page, model)
    page.open_photos((photos,))
    qtbot.waitUntil(lambda: bool(asked) and page.desk.banner.text() == "“USB” is gone.", timeout=10_000)
    assert page.desk.batch is not None
    page.desk.batch.grew.emit(PredictionProgress(5, 10, 1.0, 5.0))
    assert page.desk.banner.text() == "“USB” is gone."
    page.desk.batch.noticed.emit(Notice("There is no photo in “x”.", "folder"))
    assert page.desk.banner.text() == "“USB” is gone."
    page.desk.batch.noticed.emit(Notice("“USB” is back.", BACK))
    assert page.desk.banner.text() == ""


def test_a_batch_that_was_cut_is_offered_and_gone_on_with(
    qtbot: QtBot, pages: Made, jobs: Jobs, model: Path, photos: Path, settings: Settings
) -> None:
    page = pages()
    classify(qtbot, page, jobs, model, photos)
    before = labels(page)
    page.close_files()
    (ledger,) = settings.batches_folder.glob("*.thaw-ledger")
    cut(ledger, 4)
    page = pages()
    offer = page.desk.earlier.banner
    qtbot.waitUntil(lambda: "was left at 4 of 13 photos" in offer.text(), timeout=10_000)
    assert offer.banner is not None
    offer.banner.button.click()
    qtbot.waitUntil(lambda: page.desk.batch is not None, timeout=10_000)
    wait_for_end(qtbot, page, jobs)
    assert labels(page) == before and page.desk.results.model.path == ledger
    assert offer.text() == ""
    assert pages().desk.earlier.banner.text() == ""


def test_what_is_put_aside_is_not_offered_again(
    qtbot: QtBot, pages: Made, jobs: Jobs, model: Path, photos: Path, settings: Settings
) -> None:
    page = pages()
    classify(qtbot, page, jobs, model, photos)
    page.close_files()
    cut(next(settings.batches_folder.glob("*.thaw-ledger")), 4)
    page = pages()
    qtbot.waitUntil(lambda: bool(page.desk.earlier.banner.text()), timeout=10_000)
    page.desk.earlier.otherwise.click()
    page = pages()
    qtbot.waitUntil(page.desk.earlier.menu_button.isVisible, timeout=10_000)
    assert page.desk.earlier.banner.text() == ""


def test_the_same_folder_asks_once(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path, settings: Settings
) -> None:
    classify(qtbot, page, jobs, model, photos)
    first = page.desk.results.model.path
    page.open_photos((photos,))
    offer = page.desk.earlier.banner
    qtbot.waitUntil(lambda: "were classified on" in offer.text(), timeout=10_000)
    assert page.desk.batch is None
    page.desk.earlier.otherwise.click()
    qtbot.waitUntil(lambda: page.desk.batch is not None, timeout=10_000)
    wait_for_end(qtbot, page, jobs)
    assert page.desk.results.model.path != first
    assert len(list(settings.batches_folder.glob("*.thaw-ledger"))) == 2


def test_an_earlier_batch_is_opened_with_its_threshold_and_deleted_with_a_way_back(
    qtbot: QtBot, pages: Made, jobs: Jobs, model: Path, photos: Path, settings: Settings
) -> None:
    page = pages()
    classify(qtbot, page, jobs, model, photos)
    page.desk.results.controls.threshold.setValue(100)
    qtbot.waitUntil(lambda: page.desk.results.model.counts.unknown == 12)
    page.close_files()
    page = pages()
    menu = page.desk.earlier.menu_button.menu()
    qtbot.waitUntil(lambda: bool(menu.actions()), timeout=10_000)
    assert "photos" in menu.actions()[0].text() and "13 photos" in menu.actions()[0].text()
    menu.actions()[0].trigger()
    wait_for_end(qtbot, page, jobs)
    assert page.desk.results.controls.threshold.value() == 100 and page.desk.results.model.counts.unknown == 12
    menu.actions()[-1].trigger()
    assert not list(settings.batches_folder.glob("*.thaw-ledger"))
    assert page.desk.empty.isVisible() and "was deleted" in page.desk.earlier.banner.text()
    assert page.desk.earlier.banner.banner is not None
    page.desk.earlier.banner.banner.button.click()
    assert len(list(settings.batches_folder.glob("*.thaw-ledger"))) == 1
    qtbot.waitUntil(lambda: bool(menu.actions()), timeout=10_000)


def test_a_batch_that_files_were_made_from_is_deleted_once_they_are_taken_away(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path, tmp_path: Path
) -> None:
    classify(qtbot, page, jobs, model, photos)
    desk, ledger = page.desk, page.desk.results.model.path
    assert ledger and desk.sorting.button.isVisible() and desk.saving.sidecars.text().endswith("(XMP)…")
    desk.sorting.start(ledger, Sort(tmp_path / "sorted"))
    assert not desk.results.controls.threshold.isEnabled()
    desk.earlier.delete(ledger)
    assert "Wait until" in desk.earlier.banner.text() and ledger.exists()
    desk.start(Asked(model, (photos,), ledger, resume=True))
    assert "Wait until" in desk.banner.text() and desk.batch is None
    wait_for_end(qtbot, page, jobs)
    assert desk.results.controls.threshold.isEnabled() and len(list((tmp_path / "sorted").rglob("*.png"))) == 12
    desk.earlier.delete(ledger)
    assert "13 sorted files" in desk.earlier.banner.text() and ledger.exists()
    assert desk.earlier.banner.banner
    desk.earlier.banner.banner.button.click()
    wait_for_jobs(qtbot, jobs)
    qtbot.waitUntil(lambda: "was deleted" in desk.earlier.banner.text(), timeout=20_000)
    assert not ledger.exists() and not (tmp_path / "sorted").exists()


def test_a_folder_is_watched_and_blocks_nothing(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.prediction.watch.SECONDS_BETWEEN", 0.02)
    (photos / "bad.jpg").unlink()  # it would be tried again for a while
    status = StatusLine(jobs)
    qtbot.addWidget(status)
    desk, switch = page.desk, page.desk.watch
    assert not switch.isVisible()
    classify(qtbot, page, jobs, model, photos)
    assert switch.isVisible() and switch.text() == "Watch this folder" and not switch.isChecked()
    ledger = desk.results.model.path
    switch.click()
    qtbot.waitUntil(lambda: page.context() == "photos · watched, waiting for photos", timeout=10_000)
    assert switch.isChecked() and page.action_button.text() == "Stop"
    assert not jobs.busy_reason(), "training may start"
    qtbot.waitUntil(lambda: status.text.whole() == "Watching photos, waiting for photos", timeout=10_000)
    write_photo(photos / "came.png", "red")
    qtbot.waitUntil(lambda: labels(page).get("photos/came") == "red", timeout=10_000)
    assert desk.results.model.path == ledger
    page.action_button.click()
    wait_for_end(qtbot, page, jobs)
    assert not switch.isChecked() and switch.isVisible() and "watched" not in page.context()
    page.open_photos((photos / "red" / "0.png",))
    qtbot.waitUntil(lambda: page.desk.batch is not None, timeout=10_000)
    wait_for_end(qtbot, page, jobs)
    assert not switch.isVisible(), "a photo is no folder"


def test_a_watch_goes_on_until_what_is_asked_for_can_begin(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = hanging(monkeypatch)
    use(qtbot, page, model)
    page.desk.start(Asked(model, (photos,), page._settings.batches_folder / "a.thaw-ledger", watch=True))
    page._settings.batches_folder.mkdir(parents=True)
    qtbot.waitUntil(lambda: len(asked) == 1, timeout=10_000)

    training = busy(jobs)
    page.open_photos((photos / "red",))
    assert "“Training” is running" in page.desk.banner.text()
    assert page.desk.batch and page.desk.batch.worker and not page.desk.batch.worker.control.stopping
    training.control.stop()
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=10_000)
    assert asked[1].paths == (photos / "red",) and not asked[1].watch


def test_photos_that_wait_for_the_machine_can_be_taken_back(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path
) -> None:
    use(qtbot, page, model)
    training = busy(jobs)
    page.open_photos((photos,))
    banner = page.desk.banner.banner
    assert banner and banner.button.text() == "Not then"
    banner.button.click()
    training.control.stop()
    wait_for_jobs(qtbot, jobs)
    assert page.desk.banner.text() == "" and not page._waiting and page.desk.take_back() == ()


def test_what_is_no_model_is_refused_at_its_place(qtbot: QtBot, page: PredictPage, tmp_path: Path) -> None:
    (tmp_path / "no.thaw").write_bytes(b"nothing")
    page._project.set_model_file(tmp_path / "no.thaw")
    qtbot.waitUntil(lambda: bool(page.desk.banner.text()), timeout=10_000)
    assert not page._usable


def test_a_model_that_was_mended_is_taken_when_it_is_chosen_again(qtbot: QtBot, page: PredictPage, model: Path) -> None:
    whole = model.read_bytes()
    model.write_bytes(b"nothing")
    page.use_model(model)
    qtbot.waitUntil(lambda: bool(page.desk.banner.text()), timeout=10_000)
    model.write_bytes(whole)
    page.use_model(model)
    qtbot.waitUntil(lambda: page._usable, timeout=10_000)
    assert page.desk.banner.text() == ""


def test_what_waits_for_an_answer_is_asked_anew_of_the_model_chosen_instead(
    qtbot: QtBot, page: PredictPage, jobs: Jobs, model: Path, photos: Path, tmp_path: Path
) -> None:
    classify(qtbot, page, jobs, model, photos)
    page.open_photos((photos,))
    qtbot.waitUntil(lambda: "were classified on" in page.desk.earlier.banner.text(), timeout=10_000)
    other = tiny_model.make(tmp_path / "other.thaw", temperature=2.0).path
    page.use_model(other)
    assert page.desk.earlier.banner.text() == "", "that was of the other model"
    qtbot.waitUntil(lambda: page.desk.batch is not None, timeout=10_000)
    assert page.desk.batch and page.desk.batch.asked.model == other and page.desk.batch.asked.paths == (photos,)
    wait_for_end(qtbot, page, jobs)
    assert page._project.model_file == other
