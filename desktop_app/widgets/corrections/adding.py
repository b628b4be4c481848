"""A correction pack on its way into the dataset that is open: looked at first, then added, and taken out again."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget

from desktop_app import dialogs
from desktop_app.project import Project
from desktop_app.settings import Settings
from desktop_app.widgets.corrections.preview import Preview, PreviewDialog
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs, Worker
from engine.control import Control
from engine.errors import ThawError
from engine.events import CorrectionsApplied, CorrectionsUndone, LeftOut, PhotoMisplaced

ENDING = ".thaw-corrections"
OPEN_FIRST = "Open the dataset first that these corrections belong to, then add them."
HINT = "Photos that were confirmed or corrected elsewhere (a .thaw-corrections file) join those to train on."


class AddingCorrections(QObject):
    """`button` asks for a pack. `said` carries a sentence and its kind for a banner; `changed` carries one about the
    dataset's folder, which is another now, and whether `undo` can take that back."""

    said = Signal(str, str)
    changed = Signal(str, bool)

    def __init__(self, project: Project, jobs: Jobs, settings: Settings, parent: QWidget) -> None:
        super().__init__(parent)
        self._project, self._jobs, self._settings, self._page = project, jobs, settings, parent
        self._worker: Worker | None = None
        self._added: tuple[Path, Path] | None = None
        self.dialog: PreviewDialog | None = None
        self.button = QPushButton("Add corrections…")
        self.button.setProperty("kind", "quiet")
        self.button.clicked.connect(self.choose)
        self.offer()

    def offer(self) -> None:
        """Show the button as it can be used now."""
        self.button.setVisible(self._project.dataset is not None)
        self.button.setEnabled(self._worker is None)
        self.button.setToolTip(f"{self._worker.title}…" if self._worker else HINT)

    def choose(self) -> None:
        """Ask for a pack, then look at it."""
        start = str(self._settings.last_folder)
        chosen, _ = QFileDialog.getOpenFileName(self._page, "Add corrections", start, f"Corrections (*{ENDING})")
        if chosen:
            self.open(Path(chosen))

    def open(self, pack: Path) -> None:
        """Find out what the pack would add, and ask."""
        dataset = self._project.dataset
        if dataset is None:
            self.said.emit(OPEN_FIRST, "info")
        elif not self._worker:
            work = functools.partial(_look, pack, dataset.root, dataset.classes)
            self._start(f"Looking at {shown(pack.name)}", work, self._show, "read")

    def undo(self) -> None:
        """Take out what was added last."""
        if self._added and not self._worker:
            pack, root = self._added
            self._start("Taking corrections out", functools.partial(_undo, pack, root), self._on_undone)

    def _start(self, title: str, work: Any, then: Any, kind: str = "corrections") -> None:
        self.said.emit("", "info")
        self._worker = self._jobs.start(title, work, kind, at_place=(ThawError,))
        self._worker.returned.connect(functools.partial(self._on_returned, then))
        self._worker.failed.connect(self._on_failed)
        self.offer()

    def _on_returned(self, then: Any, result: Any) -> None:
        self._worker = None
        self.offer()
        then(result)

    def _on_failed(self, error: Exception) -> None:
        self._worker = None
        self.offer()
        if isinstance(error, ThawError):
            self.said.emit(dialogs.in_words(error)[0], "error")

    def _show(self, preview: Preview) -> None:
        if preview.stopped:
            return
        dataset = self._project.dataset
        if dataset is None or dataset.root != preview.root:
            return  # another one was opened meanwhile
        self.dialog = PreviewDialog(preview, self._page.window())
        self.dialog.agreed.connect(functools.partial(self._apply, preview))
        self.dialog.open()

    def _apply(self, preview: Preview, new_classes: bool) -> None:
        work = functools.partial(_apply, preview.pack, preview.root, new_classes)
        self._added = (preview.pack, preview.root)
        self._start(f"Adding {shown(preview.pack.name)}", work, self._on_added)

    def _on_added(self, finished: CorrectionsApplied) -> None:
        told = f"{quantity(finished.added, 'photo')} from your corrections {_were(finished.added)} added."
        told += " It was stopped; the same file adds the rest." if finished.stopped else ""
        self._tell(told, finished.dataset, finished.added > 0)

    def _on_undone(self, finished: CorrectionsUndone) -> None:
        told = f"{quantity(finished.removed, 'photo')} {_were(finished.removed)} taken out again."
        if finished.left:
            left = quantity(finished.left, "photo stays", "photos stay")
            told += f" {left}: changed since, or perhaps the last copy."
        self._tell(told, finished.dataset, finished.stopped)

    def _tell(self, text: str, root: Path, can_undo: bool) -> None:
        """A dataset that was opened meanwhile is not read anew for it."""
        dataset = self._project.dataset
        if dataset is not None and dataset.root.resolve() == root.resolve():
            self.changed.emit(text, can_undo)
        else:
            self.said.emit(text, "info")


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _look(pack: Path, root: Path, classes: tuple[str, ...], control: Control) -> Iterator[Any]:
    """In the job's thread; its value is the Preview."""
    verb = importlib.import_module("engine.prediction.corrections.apply").apply_corrections
    misplaced: list[PhotoMisplaced] = []
    left_out: list[LeftOut] = []
    finished: CorrectionsApplied | None = None
    for event in verb(pack, root, new_classes=True, dry_run=True, control=control):
        match event:
            case PhotoMisplaced():
                misplaced.append(event)
            case LeftOut():
                left_out.append(event)
            case CorrectionsApplied():
                finished = event
            case _:
                yield event
    assert finished
    return Preview(pack, root, finished, classes, tuple(misplaced), tuple(left_out))


def _apply(pack: Path, root: Path, new_classes: bool, control: Control) -> Iterator[Any]:
    verb = importlib.import_module("engine.prediction.corrections.apply").apply_corrections
    return (yield from _last(verb(pack, root, new_classes=new_classes, control=control)))


def _undo(pack: Path, root: Path, control: Control) -> Iterator[Any]:
    verb = importlib.import_module("engine.prediction.corrections.undo").undo_corrections
    return (yield from _last(verb(pack, root, control=control)))


def _last(events: Iterator[Any]) -> Iterator[Any]:
    """Yields events; its value is the last of them."""
    last = None
    for last in events:
        yield last
    return last
