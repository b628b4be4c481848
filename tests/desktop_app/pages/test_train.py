from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from desktop_app import training_job
from desktop_app.pages.train import TrainPage
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.banner import Banner
from desktop_app.widgets.labels import ElidedLabel
from desktop_app.worker import Jobs, Worker
from engine import runs
from engine.control import Control
from engine.errors import ChildDied, RunError, ThawError, WeightsError
from engine.events import Diagnosis, Event, FeaturesComputed, RunFinished, StageStarted, StepFinished, Transferred
from engine.runs import Ended
from tests.desktop_app.child import Answer, Child, into_run
from tests.desktop_app.pages import fake_run

STEP = StepFinished(3, 2, 4, 0.5, 0.01, 92.4, 10.0)
WHOLE = into_run(lambda run_dir, _control: fake_run.whole_run(run_dir))


@pytest.fixture
def page(qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, tmp_path: Path, child: Child) -> TrainPage:
    child.answer = WHOLE
    project.set_dataset(fake_run.dataset(tmp_path / "insects"))
    page = TrainPage(project, jobs, settings)
    qtbot.addWidget(page)
    return page


def banners(page: TrainPage) -> list[Banner]:
    return page.offers.banners()


def queued(page: TrainPage) -> list[tuple[str, dict[str, QToolButton]]]:
    """The words and the buttons of each run that waits."""
    rows = [page.waiting._rows.itemAt(place).widget() for place in range(page.waiting._rows.count())]
    return [
        (row.findChild(ElidedLabel).whole(), {button.toolTip(): button for button in row.findChildren(QToolButton)})
        for row in rows
    ]


def start(page: TrainPage, qtbot: QtBot, jobs: Jobs) -> None:
    page.action_button.click()
    qtbot.waitUntil(lambda: not jobs.running())


def held_up(go_on: threading.Event) -> Answer:
    """A run that waits to be let go before its first epoch."""

    def play(run_dir: Path, _control: Control) -> Iterator[Event]:
        yield from fake_run.opening(run_dir, 3)
        go_on.wait(10)
        yield from fake_run.epochs_of(1, 3, 3)
        yield from fake_run.closing(run_dir, 3)

    return into_run(play)


def values(page: TrainPage) -> dict[str, str]:
    return {name: label.text() for name, label in page.view.facts.values.items()}


def test_the_page_shows_what_stands_before_a_run_and_the_run_itself(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child
) -> None:
    segments = page.switch.segments
    assert segments.isHidden() or not segments.isVisibleTo(page)  # no run yet, nothing to switch
    assert page.before.isVisibleTo(page)
    go_on = threading.Event()
    child.answer = held_up(go_on)
    page.action_button.click()
    assert page.view.isVisibleTo(page) and segments.buttons["run"].text() == "This run"
    segments.buttons["next"].click()
    assert page.before.isVisibleTo(page)
    go_on.set()
    qtbot.waitUntil(lambda: not jobs.running())
    assert page.before.isVisibleTo(page) and segments.buttons["run"].text() == "Last run"
    segments.buttons["run"].click()
    assert page.view.isVisibleTo(page) and not page.view.result.isHidden()


def test_a_run_that_was_refused_has_no_side(page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child) -> None:
    def refuse(_run_dir: Path, _control: Control) -> Iterator[Event]:
        raise ThawError("There is no room on the disk.")
        yield

    child.answer = into_run(refuse)
    start(page, qtbot, jobs)
    assert page.before.isVisibleTo(page) and not page.switch.segments.isVisibleTo(page)


def test_a_run_drives_the_page_to_its_end(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, project: Project, settings: Settings
) -> None:
    announced: list[int] = []
    project.runs_changed.connect(lambda: announced.append(1))
    start(page, qtbot, jobs)
    run_dir = settings.runs_folder / "insects-mobilenet_v2-feature-extraction-1"
    assert page.view.result.title.text() == "66.7\u202f% of the validation photos are right"
    assert "4 of 6 photos, 95\u202f% interval" in page.view.result.details.text()
    assert "locked test set" in page.view.result.details.text()
    assert values(page)["Epoch"] == "3 of 3" and values(page)["Best val"] == "90.0\u202f%, epoch 3"
    assert page.view.facts.bar.isHidden() and page.view.facts.stage.whole() == "Done"
    assert [row.epoch for row in page.view.curves.data.epochs] == [1, 2, 3]
    assert len(page.view.curves.data.raw) == 3 * fake_run.STEPS
    assert [page.view.notices.item(row).text()[:14] for row in range(page.view.notices.count())] == [
        "The pretrained",
        "The model file",
    ]
    assert project.run_dir == run_dir and project.model_file == run_dir / runs.MODEL
    assert announced and page.action_button.isEnabled()


