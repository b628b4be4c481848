from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from desktop_app.pages.predict import PredictPage
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.camera import door
from desktop_app.widgets.camera.door import system_cameras
from desktop_app.widgets.camera.live_view import LiveView
from desktop_app.worker import Jobs
from tests.desktop_app.widgets.camera.fake_cameras import FakeCameras, picture
from tests.engine import tiny_model


@pytest.fixture
def cameras(monkeypatch: pytest.MonkeyPatch) -> FakeCameras:
    """This computer's, none of which is plugged in yet."""
    cameras = FakeCameras()
    monkeypatch.setattr(door, "system_cameras", lambda _parent: cameras)
    monkeypatch.setattr(door, "LOOK_AFTER_MILLISECONDS", 0)
    return cameras


@pytest.fixture
def page(qtbot: QtBot, jobs: Jobs, settings: Settings) -> PredictPage:
    page = PredictPage(Project(), jobs, settings)
    qtbot.addWidget(page)
    page.resize(1100, 700)
    page.show()
    return page


def use(qtbot: QtBot, page: PredictPage, model: Path) -> None:
    page._project.set_model_file(model)
    qtbot.waitUntil(lambda: page._usable and page.live._cameras is not None, timeout=10_000)


def test_the_live_view_is_there_where_a_model_and_a_camera_are(
    qtbot: QtBot, page: PredictPage, cameras: FakeCameras, tmp_path: Path
) -> None:
    assert not page.live.isVisible() and page.live._cameras is None, "nobody looks for cameras before there is a model"
    use(qtbot, page, tiny_model.make(tmp_path / "m.thaw").path)
    assert not page.live.isVisible()
    cameras.plug("Desk")
    assert page.live.isVisible()
    cameras.unplug("Desk")
    assert not page.live.isVisible()
    cameras.plug("Desk")
    page._project.set_model_file(None)
    assert not page.live.isVisible()


def test_it_answers_by_the_model_and_the_threshold_of_the_page(
    qtbot: QtBot, page: PredictPage, cameras: FakeCameras, tmp_path: Path
) -> None:
    cameras.plug("Desk")
    use(qtbot, page, tiny_model.make(tmp_path / "m.thaw").path)
    page.desk.results.change_decision(threshold=0.9, by_class=(("blue", 1.0),))
    page.live.click()
    (view,) = page.findChildren(LiveView)
    for colour, label in (("red", "red"), ("blue", "unknown")):
        cameras.show(picture(colour))
        qtbot.waitUntil(lambda label=label: view.verdict.label.whole().split()[0] == label, timeout=10_000)
    assert view.verdict.frame.isVisible(), "the tiny model sees the centre"
    view.reject()
    assert cameras.running == []
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "home") == ["m.thaw"]


def test_without_the_library_there_are_no_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "desktop_app.widgets.camera.qt_camera", raising=False)
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)
    assert system_cameras(QObject()) is None
