"""Cameras by Qt Multimedia. Loaded by name when one may be wanted: the library is large, and need not be installed."""

from __future__ import annotations

from PySide6.QtCore import QCameraPermission, QCoreApplication, QObject, Qt, QTimer, Signal
from PySide6.QtMultimedia import (
    QCamera,
    QCameraDevice,
    QMediaCaptureSession,
    QMediaDevices,
    QVideoFrame,
    QVideoSink,
)

from desktop_app.widgets.camera.source import REFUSED, Camera, best_format, failing


class QtCameras(QObject):
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._devices = QMediaDevices(self)
        self._devices.videoInputsChanged.connect(self.changed)

    def found(self) -> tuple[Camera, ...]:
        devices = sorted(QMediaDevices.videoInputs(), key=lambda device: not device.isDefault())
        return tuple(Camera(_key(device), device.description()) for device in devices)

    def open(self, camera: Camera) -> QtSource:
        there = (device for device in QMediaDevices.videoInputs() if _key(device) == camera.key)
        return QtSource(next(there, QCameraDevice()), camera.name, self)


class QtSource(QObject):
    pictured = Signal(object)
    failed = Signal(str)

    def __init__(self, device: QCameraDevice, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._wanted = False
        self._camera = QCamera(device, self)
        self._camera.errorOccurred.connect(self._on_error)
        formats = device.videoFormats()
        sizes = [(one.resolution().width(), one.resolution().height(), one.maxFrameRate()) for one in formats]
        if (place := best_format(sizes)) is not None:
            self._camera.setCameraFormat(formats[place])
        self.sink = QVideoSink(self)
        self.sink.videoFrameChanged.connect(self._on_frame)
        self._session = QMediaCaptureSession(self)
        self._session.setCamera(self._camera)
        self._session.setVideoSink(self.sink)
        self._newest: QVideoFrame | None = None
        # Converting colours (some 4 ms for a frame of 1280 × 720) holds Python up in whatever thread it is done; so it
        # is done here, once for all frames that have come by then.
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._convert)

    def start(self) -> None:
        self._wanted = True
        self._begin()

    def stop(self) -> None:
        self._wanted = False
        self._camera.stop()

    def _begin(self) -> None:
        """Only where the system asks a person first is there anything to wait for."""
        permission, application = QCameraPermission(), QCoreApplication.instance()
        status = application.checkPermission(permission)
        if status == Qt.PermissionStatus.Undetermined:
            application.requestPermission(permission, self, lambda _answer: self._begin())
        elif not self._wanted:
            return
        elif status == Qt.PermissionStatus.Denied:
            self.failed.emit(REFUSED)
        else:
            self._camera.start()

    def _on_frame(self, frame: QVideoFrame) -> None:
        if self._wanted and frame.isValid():  # an empty one says that the camera begins or ends
            self._newest = frame
            if not self._soon.isActive():
                self._soon.start()

    def _convert(self) -> None:
        frame, self._newest = self._newest, None
        if frame is not None and self._wanted and not (image := frame.toImage()).isNull():
            self.pictured.emit(image)

    def _on_error(self, error: QCamera.Error, reason: str) -> None:
        if self._wanted and error != QCamera.Error.NoError:
            self.failed.emit(failing(self._name, reason))


def _key(device: QCameraDevice) -> str:
    return bytes(device.id().data()).decode("utf-8", "backslashreplace")
