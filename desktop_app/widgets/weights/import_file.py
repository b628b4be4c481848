"""A file of a person's own weights: what is in it and which model it fits, told before it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from desktop_app import dialogs, theme
from desktop_app.widgets.elided_box import ElidedBox
from desktop_app.widgets.figures import shape
from desktop_app.widgets.labels import ElidedLabel, Picture, group_label, muted_label
from desktop_app.widgets.plain_table import Column, PlainTable
from desktop_app.worker import Jobs, Worker
from engine import process
from engine.errors import ThawError
from engine.events import StageStarted, WeightsImported
from engine.models.catalog import CATALOG
from engine.models.pretrained.words import findings, headline

DIFFERENCES = (
    Column("Tensor", 300, lambda row: row[0]),
    Column("Difference", 160, lambda row: row[1]),
    Column("In the file", 150, lambda row: row[2], number=True),
    Column("In the model", 150, lambda row: row[3], number=True),
)
LOOK_JOB, TAKE_JOB = "weights-look", "weights-import"
ANY_MODEL = ""


class WeightsImport(QWidget):
    """Looks into one file in a process of its own, and takes it when the person says so."""

    taken = Signal(str, str)
    """The model, and the name that the copy has among its weights."""
    left = Signal()

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._path: Path | None = None
        self._worker: Worker | None = None
        self._report: WeightsImported | None = None
        self._title = group_label("Import weights")
        self._file = ElidedLabel()
        self._sign = Picture("info", 20)
        self._headline = _sentence("", "")
        self._lines = QVBoxLayout()
        self._lines.setSpacing(theme.GRID)
        self.differences = PlainTable("Tensors that differ", DIFFERENCES)
        self._note = muted_label(wrap=True)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName("Working")
        self.models = ElidedBox("Compare with")
        self.back_button = QPushButton("Back")
        self.take_button = QPushButton("Import")
        self._fill_models()
        self._lay_out()
        self.models.activated.connect(self._on_model_chosen)
        self.back_button.clicked.connect(self.leave)
        self.take_button.clicked.connect(self.take)

    @property
    def report(self) -> WeightsImported | None:
        """What the file was found to be, None before that and where it cannot be read."""
        return self._report

    def words(self) -> str:
        """All that is said of the file."""
        lines = [self._lines.itemAt(place).widget() for place in range(self._lines.count())]
        return "\n".join([self._headline.text(), *(line.text() for line in lines if isinstance(line, QLabel))])

    def look(self, path: Path, model: str = ANY_MODEL) -> None:
        """Find out what is in the file: compared with `model`, else with every model there is."""
        if path != self._path:
            self.models.setCurrentIndex(0)
            self.models.setEnabled(False)
        self._path, self._report = path, None
        self._file.set_whole(dialogs.short_path(path))
        self._tell("info", "muted", f"Looking into {path.name}…", ())
        self._start(f"Looking into {path.name}", ["--check", *(["--model", model] if model else [])], LOOK_JOB)

    def take(self) -> None:
        """Keep a copy of the file among the weights of the model it was compared with."""
        if self._report is None or not self._report.fits or self._worker is not None:
            return
        self._start(f"Importing {self._report.file.name}", ["--model", self._report.model], TAKE_JOB)

    def leave(self) -> None:
        """Take nothing. A copy that is being made is waited for: it is a matter of a moment."""
        if self._worker is not None and self._worker.kind == TAKE_JOB:
            return
        self._forget()
        self._path, self._report = None, None
        self.left.emit()

    # --- the child

    def _start(self, title: str, options: list[str], kind: str) -> None:
        self._forget()
        arguments = ["import", str(self._path), *options]
        self._worker = self._jobs.start(
            title, lambda control: process.run("weights", arguments, control), kind, at_place=(ThawError,)
        )
        self._worker.happened.connect(self._on_happened)
        self._worker.failed.connect(self._on_failed)
        self._worker.finished.connect(self._on_ended)
        self._show_state()

    def _forget(self) -> None:
        """What an older look still has to say is of no interest any more."""
        if self._worker is not None:
            self._worker.happened.disconnect(self._on_happened)
            self._worker.failed.disconnect(self._on_failed)
            self._worker.finished.disconnect(self._on_ended)
            self._worker.control.stop()
            self._worker = None

    def _on_happened(self, event: Any) -> None:
        if isinstance(event, StageStarted):
            self._note.setText(event.title + "…")
        elif isinstance(event, WeightsImported) and event.name:
            self.taken.emit(event.model, event.name)
        elif isinstance(event, WeightsImported):
            self._report = event
            if event.model:
                good = ("circle-check", "right") if event.fits else ("circle-x", "wrong")
                self._tell(*good, headline(event), findings(event))
                self.models.setCurrentIndex(self.models.findData(event.model))

    def _on_failed(self, error: Exception) -> None:
        if isinstance(error, ThawError):
            self._tell("circle-x", "wrong", str(error), (self._further(),))

    def _further(self) -> str:
        if self._report is not None:  # it holds weights, though of another network
            return "Choose a model to see how the file differs from it."
        return "The file was not changed, and nothing in it was run."

    def _on_ended(self) -> None:
        self._worker = None
        self._show_state()
        if self.isVisible():
            (self.take_button if self.take_button.isEnabled() else self.back_button).setFocus()

    def _on_model_chosen(self, _index: int) -> None:
        if self._path is not None:
            self.look(self._path, self.models.currentData())

    # --- what is shown

    def _tell(self, icon: str, colour: str, sentence: str, lines: Sequence[str]) -> None:
        self._sign.set_icon(icon, colour)
        self._headline.setText(sentence)
        self._headline.setAccessibleName(sentence)
        while item := self._lines.takeAt(0):
            item.widget().hide()
            item.widget().deleteLater()
        for line in lines:
            self._lines.addWidget(_sentence(line))

    def _show_state(self) -> None:
        busy = self._worker is not None
        report = self._report
        self.bar.setVisible(busy)
        self.models.setEnabled(not busy and report is not None)
        self.back_button.setEnabled(self._worker is None or self._worker.kind != TAKE_JOB)
        self.take_button.setEnabled(not busy and report is not None and report.fits)
        told = not busy and report is not None and report.fits
        self._note.setText("A copy is kept; your file stays as it is." if told else "")
        differences = _differences(report) if report is not None else ()
        self.differences.show_rows(differences)
        self.differences.setVisible(bool(differences))

    def _fill_models(self) -> None:
        self.models.add("every model", ANY_MODEL)
        for spec in CATALOG.values():
            self.models.add(spec.title, spec.name)

    def _lay_out(self) -> None:
        self._file.setProperty("role", "muted")
        self.bar.setRange(0, 0)
        self.take_button.setProperty("kind", "main")
        self.take_button.setDefault(True)
        self.back_button.setAutoDefault(False)
        head = QHBoxLayout()
        head.setSpacing(2 * theme.GRID)
        head.addWidget(self._title)
        head.addWidget(self._file, 1)
        choice = QHBoxLayout()
        choice.setSpacing(theme.GRID)
        choice.addWidget(muted_label("Compare with"))
        choice.addWidget(self.models)
        choice.addStretch()
        foot = QHBoxLayout()
        foot.setSpacing(theme.GRID)
        foot.addWidget(self._note, 1)
        foot.addWidget(self.back_button)
        foot.addWidget(self.take_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * theme.GRID)
        column.addLayout(head)
        column.addLayout(choice)
        column.addWidget(self._card())
        column.addWidget(self.bar)
        column.addWidget(self.differences, 100)
        column.addStretch(1)
        column.addLayout(foot)

    def _card(self) -> QWidget:
        words = QVBoxLayout()
        words.setSpacing(12)
        words.addWidget(self._headline)
        words.addLayout(self._lines)
        card = QFrame()
        card.setProperty("role", "card")
        row = QHBoxLayout(card)
        row.setContentsMargins(2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID, 2 * theme.GRID)
        row.setSpacing(12)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        return card


def _sentence(text: str, role: str = "muted") -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _differences(report: WeightsImported) -> tuple[tuple[str, ...], ...]:
    """A row for each tensor that is not in both in the same shape: its name, what is wrong, both shapes."""
    return (
        *((name, "another shape", shape(theirs), shape(ours)) for name, theirs, ours in report.reshaped),
        *((name, "missing in the file", "–", "") for name in report.missing),
        *((name, "not in the model", "", "–") for name in report.unexpected),
    )