def test_the_arguments_are_those_of_the_terminal(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, settings: Settings, child: Child, tmp_path: Path
) -> None:
    settings.weights_dir = tmp_path
    start(page, qtbot, jobs)
    (arguments,) = child.arguments
    assert arguments[0] == str(tmp_path / "insects")
    assert arguments[arguments.index("--weights-dir") + 1] == str(tmp_path)
    assert 'strategy = "feature-extraction"' in arguments[arguments.index("--config-text") + 1]
    start(page, qtbot, jobs)
    assert child.arguments[1][2].endswith("-2")  # never into a folder that holds a run


def test_while_it_runs(page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child) -> None:
    def play(run_dir: Path, control: Control) -> Iterator[Event]:
        yield from fake_run.opening(run_dir, 5)
        yield from fake_run.epochs_of(1, 2, 5)
        while not control.stopping:
            control.wait_while_paused()
        yield RunFinished(run_dir, 0, 0, None, None, 1.0, 0.0, stopped=True)

    child.answer = into_run(play)
    page.action_button.click()
    qtbot.waitUntil(lambda: values(page)["Epoch"] == "2 of 5")
    assert page.action_button.isEnabled() and page.action_button.text() == "Add to queue"
    assert values(page)["Photos"] == "92.4\u202f/s" and values(page)["Patience left"] == "3 epochs"
    control = jobs.current.control
    page.brakes.pause.click()
    assert control.paused and page.brakes.pause.text() == "Continue"
    page.view.tell(STEP)
    assert page.view.facts.stage.whole() == "Paused", "the step that it was in has ended"
    page.brakes.pause.click()
    assert not control.paused and page.brakes.pause.text() == "Pause"
    page.view.tell(STEP)
    assert page.view.facts.stage.whole() == "Step 2 of 4"
    page.brakes.stop.click()
    assert control.stopping and not page.brakes.stop.isEnabled()
    qtbot.waitUntil(lambda: not jobs.running())
    assert page.view.result.title.text() == "Stopped before the first epoch was done"
    assert not page.view.result.resume.isHidden() and page.view.result.review.isHidden()
    assert page.brakes.stop.isHidden() and page.action_button.text() == "Start"


def test_finish_now_reaches_the_control(page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child) -> None:
    def play(run_dir: Path, control: Control) -> Iterator[Event]:
        yield from fake_run.opening(run_dir, 5)
        yield StageStarted("Computing the frozen layers")
        yield from fake_run.epochs_of(1, 1, 5)
        while not control.finishing:
            pass
        yield from fake_run.closing(run_dir, 1)

    child.answer = into_run(play)
    page.action_button.click()
    qtbot.waitUntil(lambda: values(page)["Epoch"] == "1 of 5")
    page.brakes.finish.click()
    qtbot.waitUntil(lambda: not jobs.running())
    assert page.view.result.title.text() == "66.7\u202f% of the validation photos are right"
    assert page.view.result.resume.isHidden()


def test_no_full_bar_while_there_is_work_left(page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child) -> None:
    looked = threading.Event()

    def play(run_dir: Path, _control: Control) -> Iterator[Event]:
        yield from fake_run.opening(run_dir, 1)
        yield from fake_run.epochs_of(1, 1, 1)
        closing = fake_run.closing(run_dir, 1)
        yield next(closing)
        looked.wait(10)
        yield from closing

    child.answer = into_run(play)
    page.action_button.click()
    qtbot.waitUntil(lambda: page.view.facts.stage.whole() == "Writing the model file…")
    assert page.view.facts.bar.maximum() == 0  # a bar without an end
    assert not page.brakes.finish.isEnabled() and page.brakes.stop.isEnabled()
    looked.set()
    qtbot.waitUntil(lambda: not jobs.running())


