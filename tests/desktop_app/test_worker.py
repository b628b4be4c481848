from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.worker import Background, Jobs, NewestJob, Worker
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


def test_only_the_newest_of_jobs_is_told_of(qtbot: QtBot, jobs: Jobs) -> None:
    def waiting(control: Control) -> Iterator[int]:
        while not control.stopping:
            yield -1
        return "the first"

    def failing(_control: Control) -> Iterator[int]:
        yield 0
        raise ValueError("the third")

    newest, told, heard = NewestJob(jobs, "test", at_place=(Exception,)), [], []
    newest.happened.connect(heard.append)
    newest.returned.connect(told.append)
    newest.failed.connect(lambda error: told.append(str(error)))
    newest.ask("Wait", waiting)
    newest.ask("Count", counting(1))
    assert newest.is_at_work()
    qtbot.waitUntil(lambda: not jobs.running())
    assert len(told) == 1 and told != ["the first"] and heard == [0] and not newest.is_at_work()
    newest.ask("Fail", failing)
    qtbot.waitUntil(lambda: not jobs.running())
    assert told[1:] == ["the third"]
    newest.ask("Wait", waiting)
    newest.forget()
    qtbot.waitUntil(lambda: not jobs.running())
    assert len(told) == 2
    newest.ask("Wait", waiting)
    newest.stop()
    qtbot.waitUntil(lambda: not jobs.running())
    assert told[2:] == ["the first"]


def test_small_work_that_nobody_waits_for_any_more_ends_in_the_thread_of_the_window(qtbot: QtBot) -> None:
    go_on, ended_in = threading.Event(), []
    background = Background(lambda _key: go_on.wait(10), threads=1)
    weakref.finalize(background, lambda: ended_in.append(threading.current_thread()))
    background.ask("a")
    del background
    assert not ended_in, "in its own thread it would wait for itself"
    go_on.set()
    qtbot.waitUntil(lambda: bool(ended_in))
    assert ended_in == [threading.main_thread()]


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


def test_nothing_begins_as_the_program_ends(qtbot: QtBot, jobs: Jobs) -> None:
    begun: list[object] = []

    def go_on(_worker: Worker) -> None:
        jobs.ended.disconnect(go_on)
        jobs.start("Go on", lambda _control: begun.append(1) or iter(()), "test")

    jobs.ended.connect(go_on)
    jobs.start("Count", counting(1), "test")
    jobs.close()
    qtbot.waitUntil(lambda: not jobs.running())
    qtbot.wait(20)
    assert not begun and not jobs.running()
