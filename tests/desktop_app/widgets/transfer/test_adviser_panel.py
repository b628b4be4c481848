from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.transfer import adviser_panel
from desktop_app.widgets.transfer.adviser_panel import NO_DATASET, OFFER, AdviserPanel, changes_of
from desktop_app.worker import Jobs
from engine.control import Control
from engine.dataset.index import DatasetIndex, Photo
from engine.errors import DatasetError
from engine.events import Advice, FeaturesComputed, Notice

ADVICE = Advice(
    "mobilenet_v2", "last-blocks", "dropout", "light", 12, ("It is small.", "So do this."), 40, 0.4, 0.6, 80, 21.0, True
)
Play = Callable[..., None]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """Let the child process say these events; an exception among them is raised."""

    def prepare(*events: Any, until_stopped: bool = False) -> None:
        def run(verb: str, arguments: list[str], control: Control) -> Iterator[Any]:
            assert verb == "advise" and arguments[0] == "/photos"
            for event in events:
                if isinstance(event, Exception):
                    raise event
                yield event
            while until_stopped and not control.stopping:
                yield FeaturesComputed(1, 2, 1.0, 1.0)

        monkeypatch.setattr(adviser_panel.process, "run", run)

    return prepare


def dataset(root: str = "/photos") -> DatasetIndex:
    return DatasetIndex(Path(root), ("a", "b"), (Photo(Path(root) / "a" / "1.jpg", "a"),))


@pytest.fixture
def panel(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings) -> AdviserPanel:
    panel = AdviserPanel(project, jobs, settings)
    qtbot.addWidget(panel)
    project.set_dataset(dataset())
    panel.resize(440, 400)
    panel.show()
    return panel


def ask(qtbot: QtBot, panel: AdviserPanel, jobs: Jobs) -> None:
    with qtbot.waitSignal(jobs.ended):
        qtbot.mouseClick(panel.ask, Qt.MouseButton.LeftButton)


def test_without_a_dataset_it_asks_for_one(qtbot: QtBot, project: Project, panel: AdviserPanel) -> None:
    project.set_dataset(None)
    assert panel.sentence.text() == NO_DATASET and panel.sentence.isVisible()
    with qtbot.waitSignal(panel.dataset_wanted):
        panel.ask.click()


def test_the_answer_stands_where_it_was_asked(
    qtbot: QtBot, play: Play, panel: AdviserPanel, project: Project, jobs: Jobs
) -> None:
    play(FeaturesComputed(40, 80, 10.0, 4.0), Notice("bad", "photo_left_out"), ADVICE)
    assert panel.sentence.text() == OFFER
    ask(qtbot, panel, jobs)
    assert [cell.text() for cell in panel.answer.cells.values()][0::4] == ["MobileNetV2", "12"]
    assert "It is small. So do this." in panel.answer.because.text()
    assert "0.40" in panel.answer.measured.text() and "1 photo could not be read" in panel.answer.measured.text()
    assert panel.answer.self_training.isVisible() and panel.answer.use.isEnabled()
    with qtbot.waitSignal(panel.taken) as taken:
        panel.answer.use.click()
    assert taken.args == [ADVICE]
    project.set_config(**changes_of(ADVICE))
    assert panel.answer.use.text() == "In use" and not panel.answer.use.isEnabled()
    project.set_config(epochs=13)
    assert panel.answer.use.text() == "Use this" and panel.answer.use.isEnabled()


def test_progress_is_shown_and_can_be_stopped(qtbot: QtBot, play: Play, panel: AdviserPanel, jobs: Jobs) -> None:
    play(FeaturesComputed(40, 80, 10.0, 4.0), until_stopped=True)
    panel.ask.click()
    qtbot.waitUntil(lambda: "1 of 2 photos" in panel.told.text())
    assert panel.stop.isVisible() and panel.bar.isVisible() and not panel.ask.isVisible()
    assert panel.bar.value() == 500
    with qtbot.waitSignal(jobs.ended):
        panel.stop.click()
    assert panel.ask.isVisible() and panel.ask.text() == "Advise me"
    assert not panel.answer.because.isVisible()


def test_an_error_is_told_in_place_and_goes_with_the_next_try(
    qtbot: QtBot, play: Play, panel: AdviserPanel, jobs: Jobs
) -> None:
    play(DatasetError("There is only one class."))
    ask(qtbot, panel, jobs)
    assert panel.banner.text() == "There is only one class."
    assert panel.ask.isVisible()
    play(ADVICE)
    ask(qtbot, panel, jobs)
    assert panel.banner.text() == ""


def test_without_weights_the_reason_stands_below(qtbot: QtBot, play: Play, panel: AdviserPanel, jobs: Jobs) -> None:
    alone = Advice("mobilenet_v2", "fine-tuning", "linear", "light", 5, ("a", "b"), 400, None, None, 0, 0.1)
    play(Notice("No pretrained weights are on this machine.", "no_weights"), alone)
    ask(qtbot, panel, jobs)
    assert panel.answer.measured.text() == "No pretrained weights are on this machine."
    assert not panel.answer.self_training.isVisible()


def test_advice_goes_with_its_dataset(
    qtbot: QtBot, play: Play, panel: AdviserPanel, project: Project, jobs: Jobs
) -> None:
    play(ADVICE)
    ask(qtbot, panel, jobs)
    project.set_dataset(dataset("/others"))
    assert panel.advice is None and not panel.answer.because.isVisible()
    assert panel.sentence.text() == OFFER


def test_advice_that_comes_when_other_photos_are_open_is_not_shown(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, panel: AdviserPanel, project: Project, jobs: Jobs
) -> None:
    def run(_verb: str, _arguments: list[str], control: Control) -> Iterator[Any]:
        yield FeaturesComputed(1, 2, 1.0, 1.0)
        control.wait_for_stop(10)
        yield ADVICE
        raise DatasetError("There is only one class.")

    monkeypatch.setattr(adviser_panel.process, "run", run)
    panel.ask.click()
    qtbot.waitUntil(lambda: "1 of 2 photos" in panel.told.text())
    with qtbot.waitSignal(jobs.ended):
        project.set_dataset(dataset("/others"))
    assert panel.advice is None and panel.sentence.isVisible() and panel.banner.text() == ""


def test_another_heavy_job_is_named(qtbot: QtBot, play: Play, panel: AdviserPanel, jobs: Jobs) -> None:
    play(ADVICE)

    def training(control: Control) -> Iterator[int]:
        while not control.stopping:
            yield 1

    worker = jobs.start("Training resnet18", training, "train", heavy=True)
    panel.ask.click()
    assert "Training resnet18" in panel.banner.text()
    assert panel.ask.isVisible()
    worker.control.stop()
    qtbot.waitUntil(lambda: not jobs.running())
    assert panel.banner.text() == ""


def test_every_control_has_a_name(panel: AdviserPanel) -> None:
    assert panel.ask.accessibleName() == "Advise me"
    assert panel.bar.accessibleName() and panel.accessibleName()


def test_pseudo_labels_can_be_left_out_and_go_with_their_dataset(panel: AdviserPanel, project: Project) -> None:
    assert not panel.leave_out.isVisible()
    project.set_config(pseudo_labels=Path("/home/me/flowers-1.csv"))
    assert "flowers-1.csv" in panel.joining.whole() and panel.leave_out.isVisible()
    panel.leave_out.click()
    assert project.config.pseudo_labels is None and not panel.leave_out.isVisible()
    project.set_config(pseudo_labels=Path("/home/me/flowers-1.csv"))
    project.set_dataset(dataset("/others"))
    assert project.config.pseudo_labels is None