@pytest.mark.parametrize("done", [0, 2])
def test_a_child_that_dies_leaves_a_run_to_resume(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child, done: int
) -> None:
    def die(run_dir: Path, _control: Control) -> Iterator[Event]:
        yield from fake_run.opening(run_dir, 5)
        fake_run.write_run(run_dir, epochs=done, asked=5, done=False)
        raise ChildDied("Training was killed from outside, most often because memory ran out.", "the log")

    child.answer = into_run(die)
    start(page, qtbot, jobs)
    (banner,) = banners(page)
    assert banner.label.text().startswith("Training was killed from outside")
    assert banner.button.text() == "Resume" and page.action_button.isEnabled()
    child.answer = into_run(lambda _run_dir, _control: fake_run.epochs_of(1, 1, 5))
    banner.button.click()
    qtbot.waitUntil(lambda: not jobs.running())
    assert "--resume" in child.arguments[1] and child.arguments[1][2] == child.arguments[0][2]
    assert banners(page) == []


@pytest.mark.parametrize(
    ("kind", "words", "told"),
    [
        ("photos_changed", "Resume with the changed photos", ["--accept-changes"]),
        ("device_lost", "Resume on the CPU", ["--device", "cpu"]),
    ],
)
def test_what_ended_a_run_has_a_way_on_of_its_own(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child, kind: str, words: str, told: list[str]
) -> None:
    def refuse(run_dir: Path, _control: Control) -> Iterator[Event]:
        yield from fake_run.opening(run_dir, 5)
        fake_run.write_run(run_dir, epochs=2, asked=5, done=False)
        runs.write_ended(run_dir, Ended("It cannot go on as it was.", kind))
        raise RunError("It cannot go on as it was.")

    child.answer = into_run(refuse)
    start(page, qtbot, jobs)
    (banner,) = banners(page)
    (other,) = [button for button in banner.findChildren(QPushButton) if button.text() == words]
    child.answer = into_run(lambda _run_dir, _control: fake_run.epochs_of(1, 1, 5))
    other.click()
    qtbot.waitUntil(lambda: not jobs.running())
    assert child.arguments[1][-len(told) :] == told and "--resume" in child.arguments[1]


def test_a_refusal_is_a_sentence_at_its_place(page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child) -> None:
    def refuse(_run_dir: Path, _control: Control) -> Iterator[Event]:
        raise WeightsError("The weights of ResNet-18 are not on this machine, and it is offline.")
        yield

    child.answer = into_run(refuse)
    start(page, qtbot, jobs)
    (banner,) = banners(page)
    assert banner.label.text().startswith("The weights of ResNet-18")
    assert banner.button.text() == "Weights folder…"  # there is no run to go on with, but a way to start one


def test_computing_what_is_frozen_is_shown_with_its_end_in_sight(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child
) -> None:
    go_on = threading.Event()

    def compute(run_dir: Path, _control: Control) -> Iterator[Event]:
        yield StageStarted("Computing the frozen layers, once")
        yield FeaturesComputed(250, 1_000, 100.0, 7.5)
        go_on.wait(10)
        yield from fake_run.whole_run(run_dir)

    child.answer = into_run(compute)
    page.action_button.click()
    facts = page.view.facts
    qtbot.waitUntil(lambda: facts.stage.whole() == "Frozen layers, 00:08 left")
    assert facts.bar.value() / facts.bar.maximum() == 0.25
    go_on.set()
    qtbot.waitUntil(lambda: not jobs.running())


def test_a_run_that_is_stopped_before_it_begins_says_so(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child
) -> None:
    def looking(_run_dir: Path, control: Control) -> Iterator[Event]:
        yield StageStarted("Looking through the dataset")
        control.wait_for_stop(10)

    child.answer = into_run(looking)
    page.action_button.click()
    qtbot.waitUntil(lambda: page.view.facts.stage.whole() == "Looking through the dataset…")
    jobs.stop_all()
    qtbot.waitUntil(lambda: jobs.current is None)
    assert page.view.facts.stage.whole() == "Stopped before it began" and page.view.facts.bar.isHidden()


def test_weights_that_cannot_be_fetched_are_asked_for_once(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child, tmp_path: Path
) -> None:
    begun = threading.Event()

    def fetch(_run_dir: Path, _control: Control) -> Iterator[Event]:
        yield StageStarted("Reading the pretrained weights")
        yield Transferred("mobilenet_v2-7ebf99e0.pth", 3_100_000, 0)  # how much is to come is not known yet
        yield Transferred("mobilenet_v2-7ebf99e0.pth", 3_200_000, 14_212_972)
        begun.wait(10)
        raise ThawError("The weights mobilenet_v2-7ebf99e0.pth could not be fetched (no route).", "the same")

    child.answer = into_run(fetch)
    page.action_button.click()
    qtbot.waitUntil(lambda: page.view.facts.stage.whole() == "Fetching mobilenet_v2-7ebf99e0.pth, 3.2 of 14 MB")
    begun.set()
    qtbot.waitUntil(lambda: not jobs.running())
    (banner,) = banners(page)
    assert "could not be fetched" in banner.label.text() and banner.button.text() == "Weights folder…"
    page.offers.set_weights_folder(tmp_path / "empty")
    (banner,) = banners(page)
    assert banner.label.text().startswith("There is no mobilenet_v2-7ebf99e0.pth in ")
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "mobilenet_v2.pth").write_bytes(b"")
    child.answer = WHOLE
    page.offers.set_weights_folder(tmp_path / "weights")
    qtbot.waitUntil(lambda: not page.view.result.isHidden() and not jobs.running())
    assert banners(page) == [] and child.arguments[1][-1] == str(tmp_path / "weights")


