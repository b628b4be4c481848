from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.worker import Jobs, Worker
from engine.control import Control
from engine.errors import DatasetError


def counting(count: int):
    def job(control: Control) -> Iterator[int]:
        for number in range(count):
            if control.stopping:
                return "stopped"
            yield number
        return "done"

    return job


def record(worker: Worker) -> list[tuple[str, object]]:
    seen: list[tuple[str, object]] = []
    worker.happened.connect(lambda event: seen.append(("happened", event)))
    worker.returned.connect(lambda value: seen.append(("returned", value)))
    worker.failed.connect(lambda error: seen.append(("failed", error)))
    return seen


def run_to_end(qtbot: QtBot, jobs: Jobs, worker: Worker) -> None:
    qtbot.waitUntil(lambda: worker not in jobs.running(), timeout=30_000)


def test_20_000_events_arrive_in_order(qtbot: QtBot, jobs: Jobs) -> None:
    worker = jobs.start("Count", counting(20_000), "test")
    seen = record(worker)
    run_to_end(qtbot, jobs, worker)
    assert seen == [("happened", number) for number in range(20_000)] + [("returned", "done")]


def test_a_quick_job_tells_those_who_connect_after_the_start(qtbot: QtBot, jobs: Jobs) -> None:
    worker = jobs.start("Count", counting(1), "test")
    time.sleep(0.05)
    seen = record(worker)
    run_to_end(qtbot, jobs, worker)
    assert seen == [("happened", 0), ("returned", "done")]


def test_signals_come_in_order_and_ended_comes_last(qtbot: QtBot, jobs: Jobs) -> None:
    order: list[str] = []
    jobs.started.connect(lambda worker: order.append(f"started {worker.title}"))
    jobs.ended.connect(lambda worker: order.append(f"ended {worker.title}"))
    worker = jobs.start("Count", counting(1), "test")
    worker.happened.connect(lambda _event: order.append("happened"))
    worker.returned.connect(lambda _value: order.append("returned"))
    run_to_end(qtbot, jobs, worker)
    assert order == ["started Count", "happened", "returned", "ended Count"]


def test_an_exception_is_carried_once_after_the_events(qtbot: QtBot, jobs: Jobs) -> None:
    def job(_control: Control) -> Iterator[int]:
        yield 1
        raise DatasetError("The folder is empty.")

    worker = jobs.start("Fail", job, "test")
    seen = record(worker)
    run_to_end(qtbot, jobs, worker)
    assert [kind for kind, _ in seen] == ["happened", "failed"]
    assert str(seen[1][1]) == "The folder is empty."


def test_a_job_that_fails_before_its_first_event_fails_too(qtbot: QtBot, jobs: Jobs) -> None:
    def job(_control: Control) -> Iterator[int]:
        raise ValueError("no generator at all")

    worker = jobs.start("Fail", job, "test")
    seen = record(worker)
    run_to_end(qtbot, jobs, worker)
    assert [kind for kind, _ in seen] == ["failed"]


def test_stop_is_an_ordinary_end(qtbot: QtBot, jobs: Jobs) -> None:
    def job(control: Control) -> Iterator[int]:
        while not control.stopping:
            time.sleep(0.001)
            yield 0
        return "stopped"

    worker = jobs.start("Run on", job, "test")
    steered: list[str] = []
    worker.steered.connect(steered.append)
    seen = record(worker)
    worker.happened.connect(lambda _event: worker.control.stop() if not worker.control.stopping else None)
    run_to_end(qtbot, jobs, worker)
    assert seen[-1] == ("returned", "stopped")
    assert steered == ["stop"]


def test_only_one_heavy_job_at_a_time(qtbot: QtBot, jobs: Jobs) -> None:
    gate = threading.Event()

    def job(_control: Control) -> Iterator[int]:
        gate.wait(10)
        yield 1

    heavy = jobs.start("Training", job, "train", heavy=True)
    light = jobs.start("Scan", counting(1), "scan")
    assert jobs.current is heavy and jobs.shown is heavy
    assert jobs.busy_reason() == "“Training” is running; wait for it or stop it first."
    with pytest.raises(RuntimeError):
        jobs.start("Another", job, "train", heavy=True)
    gate.set()
    run_to_end(qtbot, jobs, heavy)
    run_to_end(qtbot, jobs, light)
    assert jobs.current is None and jobs.busy_reason() == ""


def test_many_short_jobs_leave_nothing(qtbot: QtBot, jobs: Jobs) -> None:
    for _ in range(200):
        jobs.start("Count", counting(2), "test")
    qtbot.waitUntil(lambda: not jobs.running(), timeout=20_000)
