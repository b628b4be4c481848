"""What is asked about a run before something is done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPlainTextEdit, QSpinBox, QWidget

from desktop_app import theme
from desktop_app.dialogs import Box
from desktop_app.widgets.figures import duration, quantity
from desktop_app.widgets.labels import muted_label
from engine.runs import About, RunSummary
from engine.runs.about import LONGEST_TITLE

MOST_EPOCHS = 1000


class AboutBox(Box):
    """What the person calls a run and notes about it."""

    told = Signal(object)  # About

    def __init__(self, parent: QWidget | None, summary: RunSummary) -> None:
        super().__init__(parent, "Name and note", "pencil", "muted")
        self.title = QLineEdit(summary.title)
        self.title.setMaxLength(LONGEST_TITLE)
        self.title.setPlaceholderText(summary.name)
        self.title.setAccessibleName("Name")
        self.note = QPlainTextEdit(summary.note)
        self.note.setTabChangesFocus(True)
        self.note.setAccessibleName("Note")
        self.note.setFixedSize(theme.wide(420), theme.wide(120))
        for name, field in (("Name", self.title), ("Note", self.note)):
            self.words.addWidget(muted_label(name))
            self.words.addWidget(field)
        self.add_text(f"The folder stays “{summary.name}”.", "muted")
        self.add_button("Cancel").clicked.connect(self.reject)
        self.save = self.add_button("Save", "main")
        self.save.clicked.connect(self.accept)
        self.accepted.connect(lambda: self.told.emit(About(self.title.text(), self.note.toPlainText())))
        self.title.setFocus()


class ExtendBox(Box):
    """For how many epochs more."""

    told = Signal(int)

    def __init__(self, parent: QWidget | None, summary: RunSummary, seconds_per_epoch: float | None) -> None:
        super().__init__(parent, "Extend the run", "plus", "muted")
        self._summary, self._pace = summary, seconds_per_epoch
        self.add_text(f"How many epochs more than the {summary.epochs_done} of “{summary.called}”?").setFont(
            theme.group_font()
        )
        self.epochs = QSpinBox()
        self.epochs.setRange(1, MOST_EPOCHS)
        self.epochs.setValue(summary.epochs_done)
        self.epochs.setAccessibleName("More epochs")
        self.epochs.setFixedWidth(theme.wide(128))
        theme.pad(self.epochs)
        row = QHBoxLayout()
        row.addWidget(self.epochs)
        self.sum = muted_label()
        row.addWidget(self.sum, 1)
        self.words.addLayout(row)
        self.add_text(
            "A new run goes on with the weights and the optimizer of this one, which stays as it is. The schedule of "
            "the learning rate is laid over all epochs, so the rate is higher again at first where it had fallen.",
            "muted",
        )
        self.add_button("Cancel").clicked.connect(self.reject)
        self.extend = self.add_button("Extend", "main")
        self.extend.clicked.connect(self.accept)
        self.accepted.connect(lambda: self.told.emit(self.epochs.value()))
        self.epochs.valueChanged.connect(self._show_sum)
        self._show_sum()
        self.epochs.setFocus()

    def _show_sum(self) -> None:
        more = self.epochs.value()
        time = "" if self._pace is None else f", about {duration(self._pace * more)}"
        self.sum.setText(f"{quantity(self._summary.epochs_done + more, 'epoch')} in all{time}")
