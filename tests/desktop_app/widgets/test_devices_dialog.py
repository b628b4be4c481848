"""The panel of devices opens at once, fills when they are known, and says what could not be found out."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from desktop_app.widgets.devices_dialog import DevicesDialog
from engine.devices.survey import Device

GPU = Device("cuda", "NVIDIA A100", "80 GiB", False, "The driver is too old.", "Install a newer NVIDIA driver.")
CPU = Device("cpu", "A CPU", "2 cores", True, "Training runs here.")


def test_a_row_for_each_device(qtbot: QtBot) -> None:
    dialog = DevicesDialog(look=lambda _key: (GPU, CPU))
    qtbot.addWidget(dialog)
    assert not dialog.rows
    qtbot.waitUntil(lambda: len(dialog.rows) == 2)
    names = [row.accessibleName() for row in dialog.rows]
    assert "does not train" in names[0] and GPU.remedy in names[0]
    assert names[1] == "A CPU: trains. Training runs here."


def test_what_cannot_be_looked_at_is_said(qtbot: QtBot) -> None:
    def fails(_key: object) -> tuple[Device, ...]:
        raise OSError("no luck")

    dialog = DevicesDialog(look=fails)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: "no luck" in dialog._looking.text())
