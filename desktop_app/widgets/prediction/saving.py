"""Saving the answers: as a table, in a format that the person chooses, or as labels beside the photos."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton

from desktop_app import dialogs, theme
from desktop_app.settings import Settings
from desktop_app.widgets.prediction.deciding import WhenFree, at_once
from desktop_app.widgets.prediction.reading import opened
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs, Worker
from engine.control import Control
from engine.errors import ThawError
from engine.events import Prediction, PredictionProgress

FORMATS = ((".csv", "CSV"), (".jsonl", "JSON lines"), (".xlsx", "Excel"), (".parquet", "Parquet"))
ENDINGS = (*(ending for ending, _ in FORMATS), ".ndjson")
NEEDED = {".parquet": "pyarrow"}
"""What a format needs that Thaw does not bring."""
MARK = "Begin the CSV with a byte order mark (for Excel)"
SIDECARS = "Write labels beside the photos (XMP)…"
TOP = 5
SECONDS_BETWEEN = 0.25
RUNNING = "Wait until the batch is done, or stop it."


class Saving(QObject):
    """`button` has the menu; `said` carries a sentence and its kind for a banner. `sidecars_wanted` asks for labels
    beside the photos, which others write."""

    said = Signal(str, str)
    sidecars_wanted = Signal()

    def __init__(
        self, jobs: Jobs, settings: Settings, parent: QObject | None = None, when_free: WhenFree = at_once
    ) -> None:
        super().__init__(parent)
        self._jobs, self._settings, self._when_free = jobs, settings, when_free
        self._ledger: Path | None = None
        self._at_work: set[Path] = set()  # what is being written
        self.button = QPushButton("Save…")
        self.button.setProperty("kind", "quiet")
        theme.set_icon(self.button, "file-down", "muted")
        menu = QMenu(self.button)
        for ending, title in FORMATS:
            if ending not in NEEDED or importlib.util.find_spec(NEEDED[ending]):
                menu.addAction(f"{title} ({ending})…").triggered.connect(functools.partial(self.choose, ending))
        menu.addSeparator()
        self.mark = menu.addAction(MARK)
        self.mark.setCheckable(True)
        self.mark.setChecked(settings.csv_byte_order_mark)
        self.mark.toggled.connect(self._on_mark_toggled)
        menu.addSeparator()
        self.sidecars = menu.addAction(SIDECARS)
        self.sidecars.triggered.connect(lambda _checked: self.sidecars_wanted.emit())
        self.button.setMenu(menu)

    def offer(self, ledger: Path | None, running: bool) -> None:
        """What there is to save: the answers in a ledger, or none."""
        self._ledger = ledger
        self.button.setVisible(ledger is not None)
        self.button.setEnabled(not running)
        self.button.setToolTip(RUNNING if running else "")

    def choose(self, ending: str, _checked: bool = False) -> None:
        """Ask for a name, then write the answers as they are shown."""
        if self._ledger is None:
            return
        start = str(self._settings.last_folder / f"{self._ledger.stem}{ending}")
        title = dict(FORMATS)[ending]
        chosen, _ = QFileDialog.getSaveFileName(self.button, "Save the answers", start, f"{title} (*{ending})")
        if chosen:
            self.save_as(Path(chosen), ending)

    def save_as(self, wanted: Path, ending: str) -> None:
        """Write the answers to what was typed, with this ending where that is none of a table."""
        out = wanted if wanted.suffix.lower() in ENDINGS else wanted.with_name(f"{wanted.name}{ending}")
        if out != wanted and out.exists():  # nobody was asked whether that may go
            self.said.emit(f"“{shown(out.name)}” exists already; choose another name.", "error")
        else:
            self.save(out)

    def save(self, out: Path) -> None:
        """Write the answers to `out`, in the format of its ending, as soon as they are decided on as they are to be."""
        if self._ledger is not None:
            self._when_free(self._ledger, functools.partial(self._save, self._ledger, out))

    def _save(self, ledger: Path, out: Path) -> None:
        if out in self._at_work:  # two would write into one file
            self.said.emit(f"“{shown(out.name)}” is being written already; wait for that.", "info")
            return
        mark = self.mark.isChecked()
        worker: Worker

        def work(control: Control) -> Iterator[Any]:
            """In the job's thread."""
            yield from ()
            write(ledger, out, mark, worker.happened.emit, control)

        self._at_work.add(out)
        worker = self._jobs.start(f"Saving {shown(out.name)}", work, "save", at_place=(ThawError, OSError))
        worker.failed.connect(lambda error: self._end(out, dialogs.in_words(error)[0], "error"))
        worker.returned.connect(lambda _value: self._end(out, f"Saved to {shown(out)}.", "info"))

    def _end(self, out: Path, text: str, kind: str) -> None:
        self._at_work.discard(out)
        self.said.emit(text, kind)

    def _on_mark_toggled(self, wanted: bool) -> None:
        self._settings.csv_byte_order_mark = wanted


def write(path: Path, out: Path, mark: bool, tell: Callable[[object], object], control: Control) -> None:
    """The table of the ledger at `path`; `tell` gets PredictionProgress. Raises ThawError, also where it is stopped."""
    cells = importlib.import_module("engine.prediction.tables.cells")
    whole = importlib.import_module("engine.prediction.tables.whole")
    ledger = opened(path)
    try:
        ledger.hold_still()  # a threshold that is moved meanwhile is for the next table
        about = ledger.about
        layout = cells.Layout(min(TOP, len(about.classes)), about.model, about.model_sha256)
        rows = _told(ledger.predictions(layout.top), ledger.count(), tell, control)
        whole.write_table(out, layout, rows, byte_order_mark=mark)
    finally:
        ledger.close()


def _told(
    predictions: Iterable[Prediction], total: int, tell: Callable[[object], object], control: Control
) -> Iterator[Prediction]:
    began = told = time.monotonic()
    for done, prediction in enumerate(predictions, 1):
        yield prediction
        if control.stopping:
            raise ThawError("Saving was stopped, and no table was written.")
        if (now := time.monotonic()) - told >= SECONDS_BETWEEN:
            told = now
            rate = done / (now - began)
            tell(PredictionProgress(done, total, rate, (total - done) / rate))
