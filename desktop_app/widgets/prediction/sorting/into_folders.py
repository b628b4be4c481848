"""The dialog that asks into which folder the photos of a batch are sorted, and how."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLabel, QPushButton, QWidget

from desktop_app import theme
from desktop_app.widgets.choice_cards import Choice, ChoiceCards
from desktop_app.widgets.figures import count, quantity
from desktop_app.widgets.labels import ElidedLabel
from desktop_app.widgets.plain_table import Column, PlainTable
from desktop_app.widgets.prediction.sorting import words
from desktop_app.widgets.prediction.sorting.deeds import Made, Outcome, Sort, Undo
from desktop_app.widgets.prediction.sorting.dialog import DeedDialog
from desktop_app.widgets.segments import Segments
from desktop_app.widgets.thumbnails import shown
from desktop_app.worker import Jobs
from engine.disk_room import in_words
from engine.events import SortingPlanned
from engine.reachable import is_file, is_folder

if TYPE_CHECKING:
    from engine.prediction.ledger.made_files import Kind

EXPLANATION = (
    "Each photo of this batch is put into a folder of its class. The photos themselves are never moved or changed, and "
    "no file is written over."
)
HOW = (
    Choice(
        "copy",
        "Copies",
        "as much room again",
        "Files of their own with the times of the photos, on any drive: what you do to them changes no photo.",
    ),
    Choice(
        "hardlink",
        "Hard links",
        "no room",
        "The photos under a second name, on the same drive only: what is edited here is the photo itself.",
    ),
    Choice(
        "symlink",
        "Symbolic links",
        "no room",
        "Signposts to the photos, which lead nowhere once the photos are moved or their drive is away.",
    ),
)
TREES = (
    ("tree", "Keep sub-folders", "In each class's folder, the photos lie in the sub-folders in which they lie now"),
    ("flat", "All in one folder", "In each class's folder, the photos lie side by side"),
)
LABEL = "Write its label into each copy"
LABEL_TIP = (
    "A keyword that photo programs read, in copies of JPEG and PNG photos. Picture and EXIF stay as they are, and the "
    "photos themselves are not touched."
)
NO_LABEL_TIP = "Links lead to the photos themselves, which are never changed: choose copies."
MOST_ROWS = 5
Row = tuple[str, int, int]


class SortDialog(DeedDialog):
    def __init__(self, jobs: Jobs, ledger: Path, into: Path, parent: QWidget | None = None) -> None:
        super().__init__(jobs, ledger, "Sort into folders", EXPLANATION, parent)
        self.into = into
        self.folder = ElidedLabel()
        self.choose = QPushButton("Choose…")
        self.choose.setAccessibleName("Choose the folder to sort into")
        self.choose.setAutoDefault(False)
        self.choose.clicked.connect(self._on_choose_clicked)
        self.how = ChoiceCards(HOW)
        self.how.choose("copy")
        self.how.chosen.connect(self._on_how_chosen)
        self.label = QCheckBox(LABEL)
        self.label.setToolTip(LABEL_TIP)
        self.tree = Segments(TREES, "Below the folder of a class")
        self.tree.chosen.connect(lambda _name: self.look())
        self.table = PlainTable("Folders", _columns())
        self.table.hide()
        row = QHBoxLayout(spacing=theme.GRID)
        row.addWidget(QLabel("Into"))
        row.addWidget(self.folder, 1)
        row.addWidget(self.choose)
        self.choices.addLayout(row)
        self.choices.addWidget(self.how)
        trees = QHBoxLayout()
        trees.addWidget(self.tree)
        trees.addStretch(1)
        trees.addWidget(self.label)
        self.choices.addLayout(trees)
        self.details.addWidget(self.table)
        self.set_into(into)

    def set_into(self, into: Path) -> None:
        """Sort into this folder, which need not be there yet."""
        self.into = into
        self.folder.set_whole(shown(into))
        self.look()

    def deed(self) -> Sort:
        labelled = self.label.isEnabled() and self.label.isChecked()
        return Sort(self.into, cast("Kind", self.how.choice()), self.tree.choice() == "flat", labelled)

    def undoing(self) -> Undo:
        return Undo("photos")

    def said_of_earlier(self, made: Made) -> str:
        return words.there(made)

    def show_plan(self, outcome: Outcome | None) -> int:
        event = outcome.last if outcome else None
        if not isinstance(event, SortingPlanned):
            self.preview.setText("")
            self.table.hide()
            return 0
        self.preview.setText(words.planned(event, self.how.choice()))
        self.table.show_rows(event.folders)
        self.table.fit_height(MOST_ROWS)
        self.table.setVisible(bool(event.folders))
        return event.files

    def name_main(self, files: int) -> str:
        return f"Sort {quantity(files, 'photo')}" if files else "Sort"

    def _on_how_chosen(self, how: str) -> None:
        self.label.setEnabled(how == "copy")
        self.label.setToolTip(LABEL_TIP if how == "copy" else NO_LABEL_TIP)
        self.look()

    def _on_choose_clicked(self) -> None:
        start = next((str(step) for step in (self.into, *self.into.parents) if is_folder(step)), "")
        chosen = QFileDialog.getExistingDirectory(self, "Sort into", start)
        if chosen:
            self.set_into(Path(chosen))


def suggested(made: Made) -> Path:
    """Where a batch may be sorted to: where it was sorted last, else beside its folder, or in the
    person's own where nothing can be written there."""
    if made.folders:
        return made.folders[-1]
    first = made.named[0] if made.named else Path.home() / "Photos"
    folder = first.parent if is_file(first) else first
    above = folder.parent if os.access(folder.parent, os.W_OK) and folder.parent != folder else Path.home()
    return above / f"{folder.name or 'Photos'} sorted"


def _columns() -> tuple[Column, ...]:
    def name(row: Row) -> str:
        return shown(row[0])

    return (
        Column("Folder", 200, name),
        Column("Photos", 90, lambda row: count(row[1]), lambda row: row[1], number=True),
        Column("Size", 110, lambda row: in_words(row[2]) if row[2] else "–", lambda row: row[2], number=True),
    )
