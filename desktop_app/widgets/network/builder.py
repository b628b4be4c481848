"""A small builder for teaching: a network from rows, with what each gives in sight, saved as a model of one's own."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QUndoCommand, QUndoStack
from PySide6.QtWidgets import QDialog, QWidget

from desktop_app import dialogs, theme
from desktop_app.widgets.network.edits import (
    Place,
    Rows,
    inserted,
    moved,
    nearest,
    replaced,
    row_at,
    stepped,
    without,
)
from desktop_app.widgets.network.parts import BuilderParts
from desktop_app.widgets.network.words import free_title, reason_in_words
from engine.errors import ThawError
from engine.models.catalog import CATALOG
from engine.models.network.arithmetic import Analysis, analyse
from engine.models.network.files import is_network, models_folder, name_of, own_networks, read_network, save_network
from engine.models.network.presets import PRESETS
from engine.models.network.rows import Network, NetworkRow, Residual, make_row

USUAL_CLASSES = 10


class NetworkBuilderDialog(QDialog):
    """`saved` says the name of the model that was written.

    `path` is an own network to go on with; a file of another kind of model is left alone, and a new network begun.
    `classes` is how many the head is counted for; `taken` are the names of models that are not the person's own.
    """

    saved = Signal(str)

    def __init__(
        self,
        classes: int = USUAL_CLASSES,
        path: Path | None = None,
        taken: Collection[str] = CATALOG.keys(),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Build a network")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._classes, self._taken = classes, frozenset(taken)
        self._path: Path | None = None
        self._place: Place = (0,)
        self.network = PRESETS["small_vgg"]
        self.analysis = analyse(self.network, classes)
        self.undo_stack = QUndoStack(self)
        self.parts = BuilderParts(self, own_networks())
        self._connect()
        if path is None or not is_network(path):
            self.start_from(self.network)
        else:
            self.open_file(path)
        self.resize(theme.wide(1080), theme.wide(700))
        self.parts.table.setFocus()

    # --- what it begins with

    def start_from(self, network: Network, title: str = "", path: Path | None = None) -> None:
        """Another network; what could be undone before is forgotten."""
        self.undo_stack.clear()
        self._path = path
        self.network, self._place = network, (0,)
        self.parts.name.setText(title or free_title(own.title for own in own_networks().values()))
        self._show()

    def open_file(self, path: Path) -> None:
        """Go on with a network of the person's own; saving it under the same name replaces it."""
        try:
            network = read_network(path)
        except ThawError as error:
            self.start_from(PRESETS["small_vgg"])
            dialogs.show_error(self, error)
            return
        self.start_from(network, network.title, path)

    def _on_begin_wanted(self, network: Network, path: Path | None) -> None:
        if self.is_changed() and not dialogs.ask(
            self, "Leave what you have built?", "It has not been saved as a model.", "Leave it", "Stay"
        ):
            return
        self.start_from(network, network.title if path else "", path)

    # --- what the person does

    def add(self, kind: str) -> None:
        """A new row after the chosen one; into the block where that is an empty one."""
        row, place = make_row(kind), self._place
        chosen = row_at(self.network.rows, place)
        if chosen is None:
            place = (len(self.network.rows),)
        elif isinstance(chosen, Residual) and not chosen.rows and not isinstance(row, Residual):
            place = (*place, 0)
        elif isinstance(row, Residual):
            place = (place[0] + 1,)
        else:
            place = (*place[:-1], place[-1] + 1)
        self._change(inserted(self.network.rows, place, row), place, f"adding {row.title.lower()}")

    def duplicate(self) -> None:
        row = row_at(self.network.rows, self._place)
        if row is not None:
            after = (*self._place[:-1], self._place[-1] + 1)
            self._change(inserted(self.network.rows, after, row), after, f"another {row.title.lower()}")

    def remove(self) -> None:
        row = row_at(self.network.rows, self._place)
        if row is not None:
            rows = without(self.network.rows, self._place)
            self._change(rows, nearest(rows, self._place), f"removing {row.title.lower()}")

    def step(self, down: bool) -> None:
        """The chosen row up or down, into and out of blocks."""
        rows, place = stepped(self.network.rows, self._place, down)
        self._change(rows, place, "moving a row")

    def drag(self, source: Place, target: Place) -> None:
        rows, place = moved(self.network.rows, source, target)
        self._change(rows, place, "moving a row")

    def save(self) -> None:
        """Write the network; the dialog is left, and `saved` says its name."""
        network = self.wanted()
        name = name_of(network.title)
        there = models_folder() / f"{name}.toml"
        if (
            there.exists()
            and there != self._path
            and not dialogs.ask(
                self, f"Replace “{network.title}”?", "A model of yours is called so already.", "Replace it", "Keep it"
            )
        ):
            return
        try:
            save_network(network)
        except ThawError as error:
            dialogs.show_error(self, error)
            return
        self.undo_stack.setClean()
        self.saved.emit(name)
        self.accept()

    def is_changed(self) -> bool:
        """Whether there is work that would be lost."""
        return not self.undo_stack.isClean()

    # --- changes that can be undone

    def _change(self, rows: Rows, place: Place, text: str, key: str = "") -> None:
        self._set(text, key, place, rows=rows)

    def _set(self, text: str, key: str, place: Place, **changes: Any) -> None:
        after = self.network.model_copy(update=changes)
        if after != self.network:
            self.undo_stack.push(_Change(self, (self.network, self._place), (after, place), text, key))
        elif place != self._place:
            self._go_to(place)

    def apply(self, network: Network, place: Place) -> None:
        self.network, self._place = network, place
        self._show()

    def _on_row_edited(self, row: NetworkRow, setting: str) -> None:
        rows = replaced(self.network.rows, self._place, row)
        key = f"{self._place} {setting}" if setting != "kind" else ""  # steps of one spin box are undone at once
        self._change(rows, self._place, f"changing {setting}", key)

    # --- what is shown

    def _go_to(self, place: Place) -> None:
        self._place = place
        self.parts.form.show_row(row_at(self.network.rows, place), len(place) > 1)
        self._show_actions()

    def _show(self) -> None:
        self.analysis: Analysis = analyse(self.network, self._classes)
        self.parts.show_network(self.network, self.analysis, self._classes)
        self.parts.table.show_facts(self.analysis.rows, self._classes, self._place)
        self._go_to(self._place)

    def _show_actions(self, _changed: object = None) -> None:
        rows, place = self.network.rows, self._place
        there = row_at(rows, place) is not None
        for name in ("duplicate", "remove"):
            self.parts.actions[name].setEnabled(there)
        for name, down in (("up", False), ("down", True)):
            self.parts.actions[name].setEnabled(there and stepped(rows, place, down)[1] != place)
        self.parts.actions["undo"].setEnabled(self.undo_stack.canUndo())
        self.parts.actions["redo"].setEnabled(self.undo_stack.canRedo())
        self.parts.show_reason(self.reason())

    def reason(self) -> str:
        """Why it cannot be saved now, "" where it can."""
        return reason_in_words(self.wanted(), self.analysis, self._taken)

    def wanted(self) -> Network:
        """The network under the name that stands in the field."""
        title = self.parts.name.text().strip()
        return self.network.model_copy(update={"title": title})

    # --- how it is made

    def _connect(self) -> None:
        parts, actions = self.parts, self.parts.actions
        parts.begin_wanted.connect(self._on_begin_wanted)
        parts.add_wanted.connect(self.add)
        parts.network_edited.connect(lambda key, value: self._set(f"changing {key}", key, self._place, **{key: value}))
        parts.name.textChanged.connect(self._show_actions)
        parts.form.edited.connect(self._on_row_edited)
        parts.table.chosen.connect(self._go_to)
        parts.table.rows.dragged.connect(self.drag)
        parts.table.key_used.connect(lambda name: actions[name].trigger())
        for name, do in {
            "duplicate": self.duplicate,
            "remove": self.remove,
            "up": lambda: self.step(down=False),
            "down": lambda: self.step(down=True),
            "undo": self.undo_stack.undo,
            "redo": self.undo_stack.redo,
        }.items():
            actions[name].triggered.connect(do)
        self.undo_stack.indexChanged.connect(self._show_actions)
        parts.save.clicked.connect(self.save)
        parts.cancel.clicked.connect(self.reject)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter in a number only takes the number; saving closes the window, and is meant where a button or a row is.
        in_field = self.parts.form.isAncestorOf(self.focusWidget()) if self.focusWidget() else False
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and in_field:
            self.parts.table.setFocus()
            return
        super().keyPressEvent(event)

    def reject(self) -> None:
        """Leave; what was built and not saved is asked about once."""
        if self.is_changed() and not dialogs.ask(
            self, "Leave without saving?", "What you have built is lost then.", "Leave", "Stay"
        ):
            return
        super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self.reject()


class _Change(QUndoCommand):
    """From one network to another; changes of the same `key` that follow each other are one."""

    ID = 1

    def __init__(
        self,
        dialog: NetworkBuilderDialog,
        before: tuple[Network, Place],
        after: tuple[Network, Place],
        text: str,
        key: str,
    ) -> None:
        super().__init__(text)
        self._dialog, self._before, self._after, self._key = dialog, before, after, key

    def id(self) -> int:
        return self.ID if self._key else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Change) or other._key != self._key:
            return False
        self._after = other._after
        return True

    def redo(self) -> None:
        self._dialog.apply(*self._after)

    def undo(self) -> None:
        self._dialog.apply(*self._before)
