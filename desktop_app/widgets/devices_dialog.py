"""What this computer could train on: a row for each device with whether it is used, why, and what to do."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QLayout, QPushButton, QVBoxLayout, QWidget

from desktop_app import theme
from desktop_app.widgets.labels import muted_label
from desktop_app.worker import Background

WIDTH = 480
LOOKING = "Looking at what this computer has…"


def survey(_key: object) -> Sequence[Any]:
    """All devices; takes seconds where a driver is asked."""
    found: Sequence[Any] = importlib.import_module("engine.devices.survey").survey()
    return found


class DevicesDialog(QDialog):
    """Opens at once and fills when the computer has been looked at."""

    def __init__(self, parent: QWidget | None = None, look: Callable[[object], Sequence[Any]] = survey) -> None:
        super().__init__(parent)
        self.setWindowTitle("Devices")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.rows: list[DeviceRow] = []
        self._looking = muted_label(LOOKING)
        self._looking.setWordWrap(True)
        self._looking.setFixedWidth(theme.wide(WIDTH))
        self._list = QVBoxLayout(spacing=theme.GAP)
        self._list.addWidget(self._looking)
        self.close_button = QPushButton("Close")
        self.close_button.setProperty("kind", "main")
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch()
        foot.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.MARGIN, theme.MARGIN, theme.MARGIN, 2 * theme.GRID)
        column.setSpacing(theme.GAP)
        column.setSizeConstraint(QLayout.SizeConstraint.SetFixedSize)
        column.addLayout(self._list)
        column.addLayout(foot)
        self._background = Background(look, threads=1)
        self._background.done.connect(self._on_looked)
        self._background.ask("devices")

    def _on_looked(self, _key: object, found: object) -> None:
        if isinstance(found, Exception):
            self._looking.setText(f"This computer could not be looked at: {found}.")
            return
        assert isinstance(found, Sequence)
        self._looking.hide()
        self.rows = [DeviceRow(device) for device in found]
        for row in self.rows:
            self._list.addWidget(row)


class DeviceRow(QWidget):
    """One device: sign and name, what it is, why it is used or not, what to do."""

    def __init__(self, device: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        sign = QLabel()
        icon, colour = ("circle-check", "right") if device.used else ("circle", "muted")
        sign.setPixmap(theme.pixmap(icon, 16, colour, self.devicePixelRatioF()))
        name = QLabel(device.name)
        name.setTextFormat(Qt.TextFormat.PlainText)
        name.setWordWrap(True)
        name.setFont(theme.group_font())
        use = muted_label("Trains" if device.used else "Does not train")
        head = QHBoxLayout(spacing=theme.GRID)
        head.addWidget(name, 1)
        head.addWidget(use, 0, Qt.AlignmentFlag.AlignTop)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.GRID)
        grid.setVerticalSpacing(2)
        grid.addWidget(sign, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addLayout(head, 0, 1)
        for line, (text, muted) in enumerate(((device.details, True), (device.reason, False), (device.remedy, False))):
            if text:
                grid.addWidget(self._line(text, muted), line + 1, 1)
        self.setFixedWidth(theme.wide(WIDTH))
        self.setAccessibleName(f"{device.name}: {use.text().lower()}. {device.reason} {device.remedy}".strip())

    def _line(self, text: str, muted: bool) -> QLabel:
        label = muted_label(text) if muted else QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label
