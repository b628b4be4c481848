"""The queue of runs, without a window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop_app import training_job
from desktop_app.queue_file import FILE, QueuedRun, QueueFile
from desktop_app.run_queue import RunQueue, queue_of
from desktop_app.settings import Settings
from desktop_app.worker import Jobs
from engine import process
from engine.config import TrainConfig, make_config
from engine.control import Control
from engine.errors import RunError


class Machine:
    """Stands for the child process: says which runs were begun, and lets them go when told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[str] = []
        self.let_go = False
        self.fails: set[str] = set()
        monkeypatch.setattr(process, "run", self._run)

    def _run(self, _verb: str, arguments: list[str], control: Control) -> Iterator[Any]:
        name = Path(arguments[0]).name
        self.begun.append(name)
        if name in self.fails:
            raise RunError(f"{name} cannot be.")
        while not (self.let_go or control.stopping):
            yield name


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def draft(name: str) -> TrainConfig:
    return make_config({"data": Path("/photos") / name, "epochs": 3})


def run_of(name: str) -> QueuedRun:
    return QueuedRun(draft(name))


def names(queue: RunQueue) -> list[str]:
    return [run.config.data.name for run in queue.runs]


def test_runs_start_one_after_another(qtbot: QtBot, jobs: Jobs, settings: Settings, machine: Machine) -> None:
    queue = queue_of(jobs, settings)
    assert queue_of(jobs, settings) is queue
    for name in ("a", "b", "c"):
        queue.add(draft(name))
    qtbot.waitUntil(lambda: machine.begun == ["a"])
    assert names(queue) == ["b", "c"] and len(jobs.running()) == 1
    queue.move(1, -1)
    assert names(queue) == ["c", "b"]
    queue.move(0, -1)
    assert names(queue) == ["c", "b"], "there is nothing before the first"
    machine.let_go = True
    qtbot.waitUntil(lambda: machine.begun == ["a", "c", "b"] and not jobs.running())
    assert queue.runs == () and not (settings.runs_folder / FILE).exists()


def test_one_that_fails_is_marked_and_the_next_goes_on(
    qtbot: QtBot, jobs: Jobs, settings: Settings, machine: Machine
) -> None:
    queue, machine.let_go, machine.fails = queue_of(jobs, settings), True, {"bad"}
    for name in ("bad", "good"):
        queue.add(draft(name))
    qtbot.waitUntil(lambda: machine.begun == ["bad", "good"] and not jobs.running())
    assert [(run.config.data.name, run.failure) for run in queue.runs] == [("bad", "bad cannot be.")]
    machine.fails.clear()
    queue.retry(0)
    qtbot.waitUntil(lambda: machine.begun[-1] == "bad" and not jobs.running())
    assert queue.runs == ()


def test_stopping_a_run_holds_the_queue(qtbot: QtBot, jobs: Jobs, settings: Settings, machine: Machine) -> None:
    queue = queue_of(jobs, settings)
    for name in ("a", "b"):
        queue.add(draft(name))
    qtbot.waitUntil(lambda: machine.begun == ["a"])
    jobs.stop_all()
    qtbot.waitUntil(lambda: not jobs.running())
    qtbot.wait(20)
    assert machine.begun == ["a"] and queue.held and names(queue) == ["b"]
    machine.let_go = True
    queue.go_on()
    qtbot.waitUntil(lambda: machine.begun == ["a", "b"] and not jobs.running())


def test_nothing_starts_while_the_window_closes(qtbot: QtBot, jobs: Jobs, settings: Settings, machine: Machine) -> None:
    def search(control: Control) -> Iterator[Any]:
        while not control.stopping:
            yield 1

    queue = queue_of(jobs, settings)
    jobs.start("Searching", search, "search", heavy=True)
    queue.add(draft("a"))
    jobs.close()
    qtbot.waitUntil(lambda: not jobs.running())
    qtbot.wait(20)
    assert not machine.begun and names(queue) == ["a"] and (settings.runs_folder / FILE).exists()


def test_a_drive_that_answers_with_an_error_has_nothing_that_waits(tmp_path: Path) -> None:
    away = tmp_path / ("x" * 300)
    assert QueueFile(away).take_over() == ()
    assert training_job.newest_run(away) is None


def test_a_disk_that_is_full_is_told_and_the_run_starts(
    qtbot: QtBot, jobs: Jobs, settings: Settings, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    queue, machine.let_go = queue_of(jobs, settings), True
    monkeypatch.setattr(QueueFile, "write", full)
    queue.add(draft("a"))
    assert "cannot be kept on disk (No space left on device)" in queue.trouble
    monkeypatch.undo()
    monkeypatch.setattr(process, "run", machine._run)
    qtbot.waitUntil(lambda: machine.begun == ["a"] and not jobs.running())
    queue.held = True
    queue.add(draft("b"))
    assert queue.trouble == ""


def test_the_queue_survives_the_window_and_waits_to_be_asked(
    qtbot: QtBot, jobs: Jobs, settings: Settings, machine: Machine
) -> None:
    training_job.start(jobs, settings, draft("by hand"))
    before = RunQueue(jobs, settings)
    for name in ("a", "b"):
        before.add(draft(name))
    before.close()
    later = Jobs()
    queue = RunQueue(later, settings)
    assert names(queue) == ["a", "b"] and queue.held and not before.held
    training_job.start(later, settings, draft("another by hand"))
    jobs.stop_all()
    machine.let_go = True
    qtbot.waitUntil(lambda: len(machine.begun) == 2 and not jobs.running() and not later.running())
    qtbot.wait(20)
    assert names(queue) == ["a", "b"], "what was started by hand does not set the queue going"
    assert before.held
    queue.remove(0)
    queue.close()
    assert names(RunQueue(Jobs(), settings)) == ["b"]


def test_each_window_has_a_queue_and_begins_with_those_that_are_closed(settings: Settings, machine: Machine) -> None:
    windows = [Jobs() for _ in range(3)]
    queues = [RunQueue(jobs, settings) for jobs in windows[:2]]
    for queue, name in zip(queues, "ab", strict=True):
        queue.held = True
        queue._keep((run_of(name), run_of(name + name)))
    assert [names(queue) for queue in queues] == [["a", "aa"], ["b", "bb"]]
    third = RunQueue(windows[2], settings)
    assert third.runs == (), "what waits in a window that is open is nobody else's"
    for queue in queues:
        queue.close()
    again = RunQueue(Jobs(), settings)
    assert names(again) == ["a", "aa", "b", "bb"] and again.held
    assert [path.name for path in settings.runs_folder.glob("*.json")] == [FILE]
    again._keep(())
    assert not list(settings.runs_folder.iterdir()) and not machine.begun


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"config": "epochs = 0", "failure": ""}]', '{"a": 1}'])
def test_a_damaged_queue_is_an_empty_one(jobs: Jobs, settings: Settings, text: str) -> None:
    settings.runs_folder.mkdir(parents=True)
    (settings.runs_folder / FILE).write_text(text)
    assert queue_of(jobs, settings).runs == ()
