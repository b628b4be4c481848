"""Deleting runs, putting them back, and removing for good what was deleted."""

from __future__ import annotations

import functools
from collections.abc import Generator
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from desktop_app import dialogs, theme
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.labels import in_menu
from desktop_app.worker import Jobs
from engine import runs
from engine.errors import RunError
from engine.events import Event
from engine.runs import DAYS_KEPT, RunSummary, TrashedRun

MEGA = 1e6


class DeletedRuns(BannerPlace):
    """The banner that says what was deleted and undoes it. `menu_button` stands where there is room for it, and lists
    all that can be put back; it hides where there is nothing. Both must stand where they are seen without any run."""

    changed = Signal(object)  # Path of a run that came back, None for one that went

    def __init__(self, jobs: Jobs, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs, self._settings = jobs, settings
        self._asked: set[Path] = set()
        self.menu_button = QToolButton()
        self.menu_button.setToolTip("Put deleted runs back, or remove them for good")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setIcon(theme.icon("chevron-down"))
        self.menu_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.menu_button.setMenu(QMenu(self.menu_button))
        self._fill()

    def has_any(self) -> bool:
        """Whether there is something that can be put back."""
        return not self.menu_button.isHidden()

    def delete(self, summary: RunSummary) -> None:
        """Delete a run; where others came from it, which a job finds out, ask first."""
        if summary.path in self._asked:
            return
        self._asked.add(summary.path)
        title = f"Looking what came from {summary.called}"
        job = self._jobs.start(title, lambda _control: _dependents(summary.path), "read")
        job.returned.connect(functools.partial(self._on_looked, summary))
        job.failed.connect(lambda _error: self._asked.discard(summary.path))

    def _on_looked(self, summary: RunSummary, others: tuple[RunSummary, ...]) -> None:
        try:
            if others and not self._may(summary, others):
                return
            trashed = runs.delete(summary.path)
        except RunError as error:
            dialogs.show_error(self.window(), error)
            return
        finally:
            self._asked.discard(summary.path)
        self.say(f"“{summary.called}” was deleted ({_size(trashed.size_bytes)}).", action="Undo")
        assert self.banner
        self.banner.triggered.connect(functools.partial(self.put_back, trashed))
        self._fill()
        self.changed.emit(None)

    def put_back(self, trashed: TrashedRun) -> None:
        try:
            path = runs.put_back(trashed)
        except RunError as error:
            dialogs.show_error(self.window(), error)
            return
        self.say("")
        self._fill()
        self.changed.emit(path)

    def ask_to_empty(self) -> None:
        """Remove for good all that was deleted, if the person means it."""
        deleted = runs.list_trash(self._settings.runs_folder)
        question = f"Remove {quantity(len(deleted), 'deleted run')} for good?"
        freed = f"This cannot be undone. It frees {_size(sum(trashed.size_bytes for trashed in deleted))}."
        if dialogs.ask(self.window(), question, freed, "Remove for good", "Keep what I deleted"):
            self.empty()

    def empty(self, days: int = 0) -> None:
        """Remove for good what was deleted so many days ago; a job, as many files may take a while."""
        folder = self._settings.runs_folder
        if not any(True for _ in runs.list_trash(folder)):
            return
        job = self._jobs.start("Removing deleted runs", lambda _control: _emptied(folder, days), "read")
        job.returned.connect(functools.partial(self._on_emptied, days))

    def _on_emptied(self, days: int, freed: tuple[int, int]) -> None:
        count, size = freed
        if count:
            ago = f" more than {days} days ago" if days else ""
            gone = f"{quantity(count, 'run')} deleted{ago}" if days else quantity(count, "deleted run")
            self.say(f"{gone} {'is' if count == 1 else 'are'} removed for good: {_size(size)} free.")
        self._fill()

    def _may(self, summary: RunSummary, others: tuple[RunSummary, ...]) -> bool:
        names = ", ".join(f"“{other.called}”" for other in others[:3]) + (" and others" if len(others) > 3 else "")
        open_ones = [other for other in others if other.state != "finished"]
        text = f"{names} came from this run. Finished runs keep what they need of it."
        if open_ones:
            text += f" “{open_ones[0].called}” is not finished, and may not be able to go on without it."
        return dialogs.ask(self.window(), f"Delete “{summary.called}”?", text, "Delete", "Keep it")

    def _fill(self) -> None:
        deleted, menu = runs.list_trash(self._settings.runs_folder), self.menu_button.menu()
        menu.clear()
        for trashed in deleted:
            title = runs.read_about(trashed.path).title or trashed.original.name
            text = f"Put back “{in_menu(title)}” ({_size(trashed.size_bytes)}, deleted {trashed.deleted:%d %b %H:%M})"
            menu.addAction(theme.icon("undo-2"), text).triggered.connect(functools.partial(self._on_chosen, trashed))
        menu.addSeparator()
        size = _size(sum(trashed.size_bytes for trashed in deleted))
        remove = menu.addAction(theme.icon("trash-2"), f"Remove all for good ({size})…")
        remove.triggered.connect(lambda: self.ask_to_empty())
        self.menu_button.setText(f"Deleted runs ({len(deleted)})")
        self.menu_button.setVisible(bool(deleted))

    def _on_chosen(self, trashed: TrashedRun, _checked: bool = False) -> None:
        self.put_back(trashed)

    def sweep(self) -> None:
        """Remove what was deleted long ago."""
        self.empty(DAYS_KEPT)


def _dependents(run_dir: Path) -> Generator[Event, None, tuple[RunSummary, ...]]:
    yield from ()
    return runs.dependents(run_dir)


def _emptied(folder: Path, days: int) -> Generator[Event, None, tuple[int, int]]:
    yield from ()
    return runs.empty_trash(folder, days)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / MEGA:.{1 if size_bytes < 10 * MEGA else 0}f} MB"
