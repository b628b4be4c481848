"""What is asked about a run before something is done with it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QSpinBox, QWidget

from desktop_app import theme
from desktop_app.dialogs import Box
from desktop_app.widgets.figures import duration, quantity
from desktop_app.widgets.labels import muted_label
from engine.errors import ThawError
from engine.runs import About, RunSummary
from engine.runs.about import LONGEST_TITLE

MOST_EPOCHS = 1000


class Question(Box):
    """Does what was asked for while it is still open: where that fails, it says why and what was typed stays."""

    def __init__(self, parent: QWidget | None, title: str, icon: str, colour: str, act: Callable[[], None]) -> None:
        super().__init__(parent, title, icon, colour)
        self._act = act
        self.refusal = QLabel(wordWrap=True)

    def add_buttons(self, agree: str) -> QPushButton:
        """Cancel and the button that does it, below what was asked."""
        self.refusal.setProperty("role", "error")
        self.refusal.setTextFormat(Qt.TextFormat.PlainText)
        self.refusal.setFixedWidth(theme.wide(420))
        self.words.addWidget(self.refusal)
        self.refusal.hide()
        self.add_button("Cancel").clicked.connect(self.reject)
        button = self.add_button(agree, "main")
        button.clicked.connect(self._on_agreed)
        return button

    def _on_agreed(self) -> None:
        try:
            self._act()
        except ThawError as error:
            self.refusal.setText(f"✗ {error}")
            self.refusal.show()
        else:
            self.accept()


class AboutBox(Question):
    """What the person calls a run and notes about it."""

    def __init__(self, parent: QWidget | None, summary: RunSummary, keep: Callable[[About], None]) -> None:
        super().__init__(parent, "Name and note", "pencil", "muted", lambda: keep(self.about()))
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
        self.save = self.add_buttons("Save")
        self.title.setFocus()

    def about(self) -> About:
        return About(self.title.text(), self.note.toPlainText())


class ExtendBox(Question):
    """For how many epochs more."""

    def __init__(
        self,
        parent: QWidget | None,
        summary: RunSummary,
        seconds_per_epoch: float | None,
        extend: Callable[[int], None],
    ) -> None:
        super().__init__(parent, "Extend the run", "plus", "muted", lambda: extend(self.epochs.value()))
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
        self.extend = self.add_buttons("Extend")
        self.epochs.valueChanged.connect(self._show_sum)
        self._show_sum()
        self.epochs.setFocus()

    def _show_sum(self) -> None:
        more = self.epochs.value()
        time = "" if self._pace is None else f", about {duration(self._pace * more)}"
        self.sum.setText(f"{quantity(self._summary.epochs_done + more, 'epoch')} in all{time}")