def test_a_resumed_run_shows_what_was_before(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child, settings: Settings
) -> None:
    run_dir = fake_run.write_run(settings.runs_folder / "old", epochs=2, done=False)

    def play(run_dir: Path, _control: Control) -> Iterator[Event]:
        yield from fake_run.opening(run_dir, 3, first_epoch=3)
        yield from fake_run.epochs_of(3, 3, 3)

    child.answer = into_run(play)
    page.resume(run_dir)
    qtbot.waitUntil(lambda: not jobs.running())
    assert [row.epoch for row in page.view.curves.data.epochs] == [1, 2, 3]


def test_an_interrupted_run_is_offered_when_the_page_opens(page: TrainPage, settings: Settings) -> None:
    fake_run.write_run(settings.runs_folder / "old", epochs=2, done=False)
    page.show()
    (banner,) = banners(page)
    assert banner.label.text().startswith("The run “old” was interrupted after 2 epochs of 2.")
    page.hide()


def test_a_run_to_go_on_with_is_offered_before_a_dataset_is_open(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings
) -> None:
    fake_run.write_run(settings.runs_folder / "old", epochs=2, done=False)
    page = TrainPage(project, jobs, settings)
    qtbot.addWidget(page)
    page.show()
    (banner,) = banners(page)
    assert banner.isVisible() and not page.is_empty()
    page.hide()


def busy(jobs: Jobs) -> Worker:
    """A job that takes the machine until it is stopped."""

    def wait(control: Control) -> Iterator[Any]:
        while not control.stopping:
            yield 1

    return jobs.start("Classifying", wait, "predict", heavy=True)


def test_nothing_is_resumed_while_the_machine_is_busy_and_the_buttons_say_why(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, settings: Settings
) -> None:
    fake_run.write_run(settings.runs_folder / "old", epochs=2, done=False)
    page.show()
    (banner,) = banners(page)
    buttons = (banner.button, page.view.result.resume)
    worker = busy(jobs)
    assert not any(button.isEnabled() for button in buttons)
    assert all("Classifying" in button.toolTip() for button in buttons)
    worker.control.stop()
    qtbot.waitUntil(lambda: not jobs.running())
    assert all(button.isEnabled() and not button.toolTip() for button in buttons)
    page.hide()


def test_what_is_said_of_a_run_goes_when_it_is_deleted(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, project: Project, settings: Settings
) -> None:
    start(page, qtbot, jobs)
    assert not page.view.result.isHidden()
    runs.delete(project.run_dir)
    project.announce_runs()
    assert page.view.result.isHidden() and page.before.isVisibleTo(page)
    old = fake_run.write_run(settings.runs_folder / "old", epochs=2, done=False)
    page.show()
    assert len(banners(page)) == 1
    runs.delete(old)
    project.announce_runs()
    assert not banners(page)
    page.hide()


def test_a_run_that_never_began_is_judged_by_its_own_settings(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, project: Project, child: Child, tmp_path: Path
) -> None:
    def fetch(_run_dir: Path, _control: Control) -> Iterator[Event]:
        raise WeightsError("The weights cannot be fetched.")
        yield

    child.answer = into_run(fetch)
    worker = busy(jobs)
    project.set_config(epochs=4)
    page.action_button.click()
    project.set_config(model="small_resnet", strategy="from-scratch")  # which needs no weights
    worker.control.stop()
    qtbot.waitUntil(lambda: len(child.arguments) == 1 and not jobs.running())
    (banner,) = banners(page)
    assert banner.button.text() == "Weights folder…"
    (tmp_path / "mobilenet_v2.pth").write_bytes(b"")
    page.offers.set_weights_folder(tmp_path)
    qtbot.waitUntil(lambda: len(child.arguments) == 2 and not jobs.running())
    text = child.arguments[1][child.arguments[1].index("--config-text") + 1]
    assert 'model = "mobilenet_v2"' in text and "epochs = 4" in text


