"""What a correction pack would add to a dataset, before it does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QCheckBox, QPlainTextEdit, QWidget

from desktop_app import theme
from desktop_app.dialogs import Box
from desktop_app.widgets.figures import count, quantity
from desktop_app.widgets.thumbnails import shown
from engine.events import CorrectionsApplied, LeftOut, PhotoMisplaced

MOST_NAMED, MOST_LINES = 12, 8


@dataclass(frozen=True)
class Preview:
    """`would` is a dry run in which new classes are made; `classes` are those of the dataset at `root`."""

    pack: Path
    root: Path
    would: CorrectionsApplied
    classes: tuple[str, ...]
    misplaced: tuple[PhotoMisplaced, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    @property
    def stopped(self) -> bool:
        return self.would.stopped

    def known(self) -> tuple[tuple[str, int], ...]:
        """What classes get that are there."""
        return tuple(row for row in self.would.classes if row[0] in self.classes)

    def new(self) -> tuple[tuple[str, int], ...]:
        """What classes get that are not."""
        return tuple(row for row in self.would.classes if row[0] not in self.classes)


class PreviewDialog(Box):
    """`agreed` carries whether new classes are to be made."""

    agreed = Signal(bool)

    def __init__(self, preview: Preview, parent: QWidget | None = None) -> None:
        super().__init__(parent, "Add corrections", "images", "muted")
        self._preview = preview
        would = preview.would
        self.title = self.add_text("")
        self.title.setFont(theme.group_font())
        self.add_text(f"From {shown(preview.pack.name)} to {shown(preview.root.name)}", "muted")
        if preview.known():
            self.add_text(_named(preview.known()))
        self.new = QCheckBox(f"Make {quantity(len(preview.new()), 'new class', 'new classes')}:")
        self.new.toggled.connect(self._tell)
        self.words.addWidget(self.new)
        if preview.new():
            self.new.setAccessibleDescription(self.add_text(_named(preview.new())).text())
        else:
            self.new.hide()
        if notes := _notes(would):
            self.add_text("\n".join(notes), "muted")
        self._add_details()
        self._add_buttons()
        self._tell()

    def _add_details(self) -> None:
        lines = [
            f"{_below(one.path, self._preview.root)}: “{shown(one.label)}”, but was said to be “{shown(one.said)}”"
            for one in self._preview.misplaced
        ]
        lines += [f"{shown(one.path.name)}: {one.reason}" for one in self._preview.left_out]
        if not lines:
            return
        text = QPlainTextEdit("\n".join(lines))
        text.setReadOnly(True)
        text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.SmallestReadableFont))
        text.setAccessibleName("What is not added")
        line = text.fontMetrics().lineSpacing()
        text.setFixedHeight(min(len(lines), MOST_LINES) * line + 3 * theme.GRID)
        self.words.addWidget(text)

    def _add_buttons(self) -> None:
        self.cancel = self.add_button("Cancel", "quiet")
        self.cancel.clicked.connect(self.reject)
        self.agree = self.add_button("Add", "main")
        self.agree.clicked.connect(self._on_agreed)
        self.agree.setFocus()

    def _tell(self) -> None:
        number = sum(photos for _, photos in self._preview.known())
        number += sum(photos for _, photos in self._preview.new()) if self.new.isChecked() else 0
        self.title.setText(f"Add {quantity(number, 'photo')} to train on?" if number else "There is nothing to add.")
        self.agree.setEnabled(number > 0)
        self.agree.setText(f"Add {quantity(number, 'photo')}" if number else "Add")
        self.agree.setToolTip("" if number else "There is nothing to add.")

    def _on_agreed(self) -> None:
        new_classes = self.new.isChecked()
        self.accept()
        self.agreed.emit(new_classes)


def _notes(would: CorrectionsApplied) -> list[str]:
    """What is not as one would expect, a sentence each."""
    small = would.added - would.originals
    copies = "a small copy: the original is" if small == 1 else "small copies: the originals are"
    notes = (
        (small, f"{quantity(small, 'photo')} as {copies} not on this computer."),
        (would.known, f"{quantity(would.known, 'photo')} in the dataset already."),
        (would.none, f"{quantity(would.none, 'photo')} of none of the classes: left out."),
        (
            would.misplaced,
            f"{quantity(would.misplaced, 'photo')} in the dataset as another class: not moved, see below.",
        ),
        (would.left_out, f"{quantity(would.left_out, 'photo')} that cannot be added, see below."),
    )
    return [text for number, text in notes if number]


def _named(classes: tuple[tuple[str, int], ...]) -> str:
    """“ant 12, bee 3”; the rest of very many as a number."""
    named = [f"{shown(label)} {count(photos)}" for label, photos in classes[:MOST_NAMED]]
    more = len(classes) - MOST_NAMED
    return ", ".join(named) + (f" and {quantity(more, 'more class', 'more classes')}" if more > 0 else "")


def _below(path: Path, root: Path) -> str:
    return shown(path.relative_to(root).as_posix() if path.is_relative_to(root) else path)
