"""The switch that has a folder watched, and what a watch is doing, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from desktop_app.widgets.figures import quantity
from desktop_app.widgets.prediction.batch import Asked, Batch
from engine.reachable import is_file

TIP = "Photos that come into it are classified as they come, until you stop; training can go on meanwhile"
STOPPING = "The watch is ending."
WAITING, CLASSIFYING = "waiting for photos", "classifying what came"
LOOKED_AT = 20
"""So many of the named paths are looked at for a folder."""


class WatchSwitch(QCheckBox):
    """`wanted` carries what is to be watched, `unwanted` says that the watch is to end."""

    wanted = Signal(object)
    unwanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked: Asked | None = None
        self.clicked.connect(self._on_clicked)
        self.hide()

    def offer(self, asked: Asked | None) -> None:
        """What may be watched: the folders of a batch, or nothing."""
        if (asked and asked.paths) != (self._asked and self._asked.paths):
            number = folders(asked.paths) if asked else 0
            self.setVisible(number > 0)
            self.setText("Watch this folder" if number < 2 else "Watch these folders")
        self._asked = asked

    def show_batch(self, batch: Batch | None, reason: str = "") -> None:
        """Whether the batch that runs, if one does, is a watch; for a `reason` that cannot be changed now."""
        if batch and batch.worker and batch.worker.control.stopping:
            reason = STOPPING
        self.setChecked(batch is not None and batch.asked.watch and not reason)
        self.setEnabled(not reason)
        self.setToolTip(reason or TIP)
        self.setAccessibleDescription(self.toolTip())

    def _on_clicked(self, wanted: bool) -> None:
        if not wanted:
            self.unwanted.emit()
        elif self._asked:
            self.wanted.emit(dataclasses.replace(self._asked, resume=True, watch=True))


def folders(paths: Sequence[Path]) -> int:
    """How many of the first paths are folders, or may be one when their drive is there."""
    return sum(1 for path in paths[:LOOKED_AT] if not is_file(path))


def waiting(coming: int) -> str:
    """That a watch waits, and what is on its way."""
    return f"{WAITING}, {quantity(coming, 'file')} on the way" if coming else WAITING