def test_a_failure_is_told_of_a_model_that_is_no_more(page: TrainPage, project: Project) -> None:
    config = project.config.with_changes(model="mine")
    page.offers.tell_failure(ThawError("There is no model named “mine”."), None, config)
    (banner,) = banners(page)
    assert banner.label.text() == "There is no model named “mine”." and banner.button.isHidden()


def test_a_model_that_was_chosen_by_hand_stays(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, project: Project, settings: Settings, tmp_path: Path
) -> None:
    start(page, qtbot, jobs)
    first = project.model_file
    start(page, qtbot, jobs)
    second = project.model_file
    assert first != second, "what a run has left gives way to the next"
    project.set_model_file(tmp_path / "by hand.thaw")
    start(page, qtbot, jobs)
    assert project.model_file == tmp_path / "by hand.thaw"
    project.set_run(settings.runs_folder / "another")
    with qtbot.waitSignals([page.page_requested, page.page_requested]):
        page.view.result.predict.click()
        page.view.result.review.click()
    assert project.model_file == page.followed.run_dir / runs.MODEL and project.run_dir == page.followed.run_dir


def test_whoever_moves_a_waiting_run_by_keyboard_stays_at_it(
    page: TrainPage, project: Project, jobs: Jobs, qtbot: QtBot
) -> None:
    worker = busy(jobs)
    for epochs in (1, 2, 3):
        page.queue.add(project.config.with_changes(epochs=epochs))
    page.show()
    buttons = [buttons for _, buttons in queued(page)]
    buttons[2]["Earlier"].setFocus()
    buttons[2]["Earlier"].click()
    assert page.window().focusWidget() is queued(page)[1][1]["Earlier"]
    queued(page)[1][1]["Earlier"].click()
    assert page.window().focusWidget() is queued(page)[0][1]["Later"], "at the top there is no earlier"
    for _ in range(3):
        page.queue.remove(0)
    page.hide()
    worker.control.stop()
    qtbot.waitUntil(lambda: not jobs.running())


def test_a_finished_run_is_not_offered(page: TrainPage, settings: Settings) -> None:
    fake_run.write_run(settings.runs_folder / "old")
    page.show()
    assert banners(page) == []
    page.hide()


def test_a_wrong_setting_marks_its_field_and_holds_the_start(page: TrainPage, project: Project) -> None:
    row = page.form.rows["learning_rate"]
    row.field.widget.setText("20")
    row.field.edited.emit(20.0)
    assert "less than or equal to 10" in row.error()
    assert not page.action_button.isEnabled()
    page.form.rows["epochs"].field.widget.setValue(7)  # the others go on working
    assert project.config.epochs == 7 and project.config.learning_rate is None
    row.reset.click()
    assert not row.error() and page.action_button.isEnabled()


@pytest.mark.parametrize(
    ("name", "keys", "value"),
    [
        *(("weight_decay", "0.01", 0.01), ("momentum", "0.05", 0.05), ("clip_norm", "1.5", 1.5)),
        *(("learning_rate", "0.00105", 0.00105), ("l1", "0,0010", 0.001)),
    ],
)
def test_a_number_is_typed_key_by_key(
    page: TrainPage, qtbot: QtBot, project: Project, name: str, keys: str, value: float
) -> None:
    line = page.form.rows[name].field.widget
    qtbot.keyClicks(line, keys)
    assert getattr(project.config, name) == value and line.text() == keys
    line.setCursorPosition(1)
    qtbot.keyClick(line, Qt.Key.Key_Delete)
    assert line.cursorPosition() == 1, "who edits in the middle stays there"


def test_what_is_chosen_elsewhere_replaces_what_was_refused(page: TrainPage, qtbot: QtBot, project: Project) -> None:
    row = page.form.rows["learning_rate"]
    qtbot.keyClicks(row.field.widget, "abc")
    project.set_config(seed=3)
    assert row.error() and row.field.widget.text() == "abc" and not page.action_button.isEnabled()
    project.set_config(learning_rate=0.003)
    assert row.field.widget.text() == "0.003" and not row.error() and page.action_button.isEnabled()


