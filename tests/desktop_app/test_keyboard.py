"""The window without a mouse: names for a screen reader, the way of the Tab key, Enter and Escape."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop_app import training_job
from desktop_app.main_window import PAGES, MainWindow
from desktop_app.settings import Settings
from desktop_app.widgets.dataset_view import photo_wall
from desktop_app.widgets.photo_viewer import PhotoViewer
from desktop_app.widgets.search_field import SearchField
from engine import process
from engine.errors import ChildDied
from tests.desktop_app.pages import fake_run
from tests.engine import tiny_model
from tests.engine.prediction import many_photos


@pytest.fixture
def window(qtbot: QtBot, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    """Every page with something on it: a dataset, a run that failed, a run to review, answers."""

    def fail(_verb: str, arguments: list[str], _control: object) -> Iterator[object]:
        run_dir = Path(arguments[arguments.index("--out") + 1])
        yield from fake_run.opening(run_dir, 3)
        yield from fake_run.epochs_of(1, 1, 3)
        raise ChildDied("Training was killed from outside.", "the log")

    monkeypatch.setattr(process, "run", fail)
    settings.add_recent_folder(tmp_path)
    fake_run.write_run(settings.runs_folder / "one")
    window = MainWindow(settings)
    qtbot.addWidget(window)
    window.resize(1280, 800)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    for name in PAGES:
        window.show_page(name)
    window.project.set_dataset(fake_run.dataset(tmp_path / "insects"))
    training_job.start(window.jobs, settings, window.project.config)
    predict = window.page("predict")
    many_photos.write(tmp_path / "a.thaw-ledger", tiny_model.make(tmp_path / "m.thaw"), 3)
    predict.desk.results.open(tmp_path / "a.thaw-ledger")
    predict.desk._show()
    qtbot.waitUntil(lambda: not window.jobs.running() and predict.desk.results.model.rowCount() == 3, timeout=10_000)
    yield window
    predict.chooser._background.close()
    predict.close_files()


class ShownWindows(QObject):
    """Remembers what was shown as a window of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.shown.append(repr(watched))
        return False


@pytest.fixture(autouse=True)
def shown_windows(qapp: QApplication) -> Iterator[ShownWindows]:
    filter_ = ShownWindows()
    qapp.installEventFilter(filter_)
    yield filter_
    qapp.removeEventFilter(filter_)


def stops(window: QWidget) -> list[QWidget]:
    """What the Tab key goes to, in its order."""
    found, widget = [], window.nextInFocusChain()
    while widget is not window:
        # What hands its focus on (a spin box's line) is no stop of its own.
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None:
            found.append(widget)
        widget = widget.nextInFocusChain()
    return found


def spoken(widget: QWidget) -> str:
    return widget.accessibleName() or (widget.text() if isinstance(widget, QAbstractButton) else "")


def test_nothing_is_shown_before_it_has_its_place(shown_windows: ShownWindows, window: MainWindow) -> None:
    assert shown_windows.shown == [repr(window)]  # a second would flash up, and take the keyboard with it


def test_everything_the_tab_key_reaches_has_a_name(window: MainWindow) -> None:
    nameless = {}
    for name in ("", *PAGES):
        window.show_page(name) if name else window.show_start()
        reached = [widget for widget in stops(window) if widget.isVisible()]
        assert len(reached) > 8
        nameless[name] = [repr(widget) for widget in reached if not spoken(widget)]
    assert not any(nameless.values()), nameless


@pytest.mark.parametrize(
    ("page", "order"),
    [
        ("data", ["Choose a model", "Read the folder again", "Recent folders", "Open folder…", "Classes", "Photos"]),
        ("model", ["Go to training", "Advise me", "Search models", "Architectures", "Feature extraction", "Layers"]),
        ("train", ["Start", "Details", "Epochs", "Batch size", "Optimizer", "By epoch", "Notices of the run"]),
        ("review", ["Use for prediction", "Search runs", "Runs", "Show Val", "Extend…", "Confusion matrix", "Photos"]),
        ("predict", ["Save…", "Choose folder…", "Model", "Choose a file…", "Show", "Thresholds", "Answers"]),
    ],
)
def test_tab_goes_as_one_reads(window: MainWindow, page: str, order: list[str]) -> None:
    window.show_page(page)
    reached = [widget for widget in stops(window) if window.page(page).isAncestorOf(widget) and widget.isVisible()]
    seen = [spoken(widget) for widget in reached]
    assert [name for name in seen if name in order] == order, seen


def test_enter_presses_the_focused_button_else_the_main_one(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("model")
    page = window.page("model")
    pressed: list[str] = []
    page.action_triggered.disconnect()
    page.action_triggered.connect(lambda: pressed.append("main"))
    page.architecture.table.setFocus()
    qtbot.keyClick(page.architecture.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: pressed == ["main"])
    window.show_page("data")
    window.page("data").next.setFocus()
    qtbot.keyClick(window.page("data").next, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.current_page == "model")
    assert pressed == ["main"]


def test_enter_on_a_photo_shows_it_large_and_escape_goes_back(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("data")
    view = window.page("data").view
    view.show_wall(photo_wall(window.project.dataset))
    view.grid.setFocus()
    view.grid.setCurrentIndex(view.grid.photo_model.index(2))
    qtbot.keyClick(view.grid, Qt.Key.Key_Return)
    (viewer,) = window.findChildren(PhotoViewer)
    assert viewer.isVisible() and QApplication.activeModalWidget() is None
    qtbot.keyClick(viewer, Qt.Key.Key_Tab)
    assert viewer.hasFocus()
    qtbot.keyClick(viewer, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.current_page == "data", "what it covers hears no key"
    qtbot.keyClick(viewer, Qt.Key.Key_Escape)
    assert not viewer.isVisible() and view.grid.hasFocus()


def test_escape_forgets_a_search_and_enter_goes_to_what_was_found(window: MainWindow, qtbot: QtBot) -> None:
    window.show_page("model")
    page = window.page("model")
    assert all(isinstance(field, SearchField) for field in (page.architecture.search, page.tree.search))
    page.architecture.search.setFocus()
    qtbot.keyClicks(page.architecture.search, "resnet")
    qtbot.keyClick(page.architecture.search, Qt.Key.Key_Return)
    assert page.architecture.table.hasFocus() and window.current_page == "model"
    page.architecture.search.setFocus()
    qtbot.keyClick(page.architecture.search, Qt.Key.Key_Escape)
    assert page.architecture.search.text() == ""
