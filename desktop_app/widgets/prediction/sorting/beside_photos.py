"""The dialog that asks how labels are written beside the photos of a batch."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from desktop_app.widgets.choice_cards import Choice, ChoiceCards
from desktop_app.widgets.figures import quantity
from desktop_app.widgets.prediction.sorting import words
from desktop_app.widgets.prediction.sorting.deeds import Made, Outcome, Undo, WriteSidecars
from desktop_app.widgets.prediction.sorting.dialog import DeedDialog
from desktop_app.worker import Jobs
from engine.events import SidecarsFinished

EXPLANATION = (
    "New files come to lie beside your originals: a small XMP file for each photo with a label, which photo programs "
    "read as keywords. No photo is changed, no file is written over, and it can be undone."
)
NAMINGS = (
    Choice("digikam", "photo.jpg.xmp", "digiKam, darktable", "For photos of every format."),
    Choice("lightroom", "photo.xmp", "Lightroom", "Lightroom reads these beside raw photos only."),
)


class SidecarDialog(DeedDialog):
    def __init__(self, jobs: Jobs, ledger: Path, parent: QWidget | None = None) -> None:
        super().__init__(jobs, ledger, "Labels beside the photos", EXPLANATION, parent)
        self.naming = ChoiceCards(NAMINGS)
        self.naming.choose("digikam")
        self.naming.chosen.connect(lambda _name: self.look())
        self.choices.addWidget(self.naming)
        self.look()

    def deed(self) -> WriteSidecars:
        return WriteSidecars(self.naming.choice())

    def undoing(self) -> Undo:
        return Undo("sidecars")

    def said_of_earlier(self, made: Made) -> str:
        return words.there_beside(made)

    def show_plan(self, outcome: Outcome | None) -> int:
        event = outcome.last if outcome else None
        if not isinstance(event, SidecarsFinished):
            self.preview.setText("")
            return 0
        self.preview.setText(words.to_write(event))
        return event.files

    def name_main(self, files: int) -> str:
        return f"Write {quantity(files, 'file')}" if files else "Write"