def test_without_a_dataset_there_is_one_thing_to_do(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, tmp_path: Path
) -> None:
    page = TrainPage(project, jobs, settings)
    qtbot.addWidget(page)
    assert page.is_empty() and not page.action_button.isEnabled()
    with qtbot.waitSignal(page.page_requested) as asked:
        page.empty_state.button.click()
    assert asked.args == ["data"]
    project.set_dataset(fake_run.dataset(tmp_path))
    assert not page.is_empty() and page.action_button.isEnabled()


def test_no_layer_ticked_holds_the_start(page: TrainPage, project: Project) -> None:
    project.set_config(strategy="custom", trainable=())
    assert not page.action_button.isEnabled()


def test_while_the_machine_is_busy_runs_wait_their_turn(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, project: Project, child: Child
) -> None:
    busy(jobs)
    page.action_button.click()
    project.set_config(epochs=4)
    page.action_button.click()
    assert page.waiting.title.text() == "2 runs wait" and not page.waiting.isHidden() and not child.arguments
    assert [text.rpartition(" · ")[2] for text, _ in queued(page)] == ["10 epochs", "4 epochs"]
    jobs.stop_all()
    qtbot.waitUntil(lambda: len(child.arguments) == 2 and not jobs.running())
    assert page.waiting.isHidden()
    assert page.action_button.text() == "Start"


def test_a_run_that_failed_in_the_queue_says_why_and_can_be_tried_again(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, project: Project, child: Child
) -> None:
    def fail(_run_dir: Path, _control: Control) -> Iterator[Event]:
        yield from ()
        raise ThawError("The drive is gone.")

    child.answer = into_run(fail)
    page.queue.add(project.config)
    qtbot.waitUntil(lambda: bool(child.arguments) and not jobs.running())
    assert page.waiting.title.text() == "1 run failed" and page.waiting.go_on.isHidden()
    ((text, buttons),) = queued(page)
    assert text.endswith("The drive is gone.")
    child.answer = WHOLE
    buttons["Try again"].click()
    qtbot.waitUntil(lambda: len(child.arguments) == 2 and not jobs.running())
    assert page.waiting.isHidden()


def test_what_waited_when_the_window_closed_waits_to_be_started(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, project: Project, child: Child
) -> None:
    page.queue.add(project.config)
    page.queue.add(project.config)
    jobs.stop_all()
    qtbot.waitUntil(lambda: not jobs.running())
    assert page.waiting.title.text() == "1 run waits" and not page.waiting.go_on.isHidden()
    page.waiting.go_on.click()
    qtbot.waitUntil(lambda: not page.queue.runs and not jobs.running())
    assert len(child.arguments) == 2


def test_a_page_opened_late_follows_the_run(
    qtbot: QtBot, project: Project, jobs: Jobs, settings: Settings, child: Child, tmp_path: Path
) -> None:
    shown = threading.Event()
    child.answer = held_up(shown)
    project.set_dataset(fake_run.dataset(tmp_path / "insects"))
    training_job.start(jobs, settings, project.config)
    qtbot.wait(50)
    page = TrainPage(project, jobs, settings)
    qtbot.addWidget(page)
    shown.set()
    qtbot.waitUntil(lambda: not jobs.running())
    assert not page.view.result.isHidden()


def test_a_run_that_ended_for_what_ails_it_says_so_once_and_offers_the_remedy(
    page: TrainPage, qtbot: QtBot, jobs: Jobs, child: Child, project: Project
) -> None:
    ill = Diagnosis("not-a-number", "grave", "No number.", "Step 3.", "Lower it.", {"learning_rate": 0.003}, 1)

    def play(run_dir: Path, _control: Control) -> Iterator[Event]:
        yield from fake_run.opening(run_dir, 3)
        yield ill
        raise ThawError("No number. Lower it.")

    child.answer = into_run(play)
    start(page, qtbot, jobs)
    assert page.view.isVisibleTo(page) and banners(page) == []
    banner = page.view.diagnoses.banner
    assert banner and banner.label.text() == "No number."
    banner.button.click()
    assert project.config.learning_rate == 0.003 and page.form.isEnabled()


def test_what_contradicted_another_setting_is_taken_once_that_has_changed(page: TrainPage, project: Project) -> None:
    page.form.rows["schedule"].edited.emit("schedule", "plateau")
    page.form.rows["patience"].edited.emit("patience", 2)
    assert "would stop after 2 epochs" in page.form.rows["patience"].error() and project.config.patience == 0
    page.form.rows["plateau_epochs"].edited.emit("plateau_epochs", 1)
    assert project.config.patience == 2 and not page.form.errors() and page.action_button.isEnabled()
