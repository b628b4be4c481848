"""One batch in sight, and those who want the same ledger at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.settings import Settings
from desktop_app.widgets.prediction import batch as batch_module
from desktop_app.widgets.prediction import deciding, earlier
from desktop_app.widgets.prediction.batch import Asked
from desktop_app.widgets.prediction.desk import STOP_FIRST, Desk
from desktop_app.widgets.prediction.sorting.deeds import Sort
from desktop_app.widgets.prediction.sorting.sorting import AT_WORK
from desktop_app.worker import Jobs
from engine.control import Control
from engine.errors import ThawError
from engine.events import Notice, Watching
from engine.model_file import ModelFile
from tests.desktop_app.waiting import wait_for_jobs
from tests.desktop_app.widgets.prediction.fake_batch import hanging
from tests.engine import tiny_model
from tests.engine.prediction import many_photos


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFile:
    return tiny_model.make(tmp_path_factory.mktemp("model") / "m.thaw")


@pytest.fixture
def ledger(model: ModelFile, tmp_path: Path) -> Path:
    """Eight photos, two of them unknown."""
    many_photos.write(tmp_path / "a.thaw-ledger", model, 8)
    return tmp_path / "a.thaw-ledger"


def make_desk(qtbot: QtBot, jobs: Jobs, settings: Settings) -> Desk:
    def close(desk: Desk) -> None:
        jobs.stop_all()
        wait_for_end(qtbot, desk)
        wait_for_jobs(qtbot, jobs)
        desk.close_files()

    desk = Desk(jobs, settings)
    qtbot.addWidget(desk, before_close_func=close)
    for button in (desk.earlier.menu_button, desk.saving.button, desk.sorting.button):
        button.setParent(desk)  # which the page has a place for
    return desk


@pytest.fixture
def desk(qtbot: QtBot, jobs: Jobs, settings: Settings) -> Desk:
    return make_desk(qtbot, jobs, settings)


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Until it is set, nothing is decided on anew."""
    go_on, decide = threading.Event(), deciding._decide
    monkeypatch.setattr(deciding, "_decide", lambda wish: go_on.wait(10) and decide(wish))
    return go_on


@pytest.fixture
def slow_desk(go_on: threading.Event, qtbot: QtBot, jobs: Jobs, settings: Settings) -> Desk:  # noqa: ARG001
    return make_desk(qtbot, jobs, settings)


def wait_for_end(qtbot: QtBot, desk: Desk) -> None:
    if desk.batch:
        desk.batch.stop()
    qtbot.waitUntil(
        lambda: desk.batch is None and not desk.results.decider.at_work and not desk.results.model.reads,
        timeout=10_000,
    )


def begin(qtbot: QtBot, desk: Desk, asked: Asked) -> None:
    """Until the work has begun."""
    desk.start(asked)
    qtbot.waitUntil(lambda: desk.batch is not None and desk.results.model.rowCount() >= 3, timeout=10_000)


def gone_on_with(model: ModelFile, ledger: Path, watch: bool = False) -> Asked:
    return Asked(model.path, (ledger.parent,), ledger, resume=True, watch=watch)


