"""Tables that are saved from the window, one after the other and at the same time."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.settings import Settings
from desktop_app.widgets.prediction import saving as module
from desktop_app.widgets.prediction.saving import Saving, write
from desktop_app.worker import Jobs, Worker
from engine.control import Control
from tests.desktop_app.waiting import wait_for_jobs
from tests.engine import tiny_model
from tests.engine.prediction import many_photos


@pytest.fixture
def saving(qtbot: QtBot, jobs: Jobs, settings: Settings, tmp_path: Path) -> Saving:
    made = Saving(jobs, settings)
    qtbot.addWidget(made.button)
    made.offer(tmp_path / "a.thaw-ledger", running=False)
    return made


@pytest.fixture
def go_on(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Until it is set, no table is done; each tells its own name meanwhile."""
    go_on = threading.Event()

    def slowly(_path: Path, out: Path, _mark: bool, tell: object, _control: Control) -> None:
        tell(out.name)  # type: ignore[operator]
        go_on.wait(10)

    monkeypatch.setattr(module, "write", slowly)
    return go_on


def test_of_two_savings_each_tells_of_its_own(
    qtbot: QtBot, jobs: Jobs, saving: Saving, go_on: threading.Event, tmp_path: Path
) -> None:
    told: list[tuple[str, object]] = []

    def listen(worker: Worker) -> None:
        worker.happened.connect(lambda event: told.append((worker.title, event)))

    jobs.started.connect(listen)
    for name in ("a.csv", "b.xlsx"):
        saving.save(tmp_path / name)
    qtbot.waitUntil(lambda: len(told) == 2, timeout=10_000)
    assert sorted(told) == [("Saving a.csv", "a.csv"), ("Saving b.xlsx", "b.xlsx")]
    go_on.set()
    wait_for_jobs(qtbot, jobs)


def test_two_never_write_one_file(
    qtbot: QtBot, jobs: Jobs, saving: Saving, go_on: threading.Event, tmp_path: Path
) -> None:
    said: list[str] = []
    saving.said.connect(lambda text, _kind: said.append(text))
    for _ in range(2):
        saving.save(tmp_path / "a.csv")
    assert len(jobs.running()) == 1 and said == ["“a.csv” is being written already; wait for that."]
    go_on.set()
    qtbot.waitUntil(lambda: len(said) == 2, timeout=10_000)
    wait_for_jobs(qtbot, jobs)
    saving.save(tmp_path / "a.csv")
    assert len(jobs.running()) == 1, "it is written, so it may be written over"
    wait_for_jobs(qtbot, jobs)


def test_a_name_that_nobody_was_asked_about_is_not_written_over(
    qtbot: QtBot, jobs: Jobs, saving: Saving, go_on: threading.Event, tmp_path: Path
) -> None:
    said: list[str] = []
    saving.said.connect(lambda text, _kind: said.append(text))
    (tmp_path / "answers.csv").write_text("mine")
    saving.save_as(tmp_path / "answers", ".csv")
    assert said == ["“answers.csv” exists already; choose another name."] and not jobs.running()
    go_on.set()
    for typed, ending in (("answers.csv", ".csv"), ("version 1.5", ".xlsx"), ("lines.NDJSON", ".jsonl")):
        saving.save_as(tmp_path / typed, ending)
    assert [worker.title for worker in jobs.running()] == [
        "Saving answers.csv", "Saving version 1.5.xlsx", "Saving lines.NDJSON",
    ]  # fmt: skip
    wait_for_jobs(qtbot, jobs)


def test_a_table_is_of_one_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, out = tmp_path / "a.thaw-ledger", tmp_path / "a.csv"
    many_photos.write(ledger, tiny_model.make(tmp_path / "m.thaw"), 8)
    monkeypatch.setattr("engine.prediction.ledger.ledger.ROWS_AT_A_TIME", 2)
    monkeypatch.setattr(module, "SECONDS_BETWEEN", 0.0)

    def decide_otherwise(_event: object) -> None:
        other = sqlite3.connect(ledger)
        with other:
            other.execute("UPDATE photo SET label = 'decided anew'")
        other.close()

    write(ledger, out, False, decide_otherwise, Control())
    assert out.read_text(encoding="utf-8").count("decided anew") == 0
