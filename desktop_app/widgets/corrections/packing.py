"""Saving what the person said of the batch in sight as one file, to be added to a dataset elsewhere."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QPushButton

from desktop_app import dialogs, theme
from desktop_app.settings import Settings
from desktop_app.widgets.corrections.adding import ENDING
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs
from engine.control import Control
from engine.errors import ThawError
from engine.events import CorrectionsPacked, LeftOut

HINT = (
    "One file with your labels, small copies of these photos, their names and when they were taken, but not where; "
    "Data adds it to a dataset"
)


class PackingCorrections(QObject):
    """`button` is there where something was looked at; `said` carries a sentence and its kind for a banner."""

    said = Signal(str, str)

    def __init__(self, jobs: Jobs, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._settings = jobs, settings
        self._ledger: Path | None = None
        self._at_work: set[Path] = set()  # what is being written
        self.button = QPushButton("Save corrections…")
        self.button.setProperty("kind", "quiet")
        theme.set_icon(self.button, "pencil", "muted")
        self.button.setToolTip(HINT)
        self.button.clicked.connect(self.choose)
        self.button.hide()

    def offer(self, ledger: Path | None, seen: int) -> None:
        """The ledger in sight, and how many of its photos a person looked at."""
        self._ledger = ledger if seen else None
        self.button.setVisible(self._ledger is not None)

    def choose(self) -> None:
        """Ask for a name, then write the file."""
        if self._ledger is None:
            return
        start = str(self._settings.last_folder / f"{self._ledger.stem}{ENDING}")
        title = "Save your corrections"
        chosen, _ = QFileDialog.getSaveFileName(self.button, title, start, f"Corrections (*{ENDING})")
        if chosen:
            self.save_as(Path(chosen))

    def save_as(self, wanted: Path) -> None:
        """Write the file to what was typed, with the ending where that lacks."""
        out = wanted if wanted.name.endswith(ENDING) else wanted.with_name(f"{wanted.name}{ENDING}")
        if out != wanted and out.exists():  # nobody was asked whether that may go
            self.said.emit(f"“{shown(out.name)}” exists already; choose another name.", "error")
        else:
            self.save(out)

    def save(self, out: Path) -> None:
        """Write all that was looked at to `out`, over what is there."""
        if self._ledger is None:
            return
        if out in self._at_work:  # two would write into one file
            self.said.emit(f"“{shown(out.name)}” is being written already; wait for that.", "info")
            return
        self._at_work.add(out)
        work = functools.partial(_pack, self._ledger, out)
        worker = self._jobs.start(f"Saving {shown(out.name)}", work, "save", at_place=(ThawError, OSError))
        worker.failed.connect(lambda error: self._on_failed(out, error))
        worker.returned.connect(lambda result: self._on_packed(out, *result))

    def _on_failed(self, out: Path, error: BaseException) -> None:
        self._at_work.discard(out)
        self.said.emit(dialogs.in_words(error)[0], "error")

    def _on_packed(self, out: Path, packed: CorrectionsPacked, without: int) -> None:
        self._at_work.discard(out)
        if packed.out is None:
            return
        told = (
            f"{quantity(packed.photos, 'label')} of yours, {packed.corrected} corrected, saved to {shown(packed.out)}."
        )
        told += f" {quantity(without, 'photo')} changed or cannot be read: without a copy." if without else ""
        self.said.emit(told, "info")


def _pack(ledger: Path, out: Path, control: Control) -> Iterator[Any]:
    """In the job's thread; its value is what was packed, and how many photos stand in it without a copy."""
    verb = importlib.import_module("engine.prediction.corrections.pack").pack_corrections
    without, packed = 0, None
    for event in verb(ledger, out, replace=True, control=control):
        if isinstance(event, LeftOut):
            without += 1
        elif isinstance(event, CorrectionsPacked):
            packed = event
        else:
            yield event
    return packed, without