@pytest.mark.parametrize("deed", ["go on", "sort", "save"])
def test_who_needs_a_ledger_waits_until_its_labels_are_decided_on(
    deed: str, qtbot: QtBot, slow_desk: Desk, jobs: Jobs, go_on: threading.Event, model: ModelFile, ledger: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    desk, begun = slow_desk, []
    hanging(monkeypatch)
    jobs.started.connect(begun.append)
    desk.results.open(ledger)
    desk._show()
    desk.results.change_decision(threshold=0.9)
    deeds: dict[str, Callable[[], None]] = {
        "go on": lambda: desk.start(gone_on_with(model, ledger)),
        "sort": lambda: desk.sorting.start(ledger, Sort(ledger.parent / "sorted")),
        "save": lambda: desk.saving.save(ledger.parent / "a.csv"),
    }
    deeds[deed]()
    assert not begun, "another would be told to be at work on it, and old labels would be taken"
    go_on.set()
    qtbot.waitUntil(lambda: len(begun) == 1, timeout=10_000)
    if deed == "save":
        wait_for_jobs(qtbot, jobs)
        assert (ledger.parent / "a.csv").read_text("utf-8-sig").count("unknown") == 8


def test_a_decision_that_comes_after_the_last_photo_counts(
    qtbot: QtBot, desk: Desk, model: ModelFile, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging(monkeypatch)  # which never looks at the rules
    begin(qtbot, desk, gone_on_with(model, ledger))
    assert desk.batch
    qtbot.waitUntil(lambda: desk.batch is not None and desk.batch._rules is not None)
    desk.results.change_decision(threshold=0.9)
    wait_for_end(qtbot, desk)
    assert desk.results.model.counts.unknown == 8


def test_a_batch_that_runs_is_not_deleted(
    qtbot: QtBot, desk: Desk, model: ModelFile, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging(monkeypatch)
    begin(qtbot, desk, gone_on_with(model, ledger))
    desk.earlier.delete(ledger)
    assert desk.earlier.banner.text() == STOP_FIRST and ledger.exists()


def test_deleting_another_batch_leaves_the_one_in_sight(desk: Desk, model: ModelFile, ledger: Path) -> None:
    """As when it is deleted once what was sorted from it has been taken away."""
    many_photos.write(ledger.with_name("b.thaw-ledger"), model, 3)
    desk.results.open(ledger.with_name("b.thaw-ledger"))
    desk.earlier._delete_now(ledger)
    assert not ledger.exists() and "“a” was deleted" in desk.earlier.banner.text()
    assert desk.results.model.path == ledger.with_name("b.thaw-ledger")


def test_what_cannot_be_taken_away_now_is_said(desk: Desk, jobs: Jobs, ledger: Path) -> None:
    desk.sorting.at_work = ledger.with_name("b.thaw-ledger")
    desk.earlier.undo_wanted.emit(ledger, lambda: None)
    assert desk.banner.text() == AT_WORK and not jobs.running()


def test_nothing_begins_as_the_program_ends(desk: Desk, jobs: Jobs, model: ModelFile, ledger: Path) -> None:
    jobs.close()
    desk.start(gone_on_with(model, ledger))
    assert desk.batch is None and not jobs.running()


def test_a_watch_that_failed_is_not_told_of_as_one_that_waits(
    qtbot: QtBot, desk: Desk, jobs: Jobs, model: ModelFile, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_asked: Asked, _rules: object, _control: Control) -> Iterator[object]:
        yield Watching(8, 0, 0)
        raise ThawError("The disk is full.")

    monkeypatch.setattr(batch_module, "classify", fail)
    told: list[str] = []
    desk.told.connect(told.append)
    desk.start(gone_on_with(model, ledger, watch=True))
    qtbot.waitUntil(lambda: desk.batch is None and not jobs.running(), timeout=10_000)
    assert "waiting for photos" in told[0] and desk.source == ledger.parent.name
    assert desk.banner.text() == "The disk is full." and desk.watch.isEnabled()


def test_that_a_drive_is_away_outlives_another_model_and_not_the_batch(
    qtbot: QtBot, desk: Desk, model: ModelFile, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging(monkeypatch, Notice("“USB” is gone.", "drive"))
    begin(qtbot, desk, gone_on_with(model, ledger))
    qtbot.waitUntil(lambda: desk.banner.text() == "“USB” is gone.", timeout=10_000)
    desk.telling.clear()
    assert desk.banner.text() == "“USB” is gone."
    wait_for_end(qtbot, desk)
    assert desk.banner.text() == ""


def test_batches_are_looked_for_again_while_they_are_looked_for(
    qtbot: QtBot, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, looked = threading.Event(), []
    monkeypatch.setattr("desktop_app.widgets.prediction.finding._look", lambda _wish: go_on.wait(10) and ())
    batches = earlier.EarlierBatches(settings, lambda _ledger: "")
    qtbot.addWidget(batches)
    batches.finder.listed.connect(looked.append)
    batches.look()
    batches.look()
    go_on.set()
    qtbot.waitUntil(lambda: len(looked) == 2, timeout=10_000)
    batches.close_files()


def test_another_ledger_comes_unsorted(desk: Desk, model: ModelFile, ledger: Path) -> None:
    header = desk.results.table.horizontalHeader()
    desk.results.open(ledger)
    desk.results.table.sortByColumn(3, header.sortIndicatorOrder())
    assert header.sortIndicatorSection() == 3 and desk.results.model.view.order
    many_photos.write(ledger.with_name("b.thaw-ledger"), model, 3)
    desk.results.open(ledger.with_name("b.thaw-ledger"))
    assert header.sortIndicatorSection() == -1 and desk.results.model.view.order == ""
