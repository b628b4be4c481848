"""Earlier batches: the banner that offers to go on with one, and the menu that opens or deletes one."""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QPushButton, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.settings import Settings
from desktop_app.widgets.banner import BannerPlace
from desktop_app.widgets.figures import count, quantity
from desktop_app.widgets.prediction.batch import Asked, called
from desktop_app.widgets.prediction.decision import Decision, decision_of
from desktop_app.widgets.prediction.finding import BatchFinder, Earlier, Found, SamePhotos
from desktop_app.widgets.prediction.sorting.deeds import made_from
from desktop_app.widgets.prediction.sorting.words import made_things
from desktop_app.widgets.thumbnails import shown
from engine.errors import ThawError

if TYPE_CHECKING:
    from engine.prediction.ledger.batches import Batch


class EarlierBatches(QWidget):
    """The banner; `menu_button` stands where there is room for it, and hides where there is no earlier batch.

    `begun` carries what is to be classified, and the Decision of the batch that is gone on with, else None; `opened` a
    batch whose answers are to be shown; `let_go` a ledger, and a callback for when no file of it is open any more.
    """

    begun = Signal(object, object)
    opened = Signal(object)
    let_go = Signal(object, object)
    failed = Signal(object)
    undo_wanted = Signal(object, object)
    """A ledger whose files are to be taken away, and a callback for when they all are."""

    def __init__(self, settings: Settings, why_held: Callable[[Path], str], parent: QWidget | None = None) -> None:
        """`why_held` says why a ledger cannot be deleted now; "" where it can."""
        super().__init__(parent)
        self._settings, self._why_held = settings, why_held
        self._sought: SamePhotos | None = None  # what was asked for, until it is known whether there is a batch of it
        self._offered: SamePhotos | None = None  # what was asked for, while the person is asked how
        self._looks = 0
        self._shown: Path | None = None
        self._listed: tuple[Batch, ...] = ()
        self._offers_cut = True
        self.finder = BatchFinder(self)
        self.finder.found.connect(self._on_found)
        self.finder.listed.connect(self._on_listed)
        self.finder.failed.connect(self.failed)
        self.banner = BannerPlace()
        self.otherwise: QPushButton | None = None
        """The quieter button of an offer."""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.banner)
        self.menu_button = QPushButton("Earlier batches")
        self.menu_button.setProperty("kind", "quiet")
        self.menu_button.setToolTip("Open the answers of an earlier batch, or delete them")
        theme.set_icon(self.menu_button, "history", "muted")
        self.menu_button.setMenu(QMenu(self.menu_button))
        self.menu_button.hide()
        self._say("")

    def ask(self, paths: tuple[Path, ...], model: Path) -> None:
        """Classify these: at once, or where there is an earlier batch of them, as the person says."""
        self._offers_cut = False
        self._say("")
        self._sought = SamePhotos(self._settings.batches_folder, paths, model)
        self.finder.look_for(self._sought)

    def withdraw(self) -> tuple[Path, ...]:
        """Forget what was asked for and has not begun; its paths."""
        wish, self._sought = self._sought or self._offered, None
        if self._offered:
            self._say("")
        return wish.paths if wish else ()

    def look(self) -> None:
        """Which batches there are; one that was cut is offered, the first time."""
        self._looks += 1
        self.finder.look_for(Earlier(self._settings.batches_folder, self._looks))

    def show_path(self, path: Path | None) -> None:
        """Which batch is in sight."""
        self._shown = path
        if path is not None:
            self._offers_cut, self._sought = False, None
        self._say("")
        self._fill()

    # --- offering ------------------------------------------------------------------------------------------------

    def _on_found(self, wish: SamePhotos, found: Found) -> None:
        if wish != self._sought:
            return  # something else was asked for, or another model chosen
        self._sought = None
        anew = Asked(wish.model, wish.paths, found.free)
        if found.earlier is None:
            self.begun.emit(anew, None)
            return
        batch = found.earlier
        text = f"Go on with the batch of {_day(batch.course.begun)} ({_photos(batch)})?"
        if batch.course.finished:
            these = "This photo was" if batch.photos == 1 else "These photos were"
            text = (
                f"{these} classified on {_day(batch.course.begun)} ({_photos(batch)}). Going on takes only what is new "
                "or changed, or was not read."
            )
        self._offer(text, batch, "Begin anew").clicked.connect(lambda: self._begin(anew, None))
        self._offered = wish

    def _offer_cut(self, batch: Batch) -> None:
        paths = batch.course.paths
        name = f"“{called(paths)}”" if len(paths) == 1 else called(paths)
        text = f"The batch of {_day(batch.course.begun)}, {name}, was left at {_photos(batch)}."
        self._offer(text, batch, "Not now").clicked.connect(lambda: self._put_aside(batch))

    def _offer(self, text: str, batch: Batch, otherwise: str) -> QPushButton:
        banner = self._say(text, "Go on")
        course = batch.course
        asked = Asked(course.model, course.paths, batch.path, resume=True)
        banner.triggered.connect(lambda: self._begin(asked, decision(batch)))
        self.otherwise = banner.add_action(otherwise)
        return self.otherwise

    def _begin(self, asked: Asked, by: Decision | None) -> None:
        self._say("")
        self.begun.emit(asked, by)

    def _put_aside(self, batch: Batch) -> None:
        self._settings.batch_put_aside = batch.path.name
        self._say("")

    def _say(self, text: str, action: str = "") -> Any:
        self.otherwise = self._offered = None
        banner = self.banner.say(text, "info", action)
        self.setVisible(bool(text))
        return banner

    # --- the menu ------------------------------------------------------------------------------------------------

    def _on_listed(self, batches: tuple[Batch, ...]) -> None:
        self._listed = batches
        self._fill()
        offers, self._offers_cut = self._offers_cut, False
        if offers and batches and batches[0].cut and batches[0].path.name != self._settings.batch_put_aside:
            self._offer_cut(batches[0])

    def _fill(self) -> None:
        menu = self.menu_button.menu()
        menu.clear()
        for batch in self._listed:
            name = shown(batch.path.stem).replace("&", "&&")
            action = menu.addAction(f"{name}  ({_photos(batch)})")
            action.setCheckable(batch.path == self._shown)
            action.setChecked(batch.path == self._shown)
            action.triggered.connect(functools.partial(self._on_chosen, batch))
        here = next((batch for batch in self._listed if batch.path == self._shown and not batch.at_work), None)
        if here is not None:
            menu.addSeparator()
            delete = menu.addAction(theme.icon("trash-2"), "Delete the batch in sight")
            delete.triggered.connect(lambda: self.delete(here.path))
        self.menu_button.setVisible(bool(self._listed))

    def _on_chosen(self, batch: Batch, _checked: bool = False) -> None:
        self.opened.emit(batch)

    # --- deleting ------------------------------------------------------------------------------------------------

    def delete(self, path: Path) -> None:
        """Delete a batch's answers; the banner undoes it. Where files were made that only it can take away, ask."""
        if reason := self._why_held(path):
            self._say(reason)
            return
        made = ""
        with contextlib.suppress(ThawError):  # what cannot be read cannot undo anything either
            made = made_things(made_from(path))
        if not made:
            self._delete_now(path)
            return
        text = f"Only with these answers can {made} be taken away again."
        banner = self._say(text, "Undo, then delete")
        banner.triggered.connect(lambda: self._undo_and_delete(path))
        self.otherwise = banner.add_action("Delete the answers only")
        self.otherwise.clicked.connect(lambda: self._delete_now(path))
        banner.add_action("Keep").clicked.connect(lambda: self._say(""))

    def _undo_and_delete(self, path: Path) -> None:
        self._say("")
        self.undo_wanted.emit(path, functools.partial(self._delete_now, path))

    def _delete_now(self, path: Path) -> None:
        self.let_go.emit(path, functools.partial(self._delete, path))

    def _delete(self, path: Path) -> None:
        try:
            trashed = importlib.import_module("engine.prediction.ledger.batches").delete(path)
        except ThawError as error:
            dialogs.show_error(self.window(), error)
            return
        banner = self._say(f"“{shown(path.stem)}” was deleted. The photos themselves are untouched.", "Undo")
        banner.triggered.connect(functools.partial(self._put_back, trashed))
        self.look()

    def _put_back(self, trashed: Path) -> None:
        try:
            importlib.import_module("engine.prediction.ledger.batches").put_back(trashed)
        except ThawError as error:
            dialogs.show_error(self.window(), error)
            return
        self._say("")
        self.look()

    def close_files(self) -> None:
        self.finder.close()


def decision(batch: Batch) -> Decision:
    """What the answers of a batch were decided by."""
    return decision_of(batch.rules, batch.about.thresholds) if batch.rules else Decision()


def _day(begun: datetime) -> str:
    year = "" if begun.year == datetime.now().year else f" {begun.year}"
    return f"{begun.day} {begun:%b}{year}"


def _photos(batch: Batch) -> str:
    total = batch.course.total
    if total > batch.photos:
        return f"{count(batch.photos)} of {quantity(total, 'photo')}"
    return quantity(batch.photos, "photo")
