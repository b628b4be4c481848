from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets import baseline
from desktop_app.widgets.baseline import BaselineLine
from desktop_app.worker import Jobs
from engine.control import Control
from engine.dataset.index import DatasetIndex, Photo
from engine.dataset.split import assign_splits
from engine.errors import DatasetError
from engine.events import BaselineMeasured, FeaturesComputed, Model
from engine.models import tables
from engine.runs import baselines
from tests.desktop_app.waiting import wait_for_jobs

FOUND = baselines.Baseline("mobilenet_v2", 0.9, 0.8, 0.95, 0.5, 4, 2)


def dataset(name: str = "birds") -> DatasetIndex:
    photos = tuple(Photo(Path(f"/{name}/{label}/{n}.jpg"), label) for label in "ab" for n in range(10))
    return DatasetIndex(Path(f"/{name}"), ("a", "b"), photos, ())


class Child:
    """Stands for the child process; it waits to be let go."""

    def __init__(self) -> None:
        self.started, self.go = 0, threading.Event()

    def run(self, _verb: str, arguments: Sequence[str], control: Control) -> Iterator[Any]:
        self.started += 1
        control.on_command(lambda _word: self.go.set())
        yield FeaturesComputed(5, 20, 10.0, 1.5)
        self.go.wait(10)
        if control.stopping:
            raise DatasetError("The scan was stopped before the whole folder was read.")
        index = dataset(Path(arguments[0]).name)
        baselines.keep(assign_splits(index, 0)[0], FOUND)
        yield BaselineMeasured(data=index.root, seconds=1.0, **vars(FOUND))


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Child:
    child = Child()
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(baseline.process, "run", child.run)
    here = [row for row in tables.list_models() if row.name == "mobilenet_v2"]
    monkeypatch.setattr(tables, "list_models", lambda _dir=None: tuple(_with_weights(row) for row in here))
    return child


def _with_weights(row: Model) -> Model:
    return Model(**{**vars(row), "weights": Path("here.pth")})


@pytest.fixture
def line(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, child: Child) -> BaselineLine:  # noqa: ARG001
    line = BaselineLine(project, jobs, settings)
    qtbot.addWidget(line)
    return line


def test_an_open_dataset_is_measured(
    qtbot: QtBot, line: BaselineLine, project: Project, jobs: Jobs, child: Child
) -> None:
    assert line.isHidden() and not jobs.running()
    project.set_dataset(dataset())
    qtbot.waitUntil(lambda: not line.isHidden(), timeout=10_000)
    assert "5 of 20 photos" in line.detail.text() and not line.stop.isHidden()
    child.go.set()
    wait_for_jobs(qtbot, jobs)
    assert line.baseline == FOUND and line.title.text() == "Baseline: 90.0\u202f% of the validation photos are right"
    assert line.stop.isHidden()


def test_what_was_measured_once_is_known(
    qtbot: QtBot, line: BaselineLine, project: Project, jobs: Jobs, child: Child
) -> None:
    child.go.set()
    for name in ("birds", "bees", "birds"):
        project.set_dataset(dataset(name))
        wait_for_jobs(qtbot, jobs)
        assert line.baseline == FOUND
    assert child.started == 2


def test_it_gives_way_to_what_a_person_starts_and_goes_on_after(
    qtbot: QtBot, line: BaselineLine, project: Project, jobs: Jobs, child: Child
) -> None:
    project.set_dataset(dataset())
    qtbot.waitUntil(lambda: not line.isHidden(), timeout=10_000)
    free = threading.Event()

    def heavy(_control: Control) -> Iterator[Any]:
        free.wait(10)
        yield from ()

    jobs.start("Training", heavy, "train", heavy=True)
    qtbot.waitUntil(lambda: not jobs.running("baseline"), timeout=10_000)
    assert line.isHidden()
    child.go.set()
    free.set()
    qtbot.waitUntil(lambda: line.baseline is not None, timeout=10_000)
    assert child.started == 2
    wait_for_jobs(qtbot, jobs)


def test_it_goes_on_though_what_it_gave_way_to_ended_first(
    qtbot: QtBot, line: BaselineLine, project: Project, jobs: Jobs, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(child.go, "wait", lambda _seconds: ended.wait(10))
    project.set_dataset(dataset())
    qtbot.waitUntil(lambda: not line.isHidden())
    heavy = jobs.start("Training", lambda _control: iter(()), "train", heavy=True)
    qtbot.waitUntil(lambda: heavy not in jobs.running())
    assert jobs.running("baseline") and line.baseline is None
    ended.set()
    qtbot.waitUntil(lambda: line.baseline is not None)
    assert child.started == 2
    wait_for_jobs(qtbot, jobs)


def test_stopped_by_a_person_it_stays_so(
    qtbot: QtBot, line: BaselineLine, project: Project, jobs: Jobs, child: Child
) -> None:
    project.set_dataset(dataset())
    qtbot.waitUntil(lambda: not line.isHidden(), timeout=10_000)
    line.stop.click()
    wait_for_jobs(qtbot, jobs)
    assert line.isHidden()
    jobs.start("Training", lambda _control: iter(()), "train", heavy=True)
    wait_for_jobs(qtbot, jobs)
    assert child.started == 1


def test_without_weights_nothing_is_started(
    qtbot: QtBot, line: BaselineLine, project: Project, jobs: Jobs, child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "list_models", lambda _dir=None: ())
    project.set_dataset(dataset())
    wait_for_jobs(qtbot, jobs)
    assert child.started == 0 and line.isHidden()
