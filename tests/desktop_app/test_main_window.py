from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QCloseEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDialog, QLabel
from pytestqt.qtbot import QtBot

from desktop_app import dialogs, main_window
from desktop_app.main_window import PAGES, MainWindow
from desktop_app.settings import Settings
from desktop_app.widgets.page_frame import PageFrame
from engine import events
from engine.control import Control
from engine.errors import ChildDied, DatasetError
from tests.desktop_app.photo_files import write_dataset, write_photo


class PlainPage(PageFrame):
    """Stands in for a page that the tests of the frame have no use for."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__(name, title)
        self.asked: list[tuple[str, object]] = []
        self.corrections = self
        self.show_empty("Nothing here.", "Fetch it")

    def open_folder(self, folder: Path) -> None:
        self.asked.append(("folder", folder))

    def open(self, pack: Path) -> None:
        self.asked.append(("corrections", (pack,)))

    def use_model(self, path: Path) -> None:
        self.asked.append(("model", path))

    def open_weights(self, paths: tuple[Path, ...]) -> None:
        self.asked.append(("weights", paths))

    def open_photos(self, paths: tuple[Path, ...]) -> None:
        self.asked.append(("photos", paths))

    def open_sample(self) -> None:
        self.asked.append(("sample", None))

    def choose_folder(self) -> None:
        self.asked.append(("choose", None))


@pytest.fixture(autouse=True)
def plain_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    class Module:
        def __init__(self, name: str) -> None:
            title, _, page_class = PAGES[name]
            setattr(self, page_class, lambda _project, _jobs, _settings: PlainPage(name, title))

    real = main_window.importlib.import_module

    def load(module: str) -> object:
        name = module.rsplit(".", 1)[1]
        return Module(name) if module.startswith("desktop_app.pages.") else real(module)

    monkeypatch.setattr(main_window.importlib, "import_module", load)


@pytest.fixture
def window(qtbot: QtBot, settings: Settings) -> MainWindow:
    def end_jobs(window: MainWindow) -> None:
        window.jobs.stop_all()
        qtbot.waitUntil(lambda: not window.jobs.running(), timeout=10_000)

    window = MainWindow(settings)
    qtbot.addWidget(window, before_close_func=end_jobs)
    window.show()
    return window


def endless(*first: object):
    def job(control: Control) -> Iterator[object]:
        yield from first
        while not control.stopping:
            control._stop.wait(0.005)
        yield events.StageStarted("Saving")

    return job


def boxes(window: MainWindow) -> list[dialogs.ErrorBox]:
    return [box for box in window.findChildren(dialogs.ErrorBox) if box.isVisible()]


def test_the_first_start_shows_three_doors(window: MainWindow) -> None:
    assert window.current_page == "" and window.doors.isVisible()
    window.doors.doors["sample"].click()
    assert window.current_page == "data"
    assert window.page("data").asked == [("sample", None)]
    window.sidebar.start_chosen.emit()
    window.doors.doors["classify"].click()
    assert window.current_page == "predict"


def test_pages_are_built_when_first_shown(window: MainWindow, qtbot: QtBot) -> None:
    assert window._pages == {}
    for number, name in enumerate(PAGES, 1):
        qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.ControlModifier)
        assert window.current_page == name
        assert len(window._pages) == number


def test_the_last_page_and_place_are_remembered(window: MainWindow, qtbot: QtBot, settings: Settings) -> None:
    window.show_page("review")
    window.resize(1100, 700)
    window.close()
    assert window.jobs.closing, "nothing begins in a window that is closed"
    again = MainWindow(settings)
    qtbot.addWidget(again)
    assert again.current_page == "review"
    assert again.height() == 700


def test_a_last_page_that_cannot_be_built_keeps_no_window_from_opening(
    qtbot: QtBot, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.last_page = "review"
    with monkeypatch.context() as broken:
        broken.setattr(main_window.importlib, "import_module", lambda _name: object())
        window = MainWindow(settings)
    qtbot.addWidget(window)
    window.show()
    assert window.current_page == "" and window.doors.isVisible()
    qtbot.waitUntil(lambda: len(boxes(window)) == 1)


def test_a_page_may_ask_for_another(window: MainWindow) -> None:
    window.show_page("train")
    window.page("train").page_requested.emit("data")
    assert window.current_page == "data"


@pytest.mark.parametrize(
    ("make", "page", "asked"),
    [
        (lambda folder: write_dataset(folder / "colours"), "data", "folder"),
        (lambda folder: write_dataset(folder / "split", splits=("train", "test")), "data", "folder"),
        (lambda folder: write_photo(folder / "flat" / "a.png").parent, "predict", "photos"),
        (lambda folder: write_photo(folder / "one.png"), "predict", "photos"),
        (lambda folder: write_photo(folder / "of-weights.png").rename(folder / "w.pth"), "model", "weights"),
        (lambda folder: write_photo(folder / "a.png").rename(folder / "x.thaw-corrections"), "data", "corrections"),
        (lambda folder: write_photo(folder / "deep" / "only" / "a.png").parents[1], "predict", "photos"),
    ],
)
def test_what_is_dropped_goes_where_it_belongs(window: MainWindow, tmp_path: Path, make, page: str, asked: str) -> None:
    path = make(tmp_path)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(QPoint(300, 300)),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    assert window.current_page == page
    assert window.page(page).asked == [(asked, path if asked == "folder" else (path,))]


def test_a_model_goes_to_predict(window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.thaw").touch()
    window.open_paths((tmp_path / "run",))
    assert window.current_page == "predict" and window.page("predict").asked == [("model", tmp_path / "run")]


def test_what_is_nothing_for_it_is_refused_with_a_sentence(window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    before = window.current_page
    window.open_paths((tmp_path / "notes.txt",))
    assert window.current_page == before
    (box,) = window.findChildren(dialogs.Box)
    assert any("“notes.txt” is no folder, photo, model" in label.text() for label in box.findChildren(QLabel))
    box.reject()


def test_the_status_line_tells_of_a_run_and_steers_it(window: MainWindow, qtbot: QtBot) -> None:
    run = events.RunStarted(Path("r"), "mobilenet_v2", "x", "cpu", 2, ("a", "b"), 10, 2, 2, 100, 10, 5, 8)
    step = events.StepFinished(3, 4, 8, 0.5, 1e-3, 20.0, 41.0)
    window.jobs.start("Training mobilenet_v2", endless(run, step), "train", heavy=True)
    status = window.status
    qtbot.waitUntil(lambda: status.text.whole() == "Training mobilenet_v2, epoch 3 of 5")
    assert status.left.text() == "00:41 left"
    assert status.bar.value() == 500
    assert window.sidebar.mark("train") == "running"
    status.pause.click()
    assert window.jobs.current.control.paused
    assert status.text.whole().startswith("Paused") and status.pause.accessibleName().startswith("Resume")
    status.pause.click()
    status.stop.click()
    qtbot.waitUntil(lambda: not window.jobs.running())
    assert status.text.whole() == "" and not status.stop.isVisible()


def test_a_job_that_fails_is_shown_once_and_marked(window: MainWindow, qtbot: QtBot) -> None:
    def job(_control: Control) -> Iterator[object]:
        yield events.StageStarted("Reading weights")
        raise ChildDied("Training was killed from outside.", "last words")

    window.jobs.start("Training", job, "train", heavy=True)
    qtbot.waitUntil(lambda: len(boxes(window)) == 1 and not window.jobs.running())
    assert window.sidebar.mark("train") == "attention"
    box = boxes(window)[0]
    assert (box.sentence, box.details) == ("Training was killed from outside.", "last words")
    box.reject()
    window.show_page("train")
    assert window.sidebar.mark("train") == ""
    window.jobs.start("Training", job, "train", heavy=True)
    qtbot.waitUntil(lambda: len(boxes(window)) == 1 and not window.jobs.running())
    boxes(window)[0].reject()
    assert window.sidebar.mark("train") == "", "it was in sight"


def test_what_a_page_shows_itself_gets_no_box(window: MainWindow, qtbot: QtBot) -> None:
    def job(_control: Control) -> Iterator[object]:
        raise DatasetError("The folder is empty.")

    window.jobs.start("Scan", job, "scan", at_place=(DatasetError,))
    qtbot.waitUntil(lambda: not window.jobs.running())
    assert boxes(window) == []


def test_closing_asks_and_no_keeps_working(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(dialogs, "ask", lambda _parent, question, *_rest: asked.append(question) or False)
    worker = window.jobs.start("Training", endless(), "train", heavy=True)
    window.close()
    assert asked == ["“Training” is still running."]
    assert window.isVisible() and not worker.control.stopping


def test_what_is_not_saved_beside_the_window_keeps_it_open(window: MainWindow) -> None:
    class Unsaved(QDialog):
        stays = True

        def closeEvent(self, event: QCloseEvent) -> None:
            event.setAccepted(not self.stays)

    dialog = Unsaved(window)
    dialog.show()
    window.close()
    assert window.isVisible() and not window.jobs.closing
    dialog.stays = False
    window.close()
    assert not window.isVisible() and not dialog.isVisible()


def test_closing_says_what_is_kept_and_starts_nothing_new(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(dialogs, "ask", lambda _parent, _question, kept, *_rest: bool(told.append(kept)) or True)
    window.jobs.start("Finding a learning rate", endless(), "find-lr", heavy=True)
    assert window.sidebar.mark("train") == "running"
    window.close()
    assert told == ["It stops cleanly, and nothing of it is kept."] and window.jobs.closing
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)


def test_a_watch_is_marked_and_closing_ends_it_without_a_question(window: MainWindow, qtbot: QtBot) -> None:
    window.jobs.start("Watching card", endless(), "watch")
    assert window.sidebar.mark("predict") == "running"
    window.close()  # a question would wait for an answer here
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)


def test_closing_stops_the_job_and_then_the_window(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogs, "ask", lambda *_words: True)
    window.jobs.start("Training", endless(), "train", heavy=True)
    qtbot.wait(20)
    window.close()
    assert window.isVisible() and window._veil.isVisible() and window._veil.accessibleName().startswith("Stopping…")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)


def test_a_second_close_ends_a_child_that_does_not_stop(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogs, "ask", lambda *_words: True)
    started: list[subprocess.Popen[bytes]] = []

    def job(_control: Control) -> Iterator[object]:
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))
        yield events.StageStarted("Working")
        if started[0].wait():
            raise ChildDied("Training was killed from outside.")

    window.jobs.start("Training", job, "train", heavy=True)
    qtbot.waitUntil(lambda: bool(started))
    window.close()
    qtbot.wait(50)
    assert window.isVisible()
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=5000)
    assert boxes(window) == []


def test_every_control_has_a_name(window: MainWindow) -> None:
    window.show_page("data")
    named = [window.sidebar, window.status.bar, window.status.pause, window.status.stop, *window.doors.doors.values()]
    assert [widget for widget in named if not widget.accessibleName()] == []
    assert all(item.accessibleName() for item in window.sidebar._items.values())


def test_f1_explains_the_page(window: MainWindow) -> None:
    window.show_page("predict")
    window.explain()
    box = QApplication.activeModalWidget()
    assert box is not None and box.windowTitle() == "Help: Predict"
    box.reject()
