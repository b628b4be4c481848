"""The one file that knows Qt Multimedia. Whatever cameras this computer has, none of them is switched on."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCameraPermission, QCoreApplication, Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from desktop_app.widgets.camera.source import REFUSED, Camera
from tests.desktop_app.widgets.camera.fake_cameras import colour_at, halves, picture

multimedia = pytest.importorskip(
    "PySide6.QtMultimedia", reason="Qt Multimedia is not installed (the extra “camera”)", exc_type=ImportError
)
qt_camera = pytest.importorskip("desktop_app.widgets.camera.qt_camera")


@pytest.fixture
def source() -> Iterator[object]:
    """Of a camera that is not there."""
    cameras = qt_camera.QtCameras()
    source = cameras.open(Camera("nowhere", "Desk"))
    yield source
    source.stop()


def test_the_cameras_that_are_found_can_be_told_apart() -> None:
    found = qt_camera.QtCameras().found()
    assert len({camera.key for camera in found}) == len(found) == len(multimedia.QMediaDevices.videoInputs())
    assert all(camera.name for camera in found)


def test_a_frame_becomes_the_picture_it_was(qtbot: QtBot, source: qt_camera.QtSource) -> None:
    told: list[QImage] = []
    source.pictured.connect(told.append)
    source.sink.setVideoFrame(multimedia.QVideoFrame(picture("green")))
    source.start()
    source.sink.setVideoFrame(multimedia.QVideoFrame(halves("red", "blue")))
    qtbot.waitUntil(lambda: len(told) == 1)
    (image,) = told
    assert (image.width(), image.height()) == (64, 48)
    assert (colour_at(image, 5, 20), colour_at(image, 60, 20)) == ("red", "blue")
    source.sink.setVideoFrame(multimedia.QVideoFrame())
    source.stop()
    source.sink.setVideoFrame(multimedia.QVideoFrame(picture("green")))
    qtbot.wait(20)
    assert len(told) == 1, "neither what is empty nor what comes after the end"


def test_of_frames_that_come_from_another_thread_the_newest_is_shown(qtbot: QtBot, source: qt_camera.QtSource) -> None:
    told: list[tuple[str, bool]] = []
    source.pictured.connect(
        lambda image: told.append((colour_at(image, 30, 20), threading.current_thread() is threading.main_thread()))
    )
    source.start()

    def film() -> None:
        for colour in ("red", "green", "blue"):
            source.sink.setVideoFrame(multimedia.QVideoFrame(picture(colour)))

    thread = threading.Thread(target=film)
    thread.start()
    thread.join()
    assert told == []
    qtbot.waitUntil(lambda: len(told) > 0)
    assert told == [("blue", True)]


def test_what_the_system_says_of_a_camera_is_told(source: qt_camera.QtSource) -> None:
    told: list[str] = []
    source.failed.connect(told.append)
    error = multimedia.QCamera.Error
    source._camera.errorOccurred.emit(error.CameraError, "too early")
    source.start()
    source._camera.errorOccurred.emit(error.NoError, "")
    source._camera.errorOccurred.emit(error.CameraError, "Device busy")
    assert told == ["“Desk” gives no picture (Device busy); another program may be using it."]


def test_a_person_who_refuses_is_told_where_to_allow_it(
    source: qt_camera.QtSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    status = Qt.PermissionStatus.Undetermined

    class Application:
        def checkPermission(self, _permission: QCameraPermission) -> Qt.PermissionStatus:
            return status

        def requestPermission(self, _permission: object, _context: object, then: object) -> None:
            asked.append(then)

    class Core:
        instance = staticmethod(Application)

    told: list[str] = []
    source.failed.connect(told.append)
    monkeypatch.setattr(qt_camera, "QCoreApplication", Core)
    source.start()
    assert len(asked) == 1 and told == [] and QCoreApplication.instance() is not None
    status = Qt.PermissionStatus.Denied
    asked[0]("refused")  # type: ignore[operator]
    assert told == [REFUSED]
    source.stop()
    asked[0]("refused")  # type: ignore[operator]
    assert told == [REFUSED], "nobody looks any more"
